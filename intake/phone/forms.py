"""What is asked while somebody talks: who it is, what is wrong, how grave it is."""

import re
import secrets
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from accounts.models import User
from catalog.models import Module
from intake.forms import ByProductField
from intake.phone.selectors import digits_of, may_call
from tickets.choices import Impact, Urgency

_KEY = re.compile(r"\A[A-Za-z0-9_-]{16,64}\Z")
_NOT_SAID = [("", gettext_lazy("not said"))]


class CallForm(forms.Form):
    """One call. ``caller`` is somebody known; a stranger has a name, and an address if they tell one."""

    phone = forms.CharField(
        label=gettext_lazy("Number or name of the caller"),
        max_length=100,
        widget=forms.TextInput(attrs={"autocomplete": "off", "autofocus": True}),
        error_messages={"required": gettext_lazy("Who is calling? The number is enough.")},
    )
    caller = forms.ModelChoiceField(queryset=User.objects.none(), required=False, widget=forms.HiddenInput)
    name = forms.CharField(label=gettext_lazy("Name"), max_length=120, required=False)
    email = forms.EmailField(label=gettext_lazy("E-mail, if they tell one"), max_length=254, required=False)
    subject = forms.CharField(
        label=gettext_lazy("What is wrong, in one sentence"),
        max_length=200,
        error_messages={"required": pgettext_lazy("call", "Please say in one sentence what is wrong.")},
    )
    description = forms.CharField(
        label=gettext_lazy("What they say"),
        max_length=50_000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 5, "data-send": True}),
    )
    impact = forms.ChoiceField(
        label=gettext_lazy("Scope of impact"), choices=[*_NOT_SAID, *Impact.choices], required=False
    )
    urgency = forms.ChoiceField(label=gettext_lazy("Urgency"), choices=[*_NOT_SAID, *Urgency.choices], required=False)
    module = ByProductField(
        label=gettext_lazy("Product module"),
        queryset=Module.objects.select_related("product"),
        to_field_name="code",
        required=False,
        empty_label=gettext_lazy("not said"),
    )
    submission_key = forms.CharField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user = user
        caller: Any = self.fields["caller"]
        caller.queryset = may_call(user=user)

    @classmethod
    def empty(cls, *, user: User, phone: str) -> "CallForm":
        """A fresh one with its own key, so that sending it twice makes one ticket."""
        return cls(user=user, initial={"phone": phone[:100], "submission_key": secrets.token_urlsafe(24)})

    def clean_submission_key(self) -> str:
        key = self.cleaned_data["submission_key"]
        return key if _KEY.match(key) else secrets.token_urlsafe(24)

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if "phone" not in data or data.get("caller") or self.errors.get("caller"):
            return data
        has_number = bool(digits_of(data["phone"]))
        if not (data.get("email") or has_number):
            self.add_error("phone", _("Choose somebody, or give a number or an e-mail."))
        elif not data.get("name") and has_number:
            self.add_error("name", _("What is their name?"))
        return data
