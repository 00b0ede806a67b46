"""Which mails have words that the administrator may change, and what may stand in them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.template import Context, VariableDoesNotExist
from django.template import Variable as Path
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.functional import Promise
from django.utils.html import escape, linebreaks
from django.utils.translation import gettext_lazy as _

Words = str | Promise

#: In the order in which the editor lists them.
GROUPS: dict[str, Words] = {
    "customers": _("To customers"),
    "staff": _("To colleagues"),
    "account": _("About one's account"),
    "house": _("Of the house"),
}
_FORMATS = {"instant": "SHORT_DATETIME_FORMAT", "date": "SHORT_DATE_FORMAT", "time": "H:i"}


@dataclass(frozen=True)
class Variable:
    """One thing that a text may name.

    Attributes:
        path: where its value stands in the context of the shipped templates, as they would write it.
        label: what it is, for the list beside the editor.
        sample: what the preview shows where the example has none.
        shape: ``line``; ``words`` of several lines; ``instant``, ``date`` or ``time``; ``link``.
        needed: without it the mail is of no use, so a text that leaves it out is refused.
        html: makes HTML of the value; by default it is escaped.
    """

    path: str
    label: Words
    sample: Words = ""
    shape: str = "line"
    needed: bool = False
    html: Callable[[str], str] | None = None

    def text_of(self, context: Mapping[str, Any]) -> str:
        """The value in ``context``, in the active language and zone; empty without one."""
        try:
            found = Path(self.path).resolve(Context(dict(context)))
        except VariableDoesNotExist:
            return ""
        if found is None or found == "":
            return ""
        return self.written(found)

    def written(self, found: Any) -> str:
        """How a value of this shape is written."""
        if self.shape in _FORMATS and isinstance(found, datetime):
            return date_format(timezone.localtime(found), _FORMATS[self.shape])
        return str(found)

    def html_of(self, text: str) -> str:
        """The value as HTML."""
        if self.html is not None:
            return self.html(text)
        return linebreaks(text, autoescape=True) if self.shape == "words" else escape(text)


@dataclass(frozen=True)
class Entry:
    """One kind of mail in the editor."""

    kind: str
    label: Words
    group: str
    variables: Mapping[str, Variable]
    #: ``subject`` alone for the one subject that all mails of a thread share; without it for those mails themselves.
    parts: tuple[str, ...] = ("subject", "text", "html")
    #: Context of a real case that ``user`` may see, newest first; empty where there is none.
    example: Callable[[Any], Mapping[str, Any]] = lambda user: {}
    #: Whether many of this kind may leave as one mail, which keeps the shipped words.
    groups: bool = False

    @property
    def needed(self) -> list[str]:
        return [name for name, variable in self.variables.items() if variable.needed]


_ENTRIES: dict[str, Entry] = {}


def register(entry: Entry) -> None:
    """Make the words of a kind known; called from an app's ``ready()``."""
    _ENTRIES[entry.kind] = entry


def get(kind: str) -> Entry | None:
    """The entry of ``kind``; None when its words cannot be changed."""
    return _ENTRIES.get(kind)


def entries() -> list[Entry]:
    """All of them, by group, then as they were registered."""
    order = list(GROUPS)
    return sorted(_ENTRIES.values(), key=lambda entry: order.index(entry.group))
