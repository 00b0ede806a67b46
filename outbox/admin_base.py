"""What the administration pages of all rooms share: rows that are only looked at, and lists of words one per line."""

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import Model
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _


class ReadOnlyAdmin(admin.ModelAdmin):
    """Rows that services write; here they are looked at, never changed behind the services' back."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


class LinesField(forms.CharField):
    """A list of words or phrases, one on each line; phrases may hold commas, as Chinese ones do."""

    widget = forms.Textarea(attrs={"rows": 8, "cols": 60})

    def __init__(self, *, item_length: int = 80, **kwargs: Any) -> None:
        kwargs.setdefault("help_text", _("One on each line."))
        super().__init__(**kwargs)
        self.item_length = item_length

    def prepare_value(self, value: Any) -> Any:
        return "\n".join(value) if isinstance(value, list) else value

    def to_python(self, value: Any) -> list[str]:  # type: ignore[override]
        lines = [line.strip() for line in (super().to_python(value) or "").splitlines()]
        words = list(dict.fromkeys(line for line in lines if line))
        for word in words:
            if len(word) > self.item_length:
                raise forms.ValidationError(
                    _("“%(word)s…” is longer than %(max)d characters.") % {"word": word[:20], "max": self.item_length}
                )
        return words

    def has_changed(self, initial: Any, data: Any) -> bool:
        return self.to_python(data) != list(initial or [])
