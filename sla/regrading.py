"""What the present policies make of the open clocks of tickets: decided here, written by `sla.services.clocks`.

Nothing here writes. What the administrator is shown before policies are applied (`tickets.selectors.policies`) and what
a re-grade does are one decision, made of rows that are read for one ticket or for thousands in the same three queries.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sla import schedule
from sla.choices import ClockState, MetricCode, Unit
from sla.facts import Facts
from sla.metrics import METRICS, WAITING, Start, family_of
from sla.models import Clock, Target
from sla.pasts import ZERO, Past, elapsed
from sla.policies import PolicyBook
from sla.selectors import calendar_of, promise_of


@dataclass(frozen=True)
class Step:
    """One open clock that ends, one that begins, or one that takes the place of another.

    Attributes:
        verdict: the state in which ``old`` ends.
        pause: why ``new`` stands still from its first instant, empty when it runs.
        was_due_at: when ``old`` would be due if it ran on from now.
    """

    old: Clock | None
    new: Clock | None
    verdict: str = ""
    pause: str = ""
    was_due_at: datetime | None = None

    def is_overdue(self, now: datetime) -> bool:
        """Whether the new promise is broken the moment it is given."""
        new = self.new
        return new is not None and not self.pause and new.breached_at is None and new.due_at <= now


def plan(*, facts: Facts, book: PolicyBook, past: Past, now: datetime) -> list[Step]:
    """How the open clocks change under the policy that matches now; nothing when each keeps its promise.

    Elapsed time is carried to the new target; closed clocks keep their verdict; a family with a verdict in this
    cycle is not opened again; what is past due under the new target is due at once.
    """
    policy = book.match(facts)
    targets = {family_of(target.metric): target for target in policy.targets.all()} if policy else {}
    steps = []
    for clock in past.clocks:
        target = targets.pop(family_of(clock.metric), None)
        if target and _same_promise(clock, facts, target):
            continue
        if target and target.metric != clock.metric and past.trace(target.metric, facts.cycle).missed_at:
            target = None  # S → A → S: its miss is on record, one promise is missed once
        steps.append(_replace(clock, target, facts=facts, book=book, past=past, now=now))
    owed = [target for target in targets.values() if is_owed(facts, past, target)]
    for target in owed:
        pause = facts.status if facts.status in METRICS[target.metric].pauses_in else ""
        steps.append(Step(None, begin(target, facts=facts, book=book, past=past, now=now), pause=pause))
    return steps


def new_clock(
    facts: Facts,
    target: Target,
    *,
    book: PolicyBook,
    now: datetime,
    cycle: int,
    revision: int = 1,
    carried: timedelta = ZERO,
) -> Clock:
    """A clock of ``target`` that begins to count now; not saved."""
    version_id = _version(target, book)
    planned = schedule.plan(promise_of(target, version_id), start=now, carried=carried)
    return Clock(
        ticket_id=facts.ticket_id,
        metric=target.metric,
        cycle=cycle,
        revision=revision,
        severity=facts.severity,
        policy_id=target.policy_id,
        calendar_version_id=version_id,
        target_amount=target.amount,
        target_unit=target.unit,
        warn_share=target.warn_share,
        carried=carried,
        started_at=now,
        due_at=planned.due_at,
        warn_at=planned.warn_at,
    )


def _version(target: Target, book: PolicyBook) -> int | None:
    """The newest version of the calendar of ``target``, None for day and night."""
    return None if target.calendar_id is None else book.newest[target.calendar_id]


def _same_promise(clock: Clock, facts: Facts, target: Target) -> bool:
    """Whether the clock holds what the target says. A newer version of the same calendar is no other promise."""
    return (
        clock.severity,
        clock.policy_id,
        clock.metric,
        clock.target_amount,
        clock.target_unit,
        clock.warn_share,
        clock.kept_calendar,  # type: ignore[attr-defined]  # annotated by `pasts_of`
    ) == (
        facts.severity,
        target.policy_id,
        target.metric,
        target.amount,
        target.unit,
        target.warn_share,
        target.calendar_id,
    )


def is_owed(facts: Facts, past: Past, target: Target) -> bool:
    """Whether a target without an open clock is still to be kept."""
    metric = METRICS[target.metric]
    if facts.is_resolved or metric.starts_with == Start.RESOLUTION:
        return False  # what a resolution promises is promised at its instant or not at all
    if metric.repeats:
        return facts.status not in WAITING  # else it comes back with the work (`follow_status`)
    if metric.starts_with == Start.MESSAGE:
        return _keeps_waiting(facts, past, target)
    family = [code for code in METRICS if family_of(code) == metric.family]
    return not any(past.trace(code, facts.cycle).verdict for code in family)


def _keeps_waiting(facts: Facts, past: Past, target: Target) -> bool:
    """Whether a message waits for an answer that no clock counts or has counted, after the first response."""
    if facts.waiting_since is None or {target.metric, MetricCode.FIRST_RESPONSE} & {row.metric for row in past.clocks}:
        return False
    missed_at = past.trace(target.metric, facts.cycle).missed_at
    return missed_at is None or missed_at <= facts.waiting_since


def _replace(clock: Clock, target: Target | None, *, facts: Facts, book: PolicyBook, past: Past, now: datetime) -> Step:
    """End ``clock``, and let the promise of ``target`` go on in its place when there is one."""
    paused = past.open_pause(clock) if clock.state == ClockState.PAUSED else None
    calendar = calendar_of(clock.calendar_version_id)
    was_due = schedule.shift(calendar, clock.due_at, paused_at=paused.started_at, resumed_at=now) if paused else None
    same = target is not None and target.metric == clock.metric
    # A miss stays a miss: of the same metric it goes on in the next revision, of another it ends here.
    verdict = ClockState.MISSED if clock.breached_at and not same else ClockState.SUPERSEDED
    if target is None:
        return Step(clock, None, verdict, was_due_at=was_due or clock.due_at)
    cycle = clock.cycle if same else facts.cycle
    # An open clock is the newest of its cycle; where cycles are counted on, the trace is of all of them.
    revision = 1 + (clock.revision if same else past.trace(target.metric, cycle).revision)
    carried = elapsed(clock, past, now=now)
    new = new_clock(facts, target, book=book, now=now, cycle=cycle, revision=revision, carried=carried)
    new.subject = clock.subject
    if same:
        new.breached_at = clock.breached_at  # another grade does not undo what was missed
        if new.warn_at <= now and new.due_at >= (was_due or clock.due_at):
            new.warned_at = clock.warned_at  # nobody is warned twice of a promise that is no tighter
    return Step(clock, new, verdict, paused.reason if paused else "", was_due or clock.due_at)


def begin(target: Target, *, facts: Facts, book: PolicyBook, past: Past, now: datetime) -> Clock:
    """A clock that begins late, with the time since what would have started it carried; not saved."""
    metric = METRICS[target.metric]
    trace = past.trace(target.metric, facts.cycle)
    if metric.counts_on:
        numbers = {"cycle": trace.last_cycle + 1}
    else:
        numbers = {"cycle": facts.cycle, "revision": trace.revision + 1}
    carried = ZERO
    if not metric.repeats:
        calendar = calendar_of(_version(target, book) if target.unit == Unit.MINUTES else None)
        waited = [pause for pause in past.pauses if pause.reason in metric.pauses_in]
        pauses = [(pause.started_at, pause.ended_at or now) for pause in waited]
        began = facts.waiting_since if metric.starts_with == Start.MESSAGE else facts.cycle_started_at
        carried = calendar.between(began or now, now, pauses=pauses)
    return new_clock(facts, target, book=book, now=now, carried=carried, **numbers)
