"""From a target to instants: pure sums over a working calendar, results in UTC."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from sla.choices import Unit
from sla.deadlines import ALWAYS, WorkingCalendar


@dataclass(frozen=True)
class Promise:
    """A target made concrete: ``amount`` of ``unit`` under ``calendar``, with a warning at ``warn_share`` of it."""

    amount: Decimal
    unit: str
    warn_share: Decimal
    calendar: WorkingCalendar = ALWAYS


@dataclass(frozen=True)
class Schedule:
    warn_at: datetime
    due_at: datetime


def plan(promise: Promise, *, start: datetime, carried: timedelta = timedelta(0)) -> Schedule:
    """When a promise that begins to count at ``start`` warns and falls due.

    ``carried`` is counted time taken over from the revision before; when it already exceeds the target, the
    promise is due at ``start``. Days count from the instant at which they would have begun (start − carried).
    """
    if promise.unit == Unit.WORKING_DAYS:
        due = max(promise.calendar.add_working_days(start - carried, int(promise.amount)), start)
        span = promise.calendar.between(start, due)
        warn = promise.calendar.add(start, span * float(promise.warn_share)) if span else due
    else:
        total = timedelta(minutes=float(promise.amount))
        due = _after(promise.calendar, start, total - carried)
        warn = _after(promise.calendar, start, total * float(promise.warn_share) - carried)
    return Schedule(warn_at=min(warn, due), due_at=due)


def shift(calendar: WorkingCalendar, instant: datetime, *, paused_at: datetime, resumed_at: datetime) -> datetime:
    """Where ``instant`` moves when its clock stood still between two instants: the same counted time remains.

    What stood still outside working hours moves nothing: due at an opening stays there, though no working time is left
    on the evening before.
    """
    if instant <= paused_at or not calendar.between(paused_at, resumed_at):
        return instant
    return _after(calendar, resumed_at, calendar.between(paused_at, instant))


def _after(calendar: WorkingCalendar, start: datetime, span: timedelta) -> datetime:
    return calendar.add(start, span) if span > timedelta(0) else start
