"""The next progress update, drafted from what happened since the customer last heard from a person (mission.md 4.4)."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils import translation
from django.utils.translation import gettext as _

from sla.choices import ClockState, MetricCode
from sla.models import Clock
from tickets.choices import Mark, MessageKind, Status
from tickets.models import Ticket, TicketEvent
from tickets.promises import amount_text

_TAKEN = frozenset({"ticket.assigned", "ticket.taken", "ticket.taken_over", "ticket.team"})


@dataclass(frozen=True)
class Draft:
    """A progress update that is due.

    Attributes:
        clock: the clock that waits for it.
        missed: whether the update before it was missed.
        text: what may be sent as it is, in the ticket's language; empty when nothing that may be told has happened.
        marks: what it may claim to be: a report of progress only when a colleague found something out.
    """

    clock: Clock
    missed: bool
    text: str
    marks: tuple[str, ...] = ()


def draft_of(*, ticket: Ticket, clocks: dict[str, list[Clock]], now: datetime) -> Draft | None:
    """The draft, from the moment at which the agent is reminded; None while no update is close.

    ``clocks`` are those of the ticket's page. Only what the customer may know goes in: who works on
    it, that it goes on after a hold, that others help, and notes that are marked as shareable; no reasons, no other
    names.
    """
    clock = next((row for row in clocks["open"] if row.metric == MetricCode.PROGRESS_UPDATE), None)
    if clock is None or clock.state != ClockState.RUNNING:
        return None
    missed = any(
        row.metric == clock.metric and row.state == ClockState.MISSED and row.ended_at == clock.started_at
        for row in clocks["closed"]
    )
    if not missed and now < clock.warn_at:
        return None
    told = ticket.messages.filter(kind=MessageKind.PUBLIC).order_by("-pk").only("created_at").first()
    notes = list(ticket.messages.filter(shareable=True, pk__gt=told.pk if told else 0).order_by("pk"))
    events = ticket.events.filter(created_at__gt=told.created_at if told else ticket.created_at).order_by("pk")
    with translation.override(ticket.language):
        lines = [*_events(ticket, events), *(note.body for note in notes)]
        text = _letter(lines, clock) if lines else ""
    return Draft(clock, missed, text, (Mark.PROGRESS,) if notes else ())


def _events(ticket: Ticket, events: Iterable[TicketEvent]) -> list[str]:
    """What happened in the customer's words, each kind of thing once."""
    rows = list(events)
    codes = {row.code for row in rows}
    lines = []
    if ticket.assignee and codes & _TAKEN:
        lines.append(_("%(person)s works on it now.") % {"person": ticket.assignee.name})
    if "ticket.called_in" in codes:
        lines.append(_("Colleagues from other departments help to solve it."))
    moves: list[dict[str, Any]] = [row.data for row in rows if row.code == "ticket.status"]
    if any(move.get("source") == Status.ON_HOLD and move.get("target") == Status.OPEN for move in moves):
        lines.append(_("What we had to wait for is there, and work goes on."))
    return lines


def _letter(lines: list[str], clock: Clock) -> str:
    every = amount_text(clock.target_amount, clock.target_unit, working_hours=clock.calendar_version_id is not None)
    points = [f"- {line}" if len(lines) > 1 and "\n" not in line else line for line in lines]
    points = ["\n".join(points)] if not any("\n" in line for line in lines) else points
    close = _("You hear from us again within %(time)s, or as soon as there is news.") % {"time": every}
    return "\n\n".join([_("This is how far your ticket is:"), *points, close])
