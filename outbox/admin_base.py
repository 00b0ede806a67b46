"""What the administration pages of all rooms share: rows only looked at, rows found by typing, words one per line."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.admin.widgets import AutocompleteSelect
from django.core.exceptions import ValidationError
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


class _ForgivingAutocomplete(AutocompleteSelect):
    """Django's looks its values up as they came; a forged one must reach the form's own error instead."""

    def optgroups(self, name: str, value: Sequence[str], attr: Any = None) -> Any:
        return super().optgroups(name, [each for each in value if self._can_be_a_key(each)], attr)

    def _can_be_a_key(self, value: Any) -> bool:
        if value in self.choices.field.empty_values:
            return True
        try:
            self.field.target_field.to_python(value)
        except ValidationError:
            return False
        return True


class AutocompleteMixin:
    """For every admin and inline with `autocomplete_fields` (a test looks for it)."""

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        own: Any = self
        if db_field.name in own.get_autocomplete_fields(request):
            kwargs.setdefault("widget", _ForgivingAutocomplete(db_field, own.admin_site, using=kwargs.get("using")))
        return super().formfield_for_foreignkey(db_field, request, **kwargs)  # type: ignore[misc]


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
