"""Starting, meeting, pausing, superseding and breaching clocks.

Every function takes ``facts`` and ``now`` and expects that the caller holds the ticket's lock and has recorded
what was overdue before (`tickets.services.escalation.record_overdue`), so that an answer after the due instant is
a breach whatever the sweep did.
"""

import logging
from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import Any

from django.db.models import Max

from outbox.bulk import insert_rows
from sla import mergers, regrading, schedule
from sla.choices import ClockState
from sla.deadlines import EmptyCalendar, Pause
from sla.facts import Facts
from sla.mergers import KEPT
from sla.metrics import METRICS, REPEATING, WAITING, Deed, Reply, Start
from sla.models import Clock, ClockPause
from sla.pasts import ZERO, Past, pasts_of
from sla.policies import policy_book
from sla.regrading import Step, new_clock
from sla.selectors import calendar_of, open_clocks

logger = logging.getLogger(__name__)


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
    past = pasts_of([facts.ticket_id])[facts.ticket_id] if targets else Past()
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
        if metric.repeats and not deed.resolves and not facts.is_resolved and facts.status not in metric.pauses_in:
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
    """Close what still runs when a ticket is resolved, merged, or opens again. What was breached stays a miss."""
    for clock in open_clocks(facts.ticket_id):
        _close(clock, ClockState.MISSED if clock.breached_at else ClockState.CANCELLED, now=now)


def regrade_clocks(*, facts: Facts, now: datetime) -> list[Step]:
    """Replace the open clocks after a change of severity, team, category or policies; returns what became of them.

    What changes is decided by `sla.regrading.plan`; a ticket whose promises all stay is not touched.
    """
    past = pasts_of([facts.ticket_id])[facts.ticket_id]
    steps = regrading.plan(facts=facts, book=policy_book(), past=past, now=now)
    _take(steps, now=now)
    return steps


def carry_over(*, ticket_id: int, waited: Past, now: datetime) -> list[Step]:
    """Let the milestones of a ticket go on with the time that a duplicate has ``waited``, where that is longer."""
    past = pasts_of([ticket_id])[ticket_id]
    steps = mergers.carry_over(past=past, waited=waited, now=now)
    _take(steps, now=now)
    return steps


def _take(steps: list[Step], *, now: datetime) -> None:
    for step in steps:
        if step.old:
            _close(step.old, step.verdict, now=now)
        if step.new:
            step.new.save(force_insert=True)
            if step.pause:
                _pause(step.new, reason=step.pause, now=now)


def revive_clocks(
    *,
    facts: Facts,
    ended: Collection[int],
    deeds: Collection[Deed],
    stood: Mapping[str, list[Pause]],
    now: datetime,
) -> None:
    """Let the promises go on that a merge ended (`sla.mergers.revive`); each row gives way to its next revision."""
    past = pasts_of([facts.ticket_id])[facts.ticket_id]
    rows = Clock.objects.filter(pk__in=ended, ticket=facts.ticket_id).order_by("pk")
    for step in mergers.revive(past=past, ended=rows, facts=facts, deeds=deeds, stood=stood, now=now):
        if step.old and step.new:
            Clock.objects.filter(pk=step.old.pk).update(state=ClockState.SUPERSEDED)
            step.new.save(force_insert=True)
            if step.pause:
                _pause(step.new, reason=step.pause, now=now)


def hand_over_waiting(*, facts: Facts, to: Facts) -> None:
    """The message that a ticket waits with an answer for goes to another ticket: its clock goes along."""
    for clock in open_clocks(facts.ticket_id):
        if METRICS[clock.metric].starts_with == Start.MESSAGE:
            clock.cycle, clock.revision = _next_cycle(to, clock.metric), 1
            clock.ticket_id = to.ticket_id
            clock.save(update_fields=["ticket", "cycle", "revision"])


def start_late(*, facts: Facts, answered: bool, now: datetime) -> None:
    """Start what a ticket promises whose words came earlier, at ``facts.cycle_started_at``: the time since is counted.

    What that uses up is due now. With ``answered``, a first answer was given meanwhile and is not promised.
    """
    book = policy_book()
    policy = book.match(facts)
    for target in policy.targets.all() if policy else ():
        metric = METRICS[target.metric]
        given = answered and not metric.repeats and metric.met_by(Reply())
        if metric.starts_with == Start.TICKET and not given:
            regrading.begin(target, facts=facts, book=book, past=Past(), now=now).save(force_insert=True)


def mark_warned(clocks: Iterable[Clock], *, now: datetime) -> None:
    """Write that the warning of these claimed clocks went out."""
    Clock.objects.filter(pk__in=[clock.pk for clock in clocks]).update(warned_at=now)


def mark_breached(clocks: list[Clock], *, now: datetime) -> None:
    """Record the breach of these claimed clocks. A repeating clock ends as missed and its next cycle starts now."""
    repeating = [clock for clock in clocks if METRICS[clock.metric].repeats]
    lasting = [clock.pk for clock in clocks if not METRICS[clock.metric].repeats]
    if lasting:
        Clock.objects.filter(pk__in=lasting).update(breached_at=now)
    if repeating:
        Clock.objects.filter(pk__in=[clock.pk for clock in repeating]).update(
            breached_at=now, state=ClockState.MISSED, ended_at=now
        )
        insert_rows(Clock, _next_cycles(repeating, now=now))


def restart(clock: Clock, *, facts: Facts, now: datetime) -> None:
    """Start the next cycle of a repeating clock under the policy that matches now."""
    book = policy_book()
    policy = book.match(facts)
    target = next((t for t in policy.targets.all() if t.metric == clock.metric), None) if policy else None
    if target:
        new_clock(facts, target, book=book, now=now, cycle=clock.cycle + 1).save(force_insert=True)


def _next_cycles(missed: list[Clock], *, now: datetime) -> list[dict[str, Any]]:
    """The next cycles of missed repeating clocks, with the same promises; each promise is reckoned once."""
    plans: dict[tuple, schedule.Schedule | None] = {}
    rows = []
    for clock in missed:
        kept = {name: getattr(clock, name) for name in KEPT}
        promise = (clock.target_amount, clock.target_unit, clock.warn_share, clock.calendar_version_id)
        if promise not in plans:
            plans[promise] = _plan_again(clock, now=now)
        if plan := plans[promise]:
            begun = {"cycle": clock.cycle + 1, "revision": 1, "carried": ZERO, "started_at": now}
            rows.append(kept | begun | {"due_at": plan.due_at, "warn_at": plan.warn_at, "state": ClockState.RUNNING})
    return rows


def _plan_again(clock: Clock, *, now: datetime) -> schedule.Schedule | None:
    """The schedule of a missed clock's next cycle; None when its calendar ran out, which must not hide the miss."""
    calendar = calendar_of(clock.calendar_version_id)
    try:
        return schedule.plan(
            schedule.Promise(clock.target_amount, clock.target_unit, clock.warn_share, calendar), start=now
        )
    except EmptyCalendar:
        logger.error("calendar version %s has no working time left", clock.calendar_version_id)
        return None


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
