"""What the present policies make of the open clocks of tickets: decided here, written by `sla.services.clocks`.

Nothing here writes. What the administrator is shown before policies are applied (`tickets.selectors.policies`) and what
a re-grade does are one decision, made of rows that are read for one ticket or for thousands in the same three queries.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db.models import Case, Count, F, IntegerField, Max, Q, When

from sla import schedule
from sla.choices import ClockState, MetricCode, Unit
from sla.deadlines import Pause
from sla.facts import Facts
from sla.metrics import COUNTED_ON, METRICS, WAITING, Deed, Start, family_of
from sla.models import Clock, ClockPause, Target
from sla.policies import PolicyBook
from sla.selectors import OPEN, calendar_of, promise_of

ZERO = timedelta(0)
#: The families of which the longer waiting counts when a duplicate is merged; responses are given in that instant.
CARRIED_OVER = frozenset({"milestone", "resolution"})
#: What a clock hands to the one that keeps the same promise after it.
KEPT = (
    *("ticket_id", "metric", "subject", "severity", "policy_id"),
    *("calendar_version_id", "target_amount", "target_unit", "warn_share"),
)


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
    carried = _elapsed(clock, past, now=now)
    new = new_clock(facts, target, book=book, now=now, cycle=cycle, revision=revision, carried=carried)
    new.subject = clock.subject
    if same:
        new.breached_at = clock.breached_at  # another grade does not undo what was missed
        if new.warn_at <= now and new.due_at >= (was_due or clock.due_at):
            new.warned_at = clock.warned_at  # nobody is warned twice of a promise that is no tighter
    return Step(clock, new, verdict, paused.reason if paused else "", was_due or clock.due_at)


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
        carried = _elapsed(twin, waited, now=now)
        if carried > _elapsed(clock, past, now=now):
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
        carried = _counted(clock, past, until=until)
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


def _elapsed(clock: Clock, past: Past, *, now: datetime) -> timedelta:
    """Time that an open clock counted until now, or until it was paused."""
    paused = past.open_pause(clock)
    return _counted(clock, past, until=paused.started_at if paused else now)


def _counted(clock: Clock, past: Past, *, until: datetime) -> timedelta:
    """Time counted so far, in the clock's own hours (day and night for targets in days), without its pauses."""
    calendar = calendar_of(clock.calendar_version_id if clock.target_unit == Unit.MINUTES else None)
    total = clock.carried + calendar.between(clock.started_at, max(until, clock.started_at))
    for pause in past.pauses:
        if pause.clock_id == clock.pk and pause.ended_at:
            total -= calendar.between(pause.started_at, pause.ended_at)
    return max(total, ZERO)
