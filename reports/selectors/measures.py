"""What each figure is. One place for every definition (mission.md 9.1); pages, charts, exports, the API and the lists
of tickets behind a figure all read it here, so that they cannot differ.

A measure is a set of rows, the instant by which a row belongs to a span of time, and what is computed of the rows.
Each row belongs to one ticket; by whom, of what and for whom a figure is told follows the ticket as it stands now.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Aggregate, Count, DurationField, Exists, ExpressionWrapper, F, OuterRef, Q, QuerySet
from django.db.models.functions import Coalesce

from feedback.models import Survey
from feedback.selectors import SATISFACTION
from sla.choices import ClockState
from sla.models import Clock
from tickets.choices import MessageKind, Status
from tickets.models import Message, Resolution, Ticket
from tickets.querysets import TicketQuerySet


class Percentile(Aggregate):
    """`Percentile(expression, share=0.5)` is the median; between two values it interpolates. NULL does not count."""

    function = "percentile_cont"
    template = "%(function)s(%(share)s) WITHIN GROUP (ORDER BY %(expressions)s)"
    output_field = DurationField()

    def __init__(self, expression: Any, *, share: float, **extra: Any) -> None:
        super().__init__(expression, share=float(share), **extra)


def _span(end: str, start: str) -> ExpressionWrapper:
    return ExpressionWrapper(F(end) - F(start), output_field=DurationField())


@dataclass(frozen=True)
class Measure:
    """One definition.

    Attributes:
        rows: the rows of some tickets.
        at: the instant that decides in which span a row falls.
        ticket: the path from a row to its ticket, with its separator; empty when the row is the ticket.
        computes: what is computed of the rows, by name; counts are 0 and durations None where there are no rows.
    """

    rows: Callable[[TicketQuerySet], QuerySet]
    at: str
    ticket: str
    computes: dict[str, Aggregate] = field(default_factory=dict)


def _of(model: Any) -> Callable[[TicketQuerySet], QuerySet]:
    return lambda tickets: model.objects.filter(ticket__in=tickets.order_by().values("pk"))


def _verdicts(tickets: TicketQuerySet) -> QuerySet:
    """Promises that were kept or missed. What was replaced by a re-grade or ended with the ticket has no verdict, and
    a promise is missed at the instant of its breach, not when the late answer came."""
    rows = _of(Clock)(tickets).annotate(verdict_at=Coalesce("breached_at", "ended_at"))
    return rows.filter(KEPT | MISSED)


KEPT = Q(state=ClockState.MET)
MISSED = Q(breached_at__isnull=False) & ~Q(state__in=[ClockState.SUPERSEDED, ClockState.CANCELLED])


def _first_resolutions(tickets: TicketQuerySet) -> QuerySet:
    """The first resolution of each ticket, with `talked`: staff had written to the customer before. The solution is a
    public reply itself, so a ticket that was not talked about got exactly one."""
    earlier = Message.objects.filter(
        ticket=OuterRef("ticket"), kind=MessageKind.PUBLIC, created_at__lt=OuterRef("resolved_at")
    )
    return _of(Resolution)(tickets).filter(cycle=1).annotate(talked=Exists(earlier))


def _problems(tickets: TicketQuerySet) -> TicketQuerySet:
    """Without duplicates that were merged: one problem comes once and is resolved once. What was promised, answered or
    said about a duplicate happened all the same, so that no miss goes away by merging."""
    return tickets.filter(merged_into=None)


_WAIT = _span("first_response_at", "created_at")
_WORK = _span("resolved_at", "created_at")
AT_ONCE = Q(ticket__cycle=1, talked=False)
REOPENED = Q(ticket__cycle__gt=F("cycle"))
STANDS = Q(status__in=[Status.RESOLVED, Status.CLOSED])

MEASURES: dict[str, Measure] = {
    # New tickets, and the resolution rate: the share of them that stands resolved now.
    "created": Measure(_problems, "created_at", "", {"count": Count("pk"), "resolved": Count("pk", filter=STANDS)}),
    # Response time (响应时长): from the arrival to the first public reply of a person, day and night, by its instant.
    "answered": Measure(
        lambda tickets: tickets.filter(first_response_at__isnull=False),
        "first_response_at",
        "",
        {"count": Count("pk"), "median": Percentile(_WAIT, share=0.5), "p90": Percentile(_WAIT, share=0.9)},
    ),
    # Resolution time: from the arrival to the resolution that stands, reopenings included.
    "resolved": Measure(
        lambda tickets: _problems(tickets).filter(resolved_at__isnull=False),
        "resolved_at",
        "",
        {"count": Count("pk"), "median": Percentile(_WORK, share=0.5), "p90": Percentile(_WORK, share=0.9)},
    ),
    # Deadline compliance: kept / (kept + missed), every promise counted once, by the instant of its verdict.
    "promises": Measure(
        _verdicts,
        "verdict_at",
        "ticket__",
        {"kept": Count("pk", filter=KEPT), "missed": Count("pk", filter=MISSED)},
    ),
    # First-contact resolution (一次解决率): of the first resolutions, those reached with one reply, that held.
    "first_contact": Measure(
        _first_resolutions,
        "resolved_at",
        "ticket__",
        {"count": Count("pk"), "at_once": Count("pk", filter=AT_ONCE)},
    ),
    # Reopen rate: of the resolutions, those after which the ticket opened again.
    "reopened": Measure(
        _of(Resolution), "resolved_at", "ticket__", {"count": Count("pk"), "reopened": Count("pk", filter=REOPENED)}
    ),
    # Satisfaction: what customers answered by link or call (mission.md 8.1; defined with the survey).
    "satisfaction": Measure(
        lambda tickets: _of(Survey)(tickets).filter(answered_at__isnull=False),
        "answered_at",
        "ticket__",
        dict(SATISFACTION),
    ),
}


@dataclass(frozen=True)
class Behind:
    """The rows behind one number: those of a measure that fulfil a condition."""

    measure: str
    condition: Q = field(default_factory=Q)


#: Numbers that can be opened, by the name that stands in the address.
BEHIND: dict[str, Behind] = {
    "created": Behind("created"),
    "created-open": Behind("created", ~STANDS),
    "answered": Behind("answered"),
    "resolved": Behind("resolved"),
    "promises": Behind("promises"),
    "missed": Behind("promises", MISSED),
    "first-contact": Behind("first_contact", AT_ONCE),
    "not-first-contact": Behind("first_contact", ~Q(ticket__cycle=1) | Q(talked=True)),
    "reopened": Behind("reopened", REOPENED),
    "answers": Behind("satisfaction"),
    "unsolved": Behind("satisfaction", Q(is_solved=False)),
}

#: By what figures are told apart: the ticket's column.
DIMENSIONS = {
    "team": "team",
    "person": "assignee",
    "module": "module",
    "severity": "severity",
    "organization": "organization",
}


def tickets_in(rows: TicketQuerySet, conditions: dict[str, str]) -> TicketQuerySet:
    """``rows`` narrowed by dimension: an id (a letter for the severity), or «none» for those without one."""
    for name, value in conditions.items():
        column = DIMENSIONS[name]
        rows = rows.filter(**({f"{column}__isnull": True} if value == "none" else {column: value}))
    return rows


def all_tickets(user: Any) -> TicketQuerySet:
    """Where every figure begins: tickets that ``user`` sees from the inside."""
    return Ticket.objects.workable_by(user)
