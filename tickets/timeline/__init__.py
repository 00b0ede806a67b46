"""Says the events of a ticket in the reader's language: who did what, when, from what to what.

Events hold codes and facts (`TicketEvent`); `sentences` has the words of every code. A code of another release is
shown as it is.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from tickets.models import TicketEvent
from tickets.timeline.names import Names, names_in
from tickets.timeline.sentences import KINDS, SENTENCES, Sentence

__all__ = ["KINDS", "SENTENCES", "Entry", "entries", "of_kind"]
_OTHER = Sentence("work", "history", lambda data, names: "")


@dataclass(frozen=True)
class Entry:
    """One line of the timeline, as `components/timeline_item.html` shows it."""

    kind: str
    icon: str
    tone: str
    text: str
    detail: str
    at: datetime


def of_kind(events: QuerySet[TicketEvent], kind: str) -> QuerySet[TicketEvent]:
    """Those of ``events`` that are of one of `KINDS`; all of them without one."""
    if not kind:
        return events
    if kind == _OTHER.kind:
        return events.exclude(code__in=[code for code, sentence in SENTENCES.items() if sentence.kind != kind])
    return events.filter(code__in=[code for code, sentence in SENTENCES.items() if sentence.kind == kind])


def entries(events: Iterable[TicketEvent]) -> list[Entry]:
    """The lines of ``events`` in their order."""
    rows = list(events)
    names = names_in(rows)
    return [_entry(row, names) for row in rows]


def _entry(event: TicketEvent, names: Names) -> Entry:
    sentence = SENTENCES.get(event.code) or replace(_OTHER, say=lambda data, names: event.code)
    # A form without sign-in has no actor, but it was a customer who sent it.
    nobody = _("Customer") if event.code == "ticket.created" else _("Automatic")
    who = names.people.get(event.actor_id) if event.actor_id else nobody
    text = _("%(who)s: %(what)s") % {"who": who or _("somebody"), "what": sentence.say(event.data, names)}
    detail = sentence.detail(event.data, names)
    return Entry(sentence.kind, sentence.icon, sentence.tone, text, detail, event.created_at)
