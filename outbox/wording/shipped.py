"""The shipped words of a kind in the language of the editor: the house's own templates, with variables left open."""

import re
from datetime import UTC, datetime
from typing import Any

from django.conf import settings
from django.template.context import make_context
from django.template.loader import get_template
from django.utils import timezone, translation

from outbox import registry
from outbox.wording.catalogue import Entry, Variable

#: Where `mail/base.html` puts the words of a mail.
_SHEET = re.compile(r'<div class="sheet">\s*(.*?)\s*</div>\s*<div class="foot">', re.DOTALL)
_EMPTY_LINES = re.compile(r"\n\s*\n\s*\n+")
_Parts = dict[str, str]


def shipped(entry: Entry, language: str) -> _Parts:
    """Subject, text and HTML as they are without a row, as far as ``entry`` has these parts."""
    instants = {name: _instant(number) for number, name in enumerate(entry.variables)}
    with translation.override(language), timezone.override(UTC):
        context = _open(entry, instants)
        parts = {part: _render(entry.kind, part, context) for part in entry.parts}
        for name, variable in entry.variables.items():
            if variable.shape in ("instant", "date", "time"):
                written = variable.written(instants[name])
                parts = {part: text.replace(written, _placeholder(name)) for part, text in parts.items()}
    return parts


def _render(kind: str, part: str, context: dict[str, Any]) -> str:
    folder = registry.template_folder(kind)
    if part == "html":
        page = get_template(f"{folder}/html.html").render(context)
        found = _SHEET.search(page)
        return _EMPTY_LINES.sub("\n\n", found[1] if found else page).strip()
    template: Any = get_template(f"{folder}/{part}.txt")
    text = template.template.render(make_context(context, autoescape=False))
    return _EMPTY_LINES.sub("\n\n", text).strip()


def _open(entry: Entry, instants: dict[str, datetime]) -> dict[str, Any]:
    """A context in which every variable says its own name."""
    context: dict[str, Any] = {"site_url": settings.SITE_URL, "kind": entry.kind, "count": 1}
    for name, variable in entry.variables.items():
        _put(context, variable, instants[name] if variable.shape in ("instant", "date", "time") else _placeholder(name))
    return {**context, "items": [context]}


def _put(context: dict[str, Any], variable: Variable, value: object) -> None:
    *way, last = variable.path.split(".")
    place = context
    for step in way:
        place = place.setdefault(step, {})
    place.setdefault(last, value)


def _placeholder(name: str) -> str:
    return f"{{{{ {name} }}}}"


def _instant(number: int) -> datetime:
    """A day far away and one minute for each, so that it is found again however it was written."""
    return datetime(2087, 1 + number % 12, 1 + number % 28, number % 24, 31 + number % 29, tzinfo=UTC)
