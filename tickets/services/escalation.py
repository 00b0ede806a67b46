"""When a promise is missed: breach on record, the lead told once per level, then the next rung of the ladder.

Everything here is set-based, because a restart after an outage may find thousands of clocks due at once.
"""

import logging
from collections.abc import Callable, Collection, Mapping
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import OperationalError, transaction

from outbox import clock as database_clock
from outbox import push
from outbox.bulk import insert_rows
from outbox.crash import crash_point
from outbox.services import enqueue_many
from sla import selectors as sla_selectors
from sla.choices import MetricCode
from sla.facts import Facts
from sla.models import Clock, EscalationStep
from sla.services import clocks as sla_clocks
from tickets.models import Escalation, Ticket
from tickets.models.escalation import RUNG, rung_key
from tickets.services.deadlines import refresh_next_due
from tickets.services.events import record_many

logger = logging.getLogger(__name__)

_Key = tuple[int, str, str, int]
_Ladder = Mapping[tuple[str, int], EscalationStep]
_TOLD = ("metric", "cycle", "level")  # what the event of a rung says
# What the next rung has of the one below.
_KEPT = ("ticket_id", "clock_id", "metric", "subject", "cycle", "team_id", "missed_by_id", "due_at")


def sweep() -> int:
    """Record every breach and warning that is due by the database's clock, batch by batch; returns how many.

    Safe to run twice at once: a claimed row is skipped by others and no longer due afterwards.
    """
    if not sla_selectors.is_anything_due(now=database_clock.now()):
        return 0
    return _sweep(sla_selectors.lock_due, breach) + _sweep(sla_selectors.lock_warnable, _warn)


def _sweep(claim: Callable[..., list[Clock]], record: Callable[..., None]) -> int:
    """Claim and record batch by batch, until what is left is held by somebody else.

    A batch that fails is taken in halves, down to the one clock that cannot be recorded: it is named in the log at
    every tick until somebody mends it, and keeps no other waiting.
    """
    done, limit = 0, settings.SWEEP_BATCH
    refused: set[int] = set()
    while True:
        clocks: list[Clock] = []
        try:
            with transaction.atomic():
                now = database_clock.now()
                clocks = claim(now=now, limit=limit, refused=refused)
                crash_point("sweep-after-claim")
                record(clocks, now=now)
                crash_point("sweep-before-commit")
        except OperationalError:  # the database is away or chose us to end a deadlock: nothing wrong with the rows
            raise
        except Exception:
            if not clocks:
                raise
            limit = len(clocks) // 2
            if not limit:
                logger.exception("clock %s cannot be recorded and waits to be mended", clocks[0].pk)
                refused.add(clocks[0].pk)
                limit = settings.SWEEP_BATCH
            continue
        crash_point("sweep-after-commit")
        done += len(clocks)
        if len(clocks) < limit:
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
        if ticket.breached_at:
            _follow_ladder(ticket)


def _follow_ladder(ticket: Ticket) -> None:
    """What waits for a lead climbs by the ladder of the present grade, never later than it would have."""
    steps = sla_selectors.ladder()
    waiting = Escalation.objects.filter(
        ticket=ticket, acknowledged_at=None, created_at__gte=ticket.cycle_started_at
    ).order_by("level")
    tops = {(row.metric, row.subject, row.cycle): row for row in waiting}
    for row in tops.values():
        climbs_at = _climbs_at(steps, ticket.severity, row.level, row.created_at)
        if climbs_at and (row.climbs_at is None or climbs_at < row.climbs_at):
            Escalation.objects.filter(pk=row.pk).update(climbs_at=climbs_at)


def _warn(clocks: list[Clock], *, now: datetime) -> None:
    """Tell that these claimed clocks will be due."""
    sla_clocks.mark_warned(clocks, now=now)
    record_many([(c.ticket_id, "clock.warned", _event_data(c)) for c in clocks], now=now)
    enqueue_many([intent_row(_reminder(c), c.ticket, {"clock": c.pk}, f"warning:{c.pk}") for c in clocks], now=now)
    _hint({c.ticket_id: c.ticket for c in clocks}.values())


def _reminder(clock: Clock) -> str:
    """A progress update is the agent's own matter until it is missed; of what else runs out the lead hears too."""
    return "ticket.progress_due" if clock.metric == MetricCode.PROGRESS_UPDATE else "ticket.warning"


def breach(overdue: list[Clock], *, now: datetime) -> None:
    """Record the breach of claimed clocks: verdict, event, first escalation, message, place in the lead's queue."""
    sla_clocks.mark_breached(overdue, now=now)
    record_many([(c.ticket_id, "clock.breached", _event_data(c)) for c in overdue], now=now)
    steps = sla_selectors.ladder()
    tickets = {c.ticket_id: c.ticket for c in overdue}
    rungs = [_rung(c, steps, now=now) for c in _new_escalations(overdue)]
    _raise(rungs, tickets, now=now)
    risen = {rung["ticket_id"] for rung in rungs}
    refresh_next_due(risen, escalated_at=now)
    refresh_next_due(tickets.keys() - risen)
    _hint(tickets.values())


def _new_escalations(overdue: list[Clock]) -> list[Clock]:
    """Those clocks whose breach is not on the ladder yet.

    A key may have been escalated by an earlier revision (S → A → S), and missed progress updates escalate once
    per ticket until acknowledged (design.md, «no floods»). What came before a reopening is of another round.
    """
    round_began = {c.ticket_id: c.ticket.cycle_started_at for c in overdue}
    known: set[_Key] = set()
    flooding: set[int] = set()
    earlier = Escalation.objects.filter(ticket__in=round_began)
    for ticket_id, metric, subject, cycle, acknowledged_at, created_at in earlier.values_list(
        "ticket", "metric", "subject", "cycle", "acknowledged_at", "created_at"
    ):
        known.add((ticket_id, metric, subject, cycle))
        waits = acknowledged_at is None and created_at >= round_began[ticket_id]
        if metric == MetricCode.PROGRESS_UPDATE and waits:
            flooding.add(ticket_id)
    fresh = []
    for clock in overdue:
        key = (clock.ticket_id, clock.metric, clock.subject, clock.cycle)
        if key in known or (clock.metric == MetricCode.PROGRESS_UPDATE and clock.ticket_id in flooding):
            continue
        known.add(key)
        fresh.append(clock)
    return fresh


def _rung(clock: Clock, steps: _Ladder, *, now: datetime) -> dict[str, Any]:
    """The columns of the first rung of a breach."""
    return {
        "ticket_id": clock.ticket_id,
        "clock_id": clock.pk,
        "metric": clock.metric,
        "subject": clock.subject,
        "cycle": clock.cycle,
        "level": 1,
        "severity": clock.severity,
        "team_id": clock.ticket.team_id,
        "missed_by_id": clock.ticket.assignee_id,
        "due_at": clock.due_at,
        "created_at": now,
        "climbs_at": _climbs_at(steps, clock.severity, 1, now),
        "reason": "",
    }


def _climbs_at(steps: _Ladder, severity: str, level: int, now: datetime) -> datetime | None:
    above = steps.get((severity, level + 1))
    return now + timedelta(minutes=float(above.after_minutes)) if above else None


def _raise(rungs: list[dict[str, Any]], tickets: Mapping[int, Ticket], *, now: datetime) -> None:
    """Write new rungs with their events and messages. The caller holds the tickets' locks, so none can be there yet."""
    ids = insert_rows(Escalation, rungs)
    crash_point("escalation-inserted")
    record_many([(r["ticket_id"], "ticket.escalated", {k: r[k] for k in _TOLD}) for r in rungs], now=now)
    messages = []
    for pk, rung in zip(ids, rungs, strict=True):
        ticket, payload = tickets[rung["ticket_id"]], {"escalation": pk}
        messages.append(intent_row("ticket.escalated", ticket, payload, rung_key(*(rung[k] for k in RUNG))))
        if rung["level"] == 1 and rung["missed_by_id"]:
            messages.append(intent_row("ticket.missed", ticket, payload, f"missed:{pk}"))
    enqueue_many(messages, now=now)


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
            .select_related("ticket")
            .order_by("climbs_at", "pk")
            # The ticket first, as in every change (`sla.selectors.lock_due` says why).
            .select_for_update(skip_locked=True, of=("ticket", "self"))[: settings.SWEEP_BATCH]
        )
        if not waiting:
            return 0
        steps = sla_selectors.ladder()
        Escalation.objects.filter(pk__in=[row.pk for row in waiting]).update(climbs_at=None)
        risen = {row.ticket_id: row.ticket for row in waiting if row.still_matters}
        _raise([_above(row, steps, now=now) for row in waiting if row.still_matters], risen, now=now)
        _hint(risen.values())
    return len(waiting)


def _above(row: Escalation, steps: _Ladder, *, now: datetime) -> dict[str, Any]:
    """The columns of the rung above ``row``."""
    level, severity = row.level + 1, row.ticket.severity  # whoever hears now hears by the present grade
    climbs_at = _climbs_at(steps, severity, level, now)
    kept = {name: getattr(row, name) for name in _KEPT}
    return kept | {"severity": severity, "level": level, "created_at": now, "climbs_at": climbs_at, "reason": ""}


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


def _hint(tickets: Collection[Ticket]) -> None:
    """One hint a ticket would flood the channel after an outage: teams hear once, tickets only in small batches."""
    if len(tickets) <= 20:
        for ticket in tickets:
            _hint_ticket(ticket)
    else:
        for team_id in {ticket.team_id for ticket in tickets if ticket.team_id}:
            push.publish(f"team:{team_id}")


def _hint_ticket(ticket: Ticket) -> None:
    push.publish(f"ticket:{ticket.number}")
    if ticket.team_id:
        push.publish(f"team:{ticket.team_id}", ticket=ticket.number)
