"""Which holidays go into which calendar."""

from typing import Any, cast

from django import forms
from django.utils.translation import gettext_lazy as _

from sla.holidays_source import countries
from sla.models import Calendar

CHINA = ("CN", _("China, with make-up days"))
_YEARS = (2004, 2100)  # China's first announced year, and beyond what anybody announces


class ImportForm(forms.Form):
    """Asked by address, so that the notice of a missing year can name what it is about."""

    calendar = forms.ModelChoiceField(label=_("Working calendar"), queryset=Calendar.objects.all(), empty_label=None)
    country = forms.ChoiceField(label=_("Country or region"), initial=CHINA[0])
    year = forms.IntegerField(label=_("Year"), min_value=_YEARS[0], max_value=_YEARS[1])
    replace = forms.BooleanField(label=_("Also overwrite days that somebody set otherwise"), required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        others = [(code, f"{name} ({code})") for code, name in countries() if code != CHINA[0]]
        cast(forms.ChoiceField, self.fields["country"]).choices = [CHINA, *others]
