"""The rows of the administrator's words: what holds, saving, going back to the shipped text, and filling in."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import nh3
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.template.loader import get_template
from django.utils import translation
from django.utils.html import linebreaks, urlize
from django.utils.safestring import mark_safe
from django.utils.translation import gettext as _

from outbox.mail_models import Wording
from outbox.wording import catalogue
from outbox.wording.catalogue import Entry
from outbox.wording.language import check, fill

LANGUAGES = ("zh-hans", "en")
MOST = 20_000  # characters of a text
_TAGS = {
    "a", "b", "blockquote", "br", "code", "dd", "div", "dl", "dt", "em", "h1", "h2", "h3", "h4", "hr", "i", "li", "ol",
    "p", "pre", "s", "small", "span", "strong", "table", "tbody", "td", "th", "thead", "tr", "u", "ul",
}  # fmt: skip
_ATTRIBUTES = {"*": {"class", "dir", "style"}, "a": {"href", "title"}, "td": {"colspan"}, "th": {"colspan"}}
_STYLES = {"background-color", "color", "font-style", "font-weight", "text-align", "text-decoration"}


@dataclass(frozen=True)
class Parts:
    """A mail in words; what a kind does not have, or was not written, is None."""

    subject: str | None = None
    text: str | None = None
    html: str | None = None


def changed() -> set[tuple[str, str]]:
    """(kind, language) of everything that has words of its own."""
    return set(Wording.objects.values_list("kind", "language"))


def rows_of(kind: str) -> dict[str, Wording]:
    """The rows of one kind by language."""
    return {row.language: row for row in Wording.objects.filter(kind=kind)}


def written(*, kind: str, context: Mapping[str, Any]) -> Parts:
    """What the administrator wrote for ``kind`` in the active language, filled in; nothing where it is as shipped.

    Words of a variable that a newer version no longer has cannot be filled in: the shipped ones stand then.
    """
    entry = catalogue.get(kind)
    row = Wording.objects.filter(kind=kind, language=translation.get_language() or "").first() if entry else None
    if entry is None or row is None:
        return Parts()
    values = {name: variable.text_of(context) for name, variable in entry.variables.items()}
    try:
        return filled(entry, {"subject": row.subject, "text": row.text, "html": row.html}, values, context)
    except ValidationError:
        return Parts()


def filled(entry: Entry, words: Mapping[str, str], values: Mapping[str, str], context: Mapping[str, Any]) -> Parts:
    """``words`` with ``values`` in them; HTML that was left out is made of the text.

    Raises:
        ValidationError: for words that `clean` would refuse.
    """
    subject = fill(words["subject"], values) if "subject" in entry.parts else None
    if "text" not in entry.parts:
        return Parts(subject)
    text = fill(words["text"], values).strip()
    if words["html"].strip():
        inner = fill(words["html"], {name: entry.variables[name].html_of(value) for name, value in values.items()})
    else:
        inner = linebreaks(urlize(text, autoescape=True))
    return Parts(subject, text, _page(inner, context))


def _page(inner: str, context: Mapping[str, Any]) -> str:
    """In the house's frame, without anything that acts or fetches."""
    cleaned = nh3.clean(
        inner,
        tags=_TAGS,
        attributes=_ATTRIBUTES,
        url_schemes={"http", "https", "mailto", "tel"},
        url_relative="deny",
        link_rel="noopener noreferrer",
        filter_style_properties=_STYLES,
    )
    words = mark_safe(cleaned)  # nosec B308 B703 (cleaned above)
    return get_template("mail/written.html").render({**context, "words": words})


def clean(entry: Entry, words: Mapping[str, str]) -> dict[str, ValidationError]:
    """What is wrong with ``words``, by part; nothing when they may be saved."""
    errors: dict[str, ValidationError] = {}
    for part in entry.parts:
        text = words.get(part, "")
        needed = entry.needed if part == "text" or (part == "html" and text.strip()) else ()
        try:
            if part != "html" and not text.strip():
                raise ValidationError(_("Please write something."), code="required")
            if len(text) > (300 if part == "subject" else MOST):
                raise ValidationError(_("This is too long."), code="max_length")
            check(text, names=entry.variables, needed=needed)
        except ValidationError as error:
            errors[part] = error
    return errors


def save_wording(*, actor: Any, kind: str, language: str, words: Mapping[str, str], now: datetime) -> Wording:
    """Let ``words`` (by part) stand for the shipped ones from now on.

    Raises:
        PermissionDenied: the actor does not set the system up.
        ValidationError: an unknown kind or language, or what `clean` finds, by part.
    """
    entry = _demand(actor, kind, language)
    if errors := clean(entry, words):
        raise ValidationError(dict(errors))
    values = {part: words[part].strip() if part in entry.parts else "" for part in ("subject", "text", "html")}
    if "subject" in entry.parts:
        values["subject"] = " ".join(values["subject"].split())
    with transaction.atomic():
        return Wording.objects.update_or_create(kind=kind, language=language, defaults=values)[0]


def reset_wording(*, actor: Any, kind: str, language: str, now: datetime) -> bool:
    """Go back to the shipped words; whether there were others.

    Raises:
        PermissionDenied: the actor does not set the system up.
        ValidationError: an unknown kind or language.
    """
    _demand(actor, kind, language)
    with transaction.atomic():
        return bool(Wording.objects.filter(kind=kind, language=language).delete()[0])


def _demand(actor: Any, kind: str, language: str) -> Entry:
    if not actor.may("admin.configure"):
        raise PermissionDenied
    entry = catalogue.get(kind)
    if entry is None or language not in LANGUAGES:
        raise ValidationError(_("There is no such mail."), code="kind")
    return entry
