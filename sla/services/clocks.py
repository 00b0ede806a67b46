"""Starting, meeting, pausing, superseding and breaching clocks.

Every function takes ``facts`` and ``now`` and expects that the caller holds the ticket's lock and has recorded
what was overdue before (`tickets.services.escalation.record_overdue`), so that an answer after the due instant is
a breach whatever the sweep did.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db.models import Max, Q

from sla import schedule
from sla.choices import ClockState, MetricCode, Unit
from sla.facts import Facts
from sla.metrics import MESSAGE, METRICS, REPEATING, TICKET, WAITING, Reply, family_of
from sla.models import Clock, ClockPause, Policy, Target
from sla.selectors import OPEN, calendar_of, match_policy, newest_version, open_clocks, promise_of

ZERO = timedelta(0)


def start_clocks(*, facts: Facts, now: datetime) -> list[Clock]:
    """Start every clock that the matching policy promises for a new cycle of the ticket."""
    policy = match_policy(facts)
    if policy is None:
        return []
    clocks = [
        _new_clock(facts, policy, target, now=now, cycle=_next_cycle(facts, target.metric))
        for target in policy.targets.all()
        if METRICS[target.metric].starts_with == TICKET
    ]
    return Clock.objects.bulk_create(clocks)


def start_waiting(*, facts: Facts, now: datetime) -> None:
    """Start what the first unanswered message of the customer starts; while the first response is owed, nothing."""
    policy = match_policy(facts) if facts.waiting_since else None
    for target in policy.targets.all() if policy else ():
        if policy and METRICS[target.metric].starts_with == MESSAGE and _owed(facts, target):
            _new_clock(facts, policy, target, now=now, cycle=_next_cycle(facts, target.metric)).save(force_insert=True)


def apply_reply(*, facts: Facts, reply: Reply, now: datetime) -> list[Clock]:
    """Meet the open clocks that ``reply`` meets; a repeating one starts its next cycle. Returns the closed clocks."""
    closed = []
    for clock in open_clocks(facts.ticket_id):
        metric = METRICS[clock.metric]
        if not metric.met_by(reply):
            continue
        _close(clock, ClockState.MISSED if clock.breached_at else ClockState.MET, now=now)
        closed.append(clock)
        if metric.repeats and not reply.resolves and facts.status not in metric.pauses_in:
            restart(clock, facts=facts, now=now)
    return closed


def follow_status(*, facts: Facts, now: datetime) -> None:
    """Pause or resume the open clocks according to ``facts.status``; bring back repeating clocks that work needs."""
    clocks = open_clocks(facts.ticket_id)
    for clock in clocks:
        should_pause = facts.status in METRICS[clock.metric].pauses_in
        if should_pause and clock.state == ClockState.RUNNING:
            _pause(clock, reason=facts.status, now=now)
        elif not should_pause and clock.state == ClockState.PAUSED:
            _resume(clock, now=now)
    if facts.status in WAITING:
        return
    gone = REPEATING - {clock.metric for clock in clocks}
    policy = match_policy(facts) if gone else None
    for target in policy.targets.all() if policy else ():
        if policy and target.metric in gone:
            _new_clock(facts, policy, target, now=now, cycle=_next_cycle(facts, target.metric)).save(force_insert=True)


def cancel_clocks(*, facts: Facts, now: datetime) -> None:
    """Close what still runs when the ticket is resolved or closed. What was breached stays a miss."""
    for clock in open_clocks(facts.ticket_id):
        _close(clock, ClockState.MISSED if clock.breached_at else ClockState.CANCELLED, now=now)


def regrade_clocks(*, facts: Facts, now: datetime) -> list[Clock]:
    """Replace the open clocks after a change of severity, team or category; returns the new ones.

    Elapsed time is carried to the new target; closed clocks keep their verdict; a family with a verdict in this
    cycle is not opened again; what is past due under the new target is due at once.
    """
    policy = match_policy(facts)
    targets = {family_of(target.metric): target for target in policy.targets.all()} if policy else {}
    created = []
    for clock in open_clocks(facts.ticket_id):
        target = targets.pop(family_of(clock.metric), None)
        if target and policy and _same_promise(clock, facts, policy, target):
            continue
        if target and target.metric != clock.metric and _is_missed(facts, target):
            target = None  # S → A → S: its miss is on record, one promise is missed once
        created += [_supersede(clock, facts, policy, target, now=now)] if target and policy else []
        if not target:
            _close(clock, ClockState.MISSED if clock.breached_at else ClockState.SUPERSEDED, now=now)
    late = [
        _late_clock(facts, policy, target, now=now) for target in targets.values() if policy and _owed(facts, target)
    ]
    return created + late


def _is_missed(facts: Facts, target: Target) -> bool:
    """Whether this promise of the present cycle was missed and ended with another grade."""
    mine = Clock.objects.filter(ticket=facts.ticket_id, metric=target.metric, cycle=facts.cycle)
    return mine.filter(state=ClockState.MISSED).exists()


def _owed(facts: Facts, target: Target) -> bool:
    """Whether a target without an open clock is still to be kept: it has no verdict in this cycle."""
    if METRICS[target.metric].repeats:
        return facts.status not in WAITING  # else it comes back with the work (`follow_status`)
    if METRICS[target.metric].starts_with == MESSAGE:
        return _keeps_waiting(facts, target)
    family = [code for code in METRICS if family_of(code) == family_of(target.metric)]
    verdicts = Clock.objects.filter(ticket=facts.ticket_id, metric__in=family, cycle=facts.cycle)
    return not verdicts.exclude(state=ClockState.SUPERSEDED).exists()


def _keeps_waiting(facts: Facts, target: Target) -> bool:
    """Whether a message waits for an answer that no clock counts or has counted, after the first response."""
    if facts.waiting_since is None:
        return False
    mine = Clock.objects.filter(ticket=facts.ticket_id)
    covering = Q(metric__in=(target.metric, MetricCode.FIRST_RESPONSE), state__in=OPEN)
    missed = Q(metric=target.metric, state=ClockState.MISSED, ended_at__gt=facts.waiting_since)
    return not mine.filter(covering | missed).exists()


def _late_clock(facts: Facts, policy: Policy, target: Target, *, now: datetime) -> Clock:
    """A clock that begins in the midst of a cycle, with the time since what would have started it carried."""
    metric = METRICS[target.metric]
    cycle = _next_cycle(facts, target.metric)
    carried = ZERO
    if not metric.repeats:
        waited = ClockPause.objects.filter(clock__ticket=facts.ticket_id, reason__in=metric.pauses_in)
        calendar = calendar_of(newest_version(target.calendar_id) if target.unit == Unit.MINUTES else None)
        pauses = [(pause.started_at, pause.ended_at or now) for pause in waited]
        began = facts.waiting_since if metric.starts_with == MESSAGE else facts.cycle_started_at
        carried = calendar.between(began or now, now, pauses=pauses)
    revision = _next_revision(facts, target.metric, "", cycle)
    clock = _new_clock(facts, policy, target, now=now, cycle=cycle, revision=revision, carried=carried)
    clock.save(force_insert=True)
    if facts.status in metric.pauses_in:
        _pause(clock, reason=facts.status, now=now)
    return clock


def mark_warned(clocks: Iterable[Clock], *, now: datetime) -> None:
    """Write that the warning of these claimed clocks went out."""
    Clock.objects.filter(pk__in=[clock.pk for clock in clocks]).update(warned_at=now)


def mark_breached(clocks: list[Clock], *, now: datetime) -> None:
    """Record the breach of these claimed clocks. A repeating clock ends as missed and its next cycle starts now."""
    repeating = [clock for clock in clocks if METRICS[clock.metric].repeats]
    lasting = [clock.pk for clock in clocks if not METRICS[clock.metric].repeats]
    Clock.objects.filter(pk__in=lasting).update(breached_at=now)
    Clock.objects.filter(pk__in=[clock.pk for clock in repeating]).update(
        breached_at=now, state=ClockState.MISSED, ended_at=now
    )
    Clock.objects.bulk_create([_again(clock, now=now) for clock in repeating])


def restart(clock: Clock, *, facts: Facts, now: datetime) -> None:
    """Start the next cycle of a repeating clock under the policy that matches now."""
    policy = match_policy(facts)
    target = next((t for t in policy.targets.all() if t.metric == clock.metric), None) if policy else None
    if policy and target:
        _new_clock(facts, policy, target, now=now, cycle=clock.cycle + 1).save(force_insert=True)


def _again(clock: Clock, *, now: datetime) -> Clock:
    """The next cycle of a missed repeating clock, with the same promise."""
    promise = schedule.Promise(
        clock.target_amount, clock.target_unit, clock.warn_share, calendar_of(clock.calendar_version_id)
    )
    planned = schedule.plan(promise, start=now)
    return Clock(
        ticket_id=clock.ticket_id,
        metric=clock.metric,
        subject=clock.subject,
        cycle=clock.cycle + 1,
        severity=clock.severity,
        policy_id=clock.policy_id,
        calendar_version_id=clock.calendar_version_id,
        target_amount=clock.target_amount,
        target_unit=clock.target_unit,
        warn_share=clock.warn_share,
        carried=ZERO,
        started_at=now,
        due_at=planned.due_at,
        warn_at=planned.warn_at,
    )


def _next_cycle(facts: Facts, metric: str) -> int:
    """Ordinary metrics count resolution cycles; others count on."""
    if not METRICS[metric].counts_on:
        return facts.cycle
    last = Clock.objects.filter(ticket=facts.ticket_id, metric=metric).aggregate(last=Max("cycle"))["last"]
    return (last or 0) + 1


def _next_revision(facts: Facts, metric: str, subject: str, cycle: int) -> int:
    taken = Clock.objects.filter(ticket=facts.ticket_id, metric=metric, subject=subject, cycle=cycle)
    return (taken.aggregate(last=Max("revision"))["last"] or 0) + 1


def _new_clock(
    facts: Facts,
    policy: Policy,
    target: Target,
    *,
    now: datetime,
    cycle: int,
    revision: int = 1,
    carried: timedelta = ZERO,
) -> Clock:
    version_id = newest_version(target.calendar_id)
    planned = schedule.plan(promise_of(target, version_id), start=now, carried=carried)
    return Clock(
        ticket_id=facts.ticket_id,
        metric=target.metric,
        cycle=cycle,
        revision=revision,
        severity=facts.severity,
        policy=policy,
        calendar_version_id=version_id,
        target_amount=target.amount,
        target_unit=target.unit,
        warn_share=target.warn_share,
        carried=carried,
        started_at=now,
        due_at=planned.due_at,
        warn_at=planned.warn_at,
    )


def _same_promise(clock: Clock, facts: Facts, policy: Policy, target: Target) -> bool:
    return (
        clock.severity,
        clock.policy_id,
        clock.metric,
        clock.target_amount,
        clock.target_unit,
        clock.calendar_version_id is None,
    ) == (
        facts.severity,
        policy.pk,
        target.metric,
        target.amount,
        target.unit,
        target.calendar_id is None,
    )


def _supersede(clock: Clock, facts: Facts, policy: Policy, target: Target, *, now: datetime) -> Clock:
    paused = clock.pauses.filter(ended_at=None).first() if clock.state == ClockState.PAUSED else None
    carried = _counted(clock, until=paused.started_at if paused else now)
    same = target.metric == clock.metric
    # A miss stays a miss: of the same metric it goes on in the next revision, of another it ends here.
    _close(clock, ClockState.MISSED if clock.breached_at and not same else ClockState.SUPERSEDED, now=now)
    cycle = clock.cycle if same else facts.cycle
    revision = _next_revision(facts, target.metric, clock.subject, cycle)
    new = _new_clock(facts, policy, target, now=now, cycle=cycle, revision=revision, carried=carried)
    new.subject = clock.subject
    if same:
        new.breached_at = clock.breached_at  # another grade does not undo what was missed
    new.save(force_insert=True)
    if paused:
        _pause(new, reason=paused.reason, now=now)
    return new


def _counted(clock: Clock, *, until: datetime) -> timedelta:
    """Time counted so far, in the clock's own hours (day and night for targets in days), without its pauses."""
    calendar = calendar_of(clock.calendar_version_id if clock.target_unit == "minutes" else None)
    total = clock.carried + calendar.between(clock.started_at, max(until, clock.started_at))
    for pause in clock.pauses.all():
        if pause.ended_at:
            total -= calendar.between(pause.started_at, pause.ended_at)
    return max(total, ZERO)


def _pause(clock: Clock, *, reason: str, now: datetime) -> None:
    ClockPause.objects.create(clock=clock, started_at=now, reason=reason)
    clock.state = ClockState.PAUSED
    clock.save(update_fields=["state"])


def _resume(clock: Clock, *, now: datetime) -> None:
    pause = clock.pauses.get(ended_at=None)
    pause.ended_at = max(now, pause.started_at)
    pause.save(update_fields=["ended_at"])
    calendar = calendar_of(clock.calendar_version_id)
    moved = {"paused_at": pause.started_at, "resumed_at": pause.ended_at}
    clock.warn_at = schedule.shift(calendar, clock.warn_at, **moved)
    clock.due_at = schedule.shift(calendar, clock.due_at, **moved)
    clock.state = ClockState.RUNNING
    clock.save(update_fields=["warn_at", "due_at", "state"])


def _close(clock: Clock, state: str, *, now: datetime) -> None:
    if clock.state == ClockState.PAUSED:
        ClockPause.objects.filter(clock=clock, ended_at=None).update(ended_at=now)
    clock.state, clock.ended_at = state, now
    clock.save(update_fields=["state", "ended_at"])
