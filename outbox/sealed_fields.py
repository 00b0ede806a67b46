"""A form field for a secret that is typed in once and never shown again."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _


class SecretField(forms.CharField):
    """Empty means: as it was. The page tells whether there is one, never what it is."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("widget", forms.PasswordInput(attrs={"autocomplete": "new-password", "size": 60}))
        kwargs.setdefault("help_text", _("It is not shown again. Leave it empty to keep the present one."))
        super().__init__(required=False, **kwargs)
