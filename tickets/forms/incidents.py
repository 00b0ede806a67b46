"""What colleagues write about a known incident: in Chinese, and in English for those who read that."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from catalog.models import Module
from outbox.form_errors import add_errors
from tickets.forms.base import lines
from tickets.models import Incident, IncidentNews, Ticket
from tickets.services.incidents import open_incident, tell_news


class NewsForm(forms.Form):
    """How it goes on with an incident."""

    state = forms.ChoiceField(label=_("Where it stands"), choices=Incident.State.choices)
    text = lines(
        _("What customers read"), rows=4, help_text=_("What they notice, what they can do, when they hear more.")
    )
    text_en = lines(
        _("The same in English"), rows=4, required=False, help_text=_("Without it everybody reads Chinese.")
    )

    def send(self, *, incident: Incident, actor: User) -> IncidentNews | None:
        """Tell it; None when something is to be mended first."""
        return _sent(self, lambda: tell_news(incident=incident, actor=actor, **self.cleaned_data))


class IncidentForm(NewsForm):
    """A new incident, with its first news."""

    name = forms.CharField(label=_("Headline"), max_length=120)
    name_en = forms.CharField(label=_("Headline in English"), max_length=120, required=False)
    modules = forms.ModelMultipleChoiceField(
        label=_("Product modules"),
        queryset=Module.objects.select_related("product"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("None: it concerns everything."),
    )
    field_order = ("name", "name_en", "modules", "state", "text", "text_en")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        state: Any = self.fields["state"]
        state.choices = [choice for choice in state.choices if choice[0] != Incident.State.OVER]

    def tell(self, *, actor: User, ticket: Ticket | None) -> Incident | None:
        """Tell it; None when something is to be mended first."""
        return _sent(self, lambda: open_incident(actor=actor, ticket=ticket, **self.cleaned_data))


def _sent(form: forms.Form, service: Any) -> Any:
    if not form.is_valid():
        return None
    try:
        return service()
    except ValidationError as error:
        add_errors(form, error)
        return None
