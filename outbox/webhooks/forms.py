"""One endpoint."""

from datetime import datetime
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from outbox.models import WebhookEndpoint
from outbox.webhooks import catalogue
from outbox.webhooks.services import save_endpoint


class WebhookForm(forms.ModelForm):
    """What the administrator says of an endpoint; the secret is made, never typed."""

    hears = forms.MultipleChoiceField(label=_("Events"), widget=forms.CheckboxSelectMultiple)

    class Meta:
        model = WebhookEndpoint
        fields = ["name", "url", "team", "hears", "is_active"]
        help_texts = {"url": _("It gets a POST for each event. Addresses inside the house's own network are refused.")}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        named = [(event, format_lazy("{} ({})", label, event)) for event, label in catalogue.events().items()]
        self.fields["hears"].choices = named  # type: ignore[attr-defined]
        self.fields["team"].empty_label = _("tickets of all teams")  # type: ignore[attr-defined]
        if self.instance.pk is None:
            del self.fields["is_active"]  # whoever sets one up wants it to run

    def write(self, *, actor: Any, now: datetime) -> tuple[WebhookEndpoint, str] | None:
        """Save it; with the secret of a new one. None when something is to be mended."""
        if not self.is_valid():
            return None
        said = self.cleaned_data
        endpoint = WebhookEndpoint.objects.get(pk=self.instance.pk) if self.instance.pk else None
        try:
            return save_endpoint(
                actor=actor,
                endpoint=endpoint,
                name=said["name"],
                url=said["url"],
                hears=said["hears"],
                team_id=said["team"].pk if said["team"] else None,
                is_active=said.get("is_active", True),
                now=now,
            )
        except ValidationError as error:
            self.add_error(None, error)
            return None
