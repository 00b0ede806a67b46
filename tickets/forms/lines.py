"""What is looked for in a text file."""

from django import forms
from django.utils.translation import gettext_lazy as _

from tickets.log_lines import Wish


class LinesForm(forms.Form):
    """Sent by GET; whatever cannot be meant is left out."""

    q = forms.CharField(
        label=_("Search in the file"),
        max_length=200,
        required=False,
        strip=False,
        widget=forms.TextInput(attrs={"type": "search", "autocomplete": "off"}),
    )
    line = forms.IntegerField(label=_("Line"), min_value=1, max_value=10**9, required=False)
    errors_only = forms.BooleanField(label=_("Only errors"), required=False)

    def wish(self) -> Wish:
        self.full_clean()
        data = self.cleaned_data
        return Wish(at=data.get("line") or 0, sought=data.get("q") or "", only_errors=data.get("errors_only", False))
