"""How words look in a real case, before anybody gets them. Nothing is minted for it: links are samples."""

from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.utils import timezone, translation

from outbox.quiet import zone_of
from outbox.wording.catalogue import Entry, Variable
from outbox.wording.rows import Parts, filled


def preview(entry: Entry, language: str, words: Mapping[str, str], *, user: Any) -> Parts:
    """``words`` (by part, as `outbox.wording.rows.clean` allows them) in a case that ``user`` may see."""
    with translation.override(language), timezone.override(zone_of(user)):
        context = {"site_url": settings.SITE_URL, "kind": entry.kind, **entry.example(user)}
        values = {name: _value(variable, context) for name, variable in entry.variables.items()}
        given = {part: words.get(part, "") for part in ("subject", "text", "html")}
        return filled(entry, given, values, context)


def _value(variable: Variable, context: Mapping[str, Any]) -> str:
    if variable.shape == "link":
        return f"{settings.SITE_URL}/…"
    return variable.text_of(context) or str(variable.sample)
