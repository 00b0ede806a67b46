"""The drawing of a mapping, beside a sample that shows what it makes."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from intake.alerts.mapping import TARGETS
from intake.alerts.receiving import MOST_BYTES


class MappingForm(forms.Form):
    """A sample, and for sources of a format of their own a path for each target."""

    sample = forms.CharField(
        label=_("Sample"),
        help_text=_("A message as your monitoring sends it. Nothing is kept, no ticket is made."),
        max_length=MOST_BYTES,
        required=False,
        widget=forms.Textarea(attrs={"rows": 16, "spellcheck": "false", "class": "textarea mono small"}),
    )

    def __init__(self, *args: Any, draws: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if draws:
            for target in TARGETS:
                self.fields[target.name] = forms.CharField(
                    label=str(target.label),
                    help_text=str(target.help),
                    max_length=400,
                    required=False,
                    widget=forms.TextInput(attrs={"spellcheck": "false", "autocapitalize": "off"}),
                )

    @property
    def mapping(self) -> dict[str, str]:
        """What was drawn, without what was left empty."""
        data = self.cleaned_data
        return {target.name: data[target.name] for target in TARGETS if data.get(target.name)}

    @property
    def targets(self) -> list[forms.BoundField]:
        return [self[target.name] for target in TARGETS if target.name in self.fields]
