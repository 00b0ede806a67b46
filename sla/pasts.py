"""What is known of the clocks of tickets: the open ones, what others left behind, and how long each has counted."""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db.models import Case, Count, F, IntegerField, Max, Q, When

from sla.choices import ClockState, Unit
from sla.metrics import COUNTED_ON
from sla.models import Clock, ClockPause
from sla.selectors import OPEN, calendar_of

ZERO = timedelta(0)


@dataclass(frozen=True)
class Trace:
    """What the clocks of one metric left behind in one cycle; where cycles are counted on, in all of them.

    Attributes:
        missed_at: when the last of them ended as missed.
    """

    last_cycle: int = 0
    revision: int = 0
    missed_at: datetime | None = None
    verdict: bool = False


@dataclass
class Past:
    """What is known of the clocks of one ticket: the open ones, the next due first, and what others left behind."""

    clocks: list[Clock] = field(default_factory=list)
    pauses: list[ClockPause] = field(default_factory=list)
    traces: dict[tuple[str, int], Trace] = field(default_factory=dict)

    def trace(self, metric: str, cycle: int) -> Trace:
        return self.traces.get((metric, 0 if metric in COUNTED_ON else cycle), Trace())

    def open_pause(self, clock: Clock) -> ClockPause | None:
        return next((row for row in self.pauses if row.clock_id == clock.pk and row.ended_at is None), None)


def pasts_of(ticket_ids: Collection[int]) -> dict[int, Past]:
    """The past of each of these tickets, in three queries."""
    pasts = {pk: Past() for pk in ticket_ids}
    clocks = Clock.objects.filter(ticket__in=pasts)
    for clock in (
        clocks.filter(state__in=OPEN).annotate(kept_calendar=F("calendar_version__calendar")).order_by("due_at", "pk")
    ):
        pasts[clock.ticket_id].clocks.append(clock)
    for pause in ClockPause.objects.filter(clock__ticket__in=pasts).select_related("clock").order_by("pk"):
        pasts[pause.clock.ticket_id].pauses.append(pause)
    # Months of two-hourly updates are one row, not hundreds.
    rounds = Case(When(metric__in=COUNTED_ON, then=0), default=F("cycle"), output_field=IntegerField())
    found = clocks.values("ticket", "metric", round=rounds).annotate(
        last=Max("cycle"),
        newest=Max("revision"),
        missed_at=Max("ended_at", filter=Q(state=ClockState.MISSED)),
        verdicts=Count("pk", filter=~Q(state=ClockState.SUPERSEDED)),
    )
    for row in found:
        trace = Trace(row["last"], row["newest"], row["missed_at"], bool(row["verdicts"]))
        pasts[row["ticket"]].traces[row["metric"], row["round"]] = trace
    return pasts


def elapsed(clock: Clock, past: Past, *, now: datetime) -> timedelta:
    """Time that an open clock counted until now, or until it was paused."""
    paused = past.open_pause(clock)
    return counted(clock, past, until=paused.started_at if paused else now)


def counted(clock: Clock, past: Past, *, until: datetime) -> timedelta:
    """Time counted so far, in the clock's own hours (day and night for targets in days), without its pauses."""
    calendar = calendar_of(clock.calendar_version_id if clock.target_unit == Unit.MINUTES else None)
    total = clock.carried + calendar.between(clock.started_at, max(until, clock.started_at))
    for pause in past.pauses:
        if pause.clock_id == clock.pk and pause.ended_at:
            total -= calendar.between(pause.started_at, pause.ended_at)
    return max(total, ZERO)
