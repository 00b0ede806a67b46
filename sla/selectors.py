"""Reading policies, calendars and clocks."""

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from django.db import connection
from django.db.models import F, FilteredRelation, Q, QuerySet

from sla.choices import ClockState
from sla.deadlines import ALWAYS, EmptyCalendar, WorkingCalendar
from sla.facts import Facts
from sla.models import Calendar, CalendarDay, CalendarVersion, Clock, EscalationStep, Policy, Target
from sla.policies import policy_book
from sla.schedule import Promise

OPEN = (ClockState.RUNNING, ClockState.PAUSED)
#: How far a page counts without being loaded again: over a night, to the end of the next day.
AHEAD = timedelta(hours=36)
#: From this month on the next year is asked for: the State Council announces its holidays in November.
NEXT_YEAR_FROM_MONTH = 12
# What a sweep reads: a ticket is a wide row, and thousands may be due.
_OF_CLOCK = [field.attname for field in Clock._meta.concrete_fields]
_OF_TICKET = [f"ticket__{name}" for name in ("number", "team", "assignee", "cycle_started_at")]


@dataclass(frozen=True)
class MissingYear:
    """A year of which a calendar that keeps holidays has no day."""

    calendar: Calendar
    year: int
    has_begun: bool


@lru_cache(maxsize=64)
def calendar_of(version_id: int | None) -> WorkingCalendar:
    """The calendar of one version; versions never change, so a process may keep them. None is day and night."""
    if version_id is None:
        return ALWAYS
    return WorkingCalendar.from_dict(CalendarVersion.objects.get(pk=version_id).definition)


def match_policy(facts: Facts) -> Policy | None:
    """The first active policy by position whose every condition holds; empty conditions hold always."""
    return policy_book().match(facts)


def promise_of(target: Target, version_id: int | None) -> Promise:
    """A target under one calendar version."""
    return Promise(target.amount, target.unit, target.warn_share, calendar_of(version_id))


def clocks_to_show() -> QuerySet[Clock]:
    """Clocks for chips, the next due first, each with the pause that it stands in (at most one, by constraint)."""
    stands = FilteredRelation("pauses", condition=Q(pauses__ended_at=None))
    rows = Clock.objects.annotate(stands=stands).order_by("due_at", "pk")
    return rows.annotate(stands_since=F("stands__started_at"), stands_because=F("stands__reason"))


def open_clocks(ticket_id: int) -> list[Clock]:
    """The running and paused clocks of a ticket, the next due first."""
    return list(Clock.objects.filter(ticket=ticket_id, state__in=OPEN).order_by("due_at", "pk"))


def remaining(clock: Clock, *, now: datetime) -> timedelta:
    """Counted time left, in the clock's own hours; negative after the due instant, still counting in the same hours."""
    stood = clock.open_pause.started_at if clock.open_pause else clock.ended_at
    return calendar_of(clock.calendar_version_id).remaining(stood or now, clock.due_at)


def hours_ahead(clock: Clock, *, now: datetime) -> list[tuple[datetime, datetime]] | None:
    """The stretches in which the clock counts in the next day and a half; None where it counts day and night."""
    if clock.calendar_version_id is None:
        return None
    calendar, found, moment = calendar_of(clock.calendar_version_id), [], now
    try:
        while (stretch := calendar.next_period(moment))[0] < now + AHEAD:
            found.append(stretch)
            moment = stretch[1]
    except (EmptyCalendar, OverflowError):
        pass  # nothing more to come
    return found


# The smallest instant of each partial index, so that the plan is an index's first row whatever the planner believes;
# «does a row exist with due_at < now» would be a walk through the table when it expects many and there is none.
_WAITS = """
    SELECT (SELECT min(due_at) FROM sla_clock WHERE state = 'running' AND breached_at IS NULL) < %(now)s
        OR (SELECT min(warn_at) FROM sla_clock WHERE state = 'running' AND breached_at IS NULL AND warned_at IS NULL)
            <= %(now)s
"""


def is_anything_due(*, now: datetime) -> bool:
    """Whether a breach or a warning waits to be recorded, for the many ticks that find none: one query, no lock."""
    with connection.cursor() as cursor:
        cursor.execute(_WAITS, {"now": now})
        return bool(cursor.fetchone()[0])


def lock_due(*, now: datetime, limit: int, refused: Collection[int] = ()) -> list[Clock]:
    """Claim clocks whose due instant has passed, with their tickets, skipping what somebody else holds.

    The ticket's row is the lock of all that belongs to it, so it is locked together with the clock: a reply in
    progress keeps the sweep off, and the next tick looks again. ``refused`` are left alone. Of the ticket only what
    a sweep reads is loaded.
    """
    return _lock(Q(due_at__lt=now, breached_at=None), order="due_at", limit=limit, refused=refused)


def lock_warnable(*, now: datetime, limit: int, refused: Collection[int] = ()) -> list[Clock]:
    """Claim clocks that should warn and are not due yet, as `lock_due` does."""
    ahead = Q(warn_at__lte=now, due_at__gte=now, breached_at=None, warned_at=None)
    return _lock(ahead, order="warn_at", limit=limit, refused=refused)


def lock_overdue_of(ticket_id: int, *, now: datetime, inclusive: bool = False) -> list[Clock]:
    """The clocks of one ticket whose due instant has passed unrecorded; the caller holds the ticket's lock.

    ``inclusive`` counts what is due at ``now`` itself: a re-grade that finds the new target used up makes it due now.
    """
    least = now + timedelta(microseconds=1) if inclusive else now
    # Every change of a ticket asks this and nearly always hears no, so the question is put the cheap way first.
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT FROM sla_clock WHERE ticket_id = %s AND state = 'running' AND breached_at IS NULL AND due_at < %s",
            [ticket_id, least],
        )
        if not cursor.rowcount:
            return []
    due = Clock.objects.filter(ticket=ticket_id, state=ClockState.RUNNING, breached_at=None, due_at__lt=least)
    return list(due.select_for_update())


def _lock(condition: Q, *, order: str, limit: int, refused: Collection[int]) -> list[Clock]:
    clocks = Clock.objects.filter(condition, state=ClockState.RUNNING).exclude(pk__in=refused)
    # The ticket first, as every change does it: a clock whose ticket is busy is then not locked in passing, where
    # that change would wait for the sweep.
    claimed = clocks.order_by(order, "pk").select_for_update(skip_locked=True, of=("ticket", "self"))[:limit]
    return list(claimed.select_related("ticket").only(*_OF_CLOCK, *_OF_TICKET))


def ladder() -> dict[tuple[str, int], EscalationStep]:
    """The rungs by (severity, level)."""
    return {(step.severity, step.level): step for step in EscalationStep.objects.all()}


def targets_for(facts: Facts) -> dict[str, Target]:
    """What is promised to a ticket of these facts, by metric; for pages that state it before there is one."""
    policy = match_policy(facts)
    return {target.metric: target for target in policy.targets.all()} if policy else {}


def default_calendar() -> WorkingCalendar:
    """The newest version of the oldest calendar: what «a working day» means where no target names one."""
    version = CalendarVersion.objects.order_by("calendar_id", "-number").values_list("pk", flat=True).first()
    return calendar_of(version)


def missing_years(*, now: datetime) -> list[MissingYear]:
    """This year, and from December on the next, where a calendar with days of other years has none of it."""
    known: dict[int, set[int]] = defaultdict(set)
    for calendar_id, year in CalendarDay.objects.order_by().values_list("calendar_id", "date__year").distinct():
        known[calendar_id].add(year)
    missing = []
    for calendar in Calendar.objects.filter(pk__in=known).order_by("code"):
        today = now.astimezone(ZoneInfo(calendar.zone))
        wanted = [today.year, today.year + 1] if today.month >= NEXT_YEAR_FROM_MONTH else [today.year]
        missing += [
            MissingYear(calendar, year, has_begun=year == today.year)
            for year in wanted
            if year not in known[calendar.pk]
        ]
    return missing
