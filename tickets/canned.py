"""The variables of canned answers: a whitelist, filled in by plain substitution, and how an untouched answer is known.

People's words never reach a template engine: what stands between two braces is one of `VARIABLES`, or is refused
when the answer is saved.
"""

import re
from collections.abc import Iterable

from django.core.exceptions import ValidationError
from django.utils import timezone, translation
from django.utils.formats import date_format
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from outbox.quiet import zone_of
from tickets.models import CannedAnswer, Ticket

#: Variable → what it stands for.
VARIABLES = {
    "customer": _("name of the customer"),
    "number": _("number of the ticket"),
    "agent": _("your name"),
    "organization": _("organization of the customer"),
    "product_version": _("product version"),
    "due": _("when the customer hears from us at the latest"),
}
_VARIABLE = re.compile(r"\{\{\s*(\w*)\s*\}\}")
_BRACES = re.compile(r"\{\{|\}\}|\{%|%\}")
#: The promise that is next may be another one by the time the answer is sent.
_CHANGES = "due"
_LONGEST_INSTANT = 60  # characters


def check_text(text: str) -> None:
    """Refuse what could not be filled in.

    Raises:
        ValidationError: when a variable is unknown, or braces are left over.
    """
    for name in _VARIABLE.findall(text):
        if name not in VARIABLES:
            known = ", ".join(VARIABLES)
            params = {"name": name, "known": known}
            raise ValidationError(_("“%(name)s” is no variable. There are: %(known)s."), code="variable", params=params)
    if _BRACES.search(_VARIABLE.sub("", text)):
        raise ValidationError(_("Two braces stand around a variable, as in {{ customer }}."), code="braces")


def fill(answer: CannedAnswer, *, ticket: Ticket, agent: User) -> str:
    """The text of ``answer`` for this customer: in their language if there is one, its variables filled in."""
    values = _values(ticket, agent) | {_CHANGES: _due(ticket)}
    return _VARIABLE.sub(lambda found: values.get(found[1], ""), answer.text_in(ticket.language))


def is_untouched(body: str, *, answers: Iterable[CannedAnswer], ticket: Ticket, agent: User) -> bool:
    """Whether ``body`` is one of ``answers`` as it was inserted; space between its words does not count."""
    said, values = _squeeze(body), _values(ticket, agent)
    texts = (text for answer in answers for text in (answer.text_zh, answer.text_en) if text)
    return any(_is_made_of(said, _pieces(text, values)) for text in texts)


def _values(ticket: Ticket, agent: User) -> dict[str, str]:
    return {
        "customer": ticket.requester.name,
        "number": ticket.number,
        "agent": agent.name,
        "organization": str(ticket.organization or ""),
        "product_version": ticket.version.name if ticket.version else "",
    }


def _due(ticket: Ticket) -> str:
    """The next promise, on the customer's clock and in the language of the ticket."""
    with translation.override(ticket.language):
        if ticket.next_due_at is None:
            return str(_("as soon as there is news"))
        return date_format(timezone.localtime(ticket.next_due_at, zone_of(ticket.requester)), "SHORT_DATETIME_FORMAT")


def _squeeze(text: str) -> str:
    return " ".join(text.split())


def _pieces(text: str, values: dict[str, str]) -> list[str]:
    """The filled-in text, cut where a value stands that may have changed since."""
    filled = _VARIABLE.sub(lambda found: "\x00" if found[1] == _CHANGES else values.get(found[1], ""), text)
    return [_squeeze(piece) for piece in filled.split("\x00")]


def _is_made_of(said: str, pieces: list[str]) -> bool:
    """Whether ``said`` is ``pieces`` in their order, with no more than an instant between two. One pass, no pattern."""
    if len(pieces) == 1:
        return said == pieces[0]
    if not (said.startswith(pieces[0]) and said.endswith(pieces[-1])):
        return False
    at, end = len(pieces[0]), len(said) - len(pieces[-1])
    for piece in [*pieces[1:-1], None]:
        found = end if piece is None else said.find(piece, at, end)
        if not 0 <= found - at <= _LONGEST_INSTANT:
            return False
        at = found + len(piece or "")
    return True
