"""Putting the present ticket aside and going on."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from tickets.forms.base import ActionForm, lines
from tickets.models import PutAside
from tickets.services import play


class PutAsideForm(ActionForm):
    """Why this one is not done now; the reason stands in the ticket's history."""

    action = "put_aside"
    title = _("Put this ticket aside")
    explanation = _("It comes back to you in an hour, or sooner when a deadline is missed or the customer writes.")
    button = _("Put aside, next")
    icon = "arrow-right"

    reason = forms.ChoiceField(
        label=_("Why?"),
        choices=[(one.value, one.label) for one in PutAside.Reason if one != PutAside.Reason.WENT_ON],
        widget=forms.RadioSelect,
    )
    words = lines(_("In a few words"), rows=2, required=False, help_text=_("Becomes an internal note."))

    def perform(self) -> Any:
        return play.put_aside(ticket=self.ticket, actor=self.user, **self.cleaned_data)
