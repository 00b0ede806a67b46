"""What people fill in about a mail."""

from django import forms
from django.utils.translation import gettext_lazy as _


class DiscardForm(forms.Form):
    """Why a mail is set aside."""

    words = forms.CharField(label=_("Reason"), max_length=500, widget=forms.TextInput)


class ApproveForm(forms.Form):
    """Whether the sender's further mails come in without asking."""

    takes_part = forms.BooleanField(label=_("Let this person's further mails in without asking"), required=False)
