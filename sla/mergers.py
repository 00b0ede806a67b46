"""What a merge, and taking it back, make of the open clocks: decided here, written by `sla.services.clocks`.

Nothing here writes.
"""

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta

from sla import schedule
from sla.choices import ClockState, Unit
from sla.deadlines import Pause
from sla.facts import Facts
from sla.metrics import METRICS, Deed, family_of
from sla.models import Clock
from sla.pasts import Past, counted, elapsed
from sla.regrading import Step
from sla.selectors import calendar_of

#: The families of which the longer waiting counts when a duplicate is merged; responses are given in that instant.
CARRIED_OVER = frozenset({"milestone", "resolution"})
#: What a clock hands to the one that keeps the same promise after it.
KEPT = (
    *("ticket_id", "metric", "subject", "severity", "policy_id"),
    *("calendar_version_id", "target_amount", "target_unit", "warn_share"),
)


def carry_over(*, past: Past, waited: Past, now: datetime) -> list[Step]:
    """How the open milestones of a ticket change when a duplicate that has ``waited`` is merged into it.

    Each goes on under the same promise with the larger of both elapsed times; what is past due by that is due at
    once. Counted time is carried as in a re-grade: in the hours in which it was counted. What the duplicate missed is
    on record there: for one problem one promise is missed once.
    """
    steps = []
    for clock in past.clocks:
        family = family_of(clock.metric)
        twin = next((row for row in waited.clocks if family_of(row.metric) == family), None)
        if twin is None or family not in CARRIED_OVER or clock.breached_at or twin.breached_at:
            continue
        carried = elapsed(twin, waited, now=now)
        if carried > elapsed(clock, past, now=now):
            steps.append(_prolong(clock, past, carried=carried, now=now))
    return steps


def revive(
    *,
    past: Past,
    ended: Collection[Clock],
    facts: Facts,
    deeds: Collection[Deed],
    stood: Mapping[str, list[Pause]],
    now: datetime,
) -> list[Step]:
    """How promises go on that ``ended`` with a merge which is undone: with what they had counted and what passed since.

    ``deeds`` were done meanwhile on the ticket that went on: what one of them keeps was kept. ``stood`` are stretches,
    by reason, in which the customer was waited for. A miss goes on as a miss, due when it was.
    """
    steps = []
    for clock in ended:
        metric = METRICS[clock.metric]
        if metric.repeats or any(metric.met_by(deed) for deed in deeds):
            continue
        calendar = calendar_of(clock.calendar_version_id if clock.target_unit == Unit.MINUTES else None)
        until = clock.ended_at or now
        paused = facts.status if facts.status in metric.pauses_in else ""
        carried = counted(clock, past, until=until)
        if not paused:
            waits = [pause for reason in metric.pauses_in for pause in stood.get(reason, [])]
            carried += calendar.between(until, now, pauses=waits)
        new = _prolong(clock, past, carried=carried, now=now).new
        if new and clock.breached_at:
            kept = ("due_at", "warn_at", "warned_at", "breached_at")
            new.__dict__.update({name: getattr(clock, name) for name in kept})
        steps.append(Step(clock, new, ClockState.SUPERSEDED, paused))
    return steps


def _prolong(clock: Clock, past: Past, *, carried: timedelta, now: datetime) -> Step:
    """The next revision of ``clock`` under the promise that it has, with another elapsed time."""
    paused = past.open_pause(clock)
    calendar = calendar_of(clock.calendar_version_id)
    promise = schedule.Promise(clock.target_amount, clock.target_unit, clock.warn_share, calendar)
    planned = schedule.plan(promise, start=now, carried=carried)
    new = Clock(
        **{name: getattr(clock, name) for name in KEPT},
        cycle=clock.cycle,
        revision=clock.revision + 1,
        carried=carried,
        started_at=now,
        due_at=planned.due_at,
        warn_at=planned.warn_at,
    )
    return Step(clock, new, ClockState.SUPERSEDED, paused.reason if paused else "")
