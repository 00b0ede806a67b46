"""Starting, meeting, pausing, superseding and breaching clocks.

Every function takes ``facts`` and ``now`` and expects that the caller holds the ticket's lock and has recorded
what was overdue before (`tickets.services.escalation.record_overdue`), so that an answer after the due instant is
a breach whatever the sweep did.
"""

from collections.abc import Iterable
from datetime import datetime

from django.db.models import Max

from sla import regrading, schedule
from sla.choices import ClockState
from sla.facts import Facts
from sla.metrics import METRICS, REPEATING, WAITING, Deed, Start
from sla.models import Clock, ClockPause
from sla.policies import policy_book
from sla.regrading import ZERO, Step, new_clock
from sla.selectors import calendar_of, open_clocks


def start_clocks(*, facts: Facts, begun: Start, now: datetime) -> list[Clock]:
    """Start what the matching policy promises when ``begun`` happens: the ticket (or its reopening), its resolution."""
    book = policy_book()
    policy = book.match(facts)
    targets = (
        [target for target in policy.targets.all() if METRICS[target.metric].starts_with == begun] if policy else []
    )
    return Clock.objects.bulk_create(
        [new_clock(facts, target, book=book, now=now, cycle=_next_cycle(facts, target.metric)) for target in targets]
    )


def start_waiting(*, facts: Facts, now: datetime) -> None:
    """Start what the first unanswered message of the customer starts; while the first response is owed, nothing."""
    book = policy_book()
    policy = book.match(facts) if facts.waiting_since else None
    targets = [t for t in policy.targets.all() if METRICS[t.metric].starts_with == Start.MESSAGE] if policy else []
    past = regrading.pasts_of([facts.ticket_id])[facts.ticket_id] if targets else regrading.Past()
    for target in targets:
        if regrading.is_owed(facts, past, target):
            cycle = past.trace(target.metric, facts.cycle).last_cycle + 1
            new_clock(facts, target, book=book, now=now, cycle=cycle).save(force_insert=True)


def apply_deed(*, facts: Facts, deed: Deed, now: datetime) -> list[Clock]:
    """Meet the open clocks that ``deed`` meets; a repeating one starts its next cycle. Returns the closed clocks."""
    closed = []
    for clock in open_clocks(facts.ticket_id):
        metric = METRICS[clock.metric]
        if not metric.met_by(deed):
            continue
        _close(clock, ClockState.MISSED if clock.breached_at else ClockState.MET, now=now)
        closed.append(clock)
        if metric.repeats and not deed.resolves and facts.status not in metric.pauses_in:
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
    if gone := REPEATING - {clock.metric for clock in clocks}:
        book = policy_book()
        policy = book.match(facts)
        for target in policy.targets.all() if policy else ():
            if target.metric in gone:
                cycle = _next_cycle(facts, target.metric)
                new_clock(facts, target, book=book, now=now, cycle=cycle).save(force_insert=True)


def cancel_clocks(*, facts: Facts, now: datetime) -> None:
    """Close what still runs when a ticket is resolved, or opens again. What was breached stays a miss."""
    for clock in open_clocks(facts.ticket_id):
        _close(clock, ClockState.MISSED if clock.breached_at else ClockState.CANCELLED, now=now)


def regrade_clocks(*, facts: Facts, now: datetime) -> list[Step]:
    """Replace the open clocks after a change of severity, team, category or policies; returns what became of them.

    What changes is decided by `sla.regrading.plan`; a ticket whose promises all stay is not touched.
    """
    past = regrading.pasts_of([facts.ticket_id])[facts.ticket_id]
    steps = regrading.plan(facts=facts, book=policy_book(), past=past, now=now)
    for step in steps:
        if step.old:
            _close(step.old, step.verdict, now=now)
        if step.new:
            step.new.save(force_insert=True)
            if step.pause:
                _pause(step.new, reason=step.pause, now=now)
    return steps


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
    book = policy_book()
    policy = book.match(facts)
    target = next((t for t in policy.targets.all() if t.metric == clock.metric), None) if policy else None
    if target:
        new_clock(facts, target, book=book, now=now, cycle=clock.cycle + 1).save(force_insert=True)


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
