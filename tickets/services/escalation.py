"""When a promise is missed: breach on record, the lead told once per level, then the next rung of the ladder.

Everything here is set-based, because a restart after an outage may find thousands of clocks due at once.
"""

from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction

from outbox import clock as database_clock
from outbox import push
from outbox.crash import crash_point
from outbox.services import enqueue_many
from sla import selectors as sla_selectors
from sla.choices import MetricCode
from sla.facts import Facts
from sla.models import Clock, EscalationStep
from sla.services import clocks as sla_clocks
from tickets.models import Escalation, Ticket
from tickets.services.deadlines import refresh_next_due
from tickets.services.events import record_many

_Key = tuple[int, str, str, int]


def sweep() -> int:
    """Record every breach and warning that is due by the database's clock, batch by batch; returns how many.

    Safe to run twice at once: a claimed row is skipped by others and no longer due afterwards.
    """
    done = 0
    while batch := _sweep_breaches() + _sweep_warnings():
        done += batch
    return done


def record_overdue(ticket: Ticket, *, now: datetime, inclusive: bool = False) -> None:
    """Record what is overdue on one locked ticket, exactly as the sweep would have.

    After other targets apply, ``inclusive`` records what they find used up, at once and not at the next tick.
    """
    overdue = sla_selectors.lock_overdue_of(ticket.pk, now=now, inclusive=inclusive)
    if overdue:
        for clock in overdue:
            clock.ticket = ticket
        breach(overdue, now=now)
        ticket.refresh_from_db(fields=["breached_at"])


def follow_targets(ticket: Ticket, *, facts: Facts, now: datetime) -> None:
    """Another grade, team or category of a locked ticket: its open clocks follow the targets that match now.

    What they find used up is breached at once, not at the next tick.
    """
    if ticket.is_unresolved:
        sla_clocks.regrade_clocks(facts=facts, now=now)
        record_overdue(ticket, now=now, inclusive=True)


def _sweep_breaches() -> int:
    with transaction.atomic():
        now = database_clock.now()
        overdue = sla_selectors.lock_due(now=now, limit=settings.SWEEP_BATCH)
        if not overdue:
            return 0
        crash_point("sweep-after-claim")
        breach(overdue, now=now)
        crash_point("sweep-before-commit")
    crash_point("sweep-after-commit")
    return len(overdue)


def _sweep_warnings() -> int:
    with transaction.atomic():
        now = database_clock.now()
        clocks = sla_selectors.lock_warnable(now=now, limit=settings.SWEEP_BATCH)
        if clocks:
            sla_clocks.mark_warned(clocks, now=now)
            record_many([(c.ticket_id, "clock.warned", _event_data(c)) for c in clocks], now=now)
            enqueue_many(
                [intent_row(_reminder(c), c.ticket, {"clock": c.pk}, f"warning:{c.pk}") for c in clocks], now=now
            )
            _hint(clocks)
    return len(clocks)


def _reminder(clock: Clock) -> str:
    """A progress update is the agent's own matter until it is missed; of what else runs out the lead hears too."""
    return "ticket.progress_due" if clock.metric == MetricCode.PROGRESS_UPDATE else "ticket.warning"


def breach(overdue: list[Clock], *, now: datetime) -> None:
    """Record the breach of claimed clocks: verdict, event, first escalation, message, place in the lead's queue."""
    sla_clocks.mark_breached(overdue, now=now)
    record_many([(c.ticket_id, "clock.breached", _event_data(c)) for c in overdue], now=now)
    escalated = _new_escalations(overdue)
    steps = sla_selectors.ladder()
    rows = [_rung(c, steps, level=1, now=now) for c in escalated]
    _raise(rows, now=now)
    ticket_ids = {c.ticket_id for c in overdue}
    Ticket.objects.filter(pk__in={c.ticket_id for c in escalated}, breached_at=None).update(breached_at=now)
    refresh_next_due(ticket_ids)
    _hint(overdue)


def _new_escalations(overdue: list[Clock]) -> list[Clock]:
    """Those clocks whose breach is not on the ladder yet.

    A key may have been escalated by an earlier revision (S → A → S), and missed progress updates escalate once
    per ticket until acknowledged (design.md, «no floods»). What came before a reopening is of another round.
    """
    round_began = {c.ticket_id: c.ticket.cycle_started_at for c in overdue}
    known: set[_Key] = set()
    flooding: set[int] = set()
    for row in Escalation.objects.filter(ticket__in=round_began):
        known.add((row.ticket_id, row.metric, row.subject, row.cycle))
        waits = row.acknowledged_at is None and row.created_at >= round_began[row.ticket_id]
        if row.metric == MetricCode.PROGRESS_UPDATE and waits:
            flooding.add(row.ticket_id)
    fresh = []
    for clock in overdue:
        key = (clock.ticket_id, clock.metric, clock.subject, clock.cycle)
        if key in known or (clock.metric == MetricCode.PROGRESS_UPDATE and clock.ticket_id in flooding):
            continue
        known.add(key)
        fresh.append(clock)
    return fresh


def _rung(clock: Clock, steps: dict[tuple[str, int], EscalationStep], *, level: int, now: datetime) -> Escalation:
    return Escalation(
        ticket=clock.ticket,
        clock=clock,
        metric=clock.metric,
        subject=clock.subject,
        cycle=clock.cycle,
        level=level,
        severity=clock.severity,
        team_id=clock.ticket.team_id,
        missed_by_id=clock.ticket.assignee_id,
        due_at=clock.due_at,
        created_at=now,
        climbs_at=_climbs_at(steps, clock.severity, level, now),
    )


def _climbs_at(
    steps: dict[tuple[str, int], EscalationStep], severity: str, level: int, now: datetime
) -> datetime | None:
    above = steps.get((severity, level + 1))
    return now + timedelta(minutes=float(above.after_minutes)) if above else None


def _raise(rows: list[Escalation], *, now: datetime) -> None:
    """Write new rungs with their events and messages. The caller holds the tickets' locks, so none can be there yet."""
    Escalation.objects.bulk_create(rows)
    crash_point("escalation-inserted")
    record_many(
        [(r.ticket_id, "ticket.escalated", {"metric": r.metric, "cycle": r.cycle, "level": r.level}) for r in rows],
        now=now,
    )
    told = [intent_row("ticket.escalated", r.ticket, {"escalation": r.pk}, r.dedupe_key) for r in rows]
    asked = [r for r in rows if r.level == 1 and r.missed_by_id]
    told += [intent_row("ticket.missed", r.ticket, {"escalation": r.pk}, f"missed:{r.pk}") for r in asked]
    enqueue_many(told, now=now)


def climb() -> int:
    """Tell the next rung of every escalation that nobody acknowledged in time; returns how many climbed."""
    total = 0
    while climbed := _climb_batch():
        total += climbed
    return total


def _climb_batch() -> int:
    with transaction.atomic():
        now = database_clock.now()
        waiting = list(
            Escalation.objects.filter(acknowledged_at=None, climbs_at__lte=now)
            .select_related("ticket", "clock")
            .order_by("climbs_at", "pk")
            .select_for_update(skip_locked=True, of=("self", "ticket"))[: settings.SWEEP_BATCH]
        )
        if not waiting:
            return 0
        steps = sla_selectors.ladder()
        Escalation.objects.filter(pk__in=[row.pk for row in waiting]).update(climbs_at=None)
        higher = [_above(row, steps, now=now) for row in waiting if row.still_matters]
        _raise(higher, now=now)
        for row in higher:
            _hint_ticket(row.ticket)
    return len(waiting)


def _above(row: Escalation, steps: dict[tuple[str, int], EscalationStep], *, now: datetime) -> Escalation:
    return Escalation(
        ticket=row.ticket,
        clock=row.clock,
        metric=row.metric,
        subject=row.subject,
        cycle=row.cycle,
        level=row.level + 1,
        severity=row.severity,
        team_id=row.team_id,
        missed_by_id=row.missed_by_id,
        due_at=row.due_at,
        created_at=now,
        climbs_at=_climbs_at(steps, row.severity, row.level + 1, now),
    )


def intent_row(kind: str, ticket: Ticket, payload: dict, dedupe_key: str | None) -> dict:
    """One row for `outbox.services.enqueue_many` about ``ticket``."""
    return {
        "kind": kind,
        "payload": {"ticket": ticket.pk, **payload},
        "stream": f"ticket:{ticket.number}",
        "dedupe_key": dedupe_key,
    }


def _event_data(clock: Clock) -> dict:
    return {
        "metric": clock.metric,
        "subject": clock.subject,
        "cycle": clock.cycle,
        "revision": clock.revision,
        "severity": clock.severity,
        "due_at": clock.due_at.isoformat(),
    }


def _hint(clocks: list[Clock]) -> None:
    """One hint a ticket would flood the channel after an outage: teams hear once, tickets only in small batches."""
    tickets = {clock.ticket_id: clock.ticket for clock in clocks}
    if len(tickets) <= 20:
        for ticket in tickets.values():
            _hint_ticket(ticket)
    else:
        for team_id in {ticket.team_id for ticket in tickets.values() if ticket.team_id}:
            push.publish(f"team:{team_id}")


def _hint_ticket(ticket: Ticket) -> None:
    push.publish(f"ticket:{ticket.number}")
    if ticket.team_id:
        push.publish(f"team:{ticket.team_id}", ticket=ticket.number)
