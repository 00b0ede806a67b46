"""Properties 1–13, each a function named after its number, looked at after every step.

Those of one kind of step (stale writes, replays, two workers, what leaves the house) stand with that step in `machine`.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from helpdesk.tests.properties import model
from helpdesk.tests.properties.book import FAMILY, LEGAL, REPORT, STILL_IN
from helpdesk.tests.properties.folding import fold, intents_demanded
from helpdesk.tests.properties.house import REACH, House
from helpdesk.tests.properties.rows import Kept, Rows


@dataclass
class Look:
    """What there is to compare after one step."""

    rows: Rows
    model: dict[str, model.Ticket]
    house: House
    now: datetime
    memory: Memory


@dataclass
class Memory:
    """What earlier looks saw."""

    numbers: set[str] = field(default_factory=set)
    left: dict[int, timedelta] = field(default_factory=dict)
    verdicts: dict[int, tuple] = field(default_factory=dict)
    kept: Kept = field(default_factory=Kept)
    holders: dict[str, str | None] = field(default_factory=dict)
    due: dict[int, datetime] = field(default_factory=dict)


def p01_every_input_is_one_row(look: Look) -> None:
    assert set(look.rows.tickets) == set(look.model)
    for number, ticket in look.model.items():
        assert [(m.kind, m.body) for m in look.rows.messages[number]] == ticket.said
    assert len({row.pk for row in look.rows.tickets.values()}) == len(look.model)


def p02_only_legal_moves(look: Look) -> None:
    for number, row in look.rows.tickets.items():
        assert (row.closed_at is not None) == (row.status == "closed")
        assert (row.resolved_at is not None) == (row.status in ("resolved", "closed"))
        assert (row.status == "on_hold") == bool(row.hold_reason)
        path = [step for event in look.rows.events[number] if (step := _step_of(event)) is not None]
        assert all(step in LEGAL for step in path), path
        assert [step[0] for step in path] == ["new", *(step[1] for step in path)][: len(path)], path


def _step_of(event: Any) -> tuple[str, str] | None:
    if event.code == "ticket.status":
        return event.data["source"], event.data["target"]
    return {
        "ticket.resolved": (event.data.get("source", ""), "resolved"),
        "ticket.reopened": (event.data.get("source", ""), "open"),
        "ticket.confirmed": ("resolved", "closed"),
        "ticket.closed.silence": ("resolved", "closed"),
    }.get(event.code)


def p03_one_fitting_assignee(look: Look) -> None:
    """Whoever gets a ticket is active and may hold it; who left is followed by `hand_on_orphans`, a step of its own."""
    active = look.house.active()
    for number, ticket in look.model.items():
        holder, before = ticket.assignee, look.memory.holders.get(number)
        if holder is not None and holder != before:
            assert holder in active
            assert ticket.team in REACH[holder], (holder, ticket.team)
        look.memory.holders[number] = holder


def p05_remaining_time_never_rises(look: Look) -> None:
    """Of one clock, in its own hours; it stands in a pause. A new revision needs an event that says why."""
    for number, rows in look.rows.clocks.items():
        clocks = {(c.metric, c.cycle, c.revision): c for c in look.model[number].clocks}
        for row in rows:
            if row.ended_at is not None:
                continue
            hours = clocks[row.metric, row.cycle, row.revision].hours
            pauses = list(row.pauses.all())
            paused = [pause.started_at for pause in pauses if pause.ended_at is None]
            assert bool(paused) == (row.state == "paused")
            left = hours.between(paused[0] if paused else look.now, row.due_at)
            assert left <= look.memory.left.get(row.pk, left), f"{row} has won time"
            if row.due_at != look.memory.due.get(row.pk, row.due_at):
                assert any(pause.ended_at is not None for pause in pauses), f"{row} moved without a pause"
            look.memory.left[row.pk], look.memory.due[row.pk] = left, row.due_at
        _resets_are_logged(look, number, rows)


def _resets_are_logged(look: Look, number: str, rows: list[Any]) -> None:
    at = {e.created_at for e in look.rows.events[number] if e.code in _RESETS}
    assert all(row.started_at in at for row in rows if row.revision > 1)


_RESETS = ("ticket.regraded", "ticket.team", "ticket.properties")


def p05_closed_verdicts_stay(look: Look) -> None:
    """Nothing that ended is ever written again, whatever becomes of policies, calendars and grades."""
    for rows in look.rows.clocks.values():
        for row in rows:
            if row.ended_at is not None:
                verdict = (row.state, row.due_at, row.breached_at, row.ended_at, row.started_at, row.target_amount)
                assert look.memory.verdicts.setdefault(row.pk, verdict) == verdict


def p05_clocks_equal_the_model(look: Look) -> None:
    for number, ticket in look.model.items():
        told = {
            (c.metric, c.cycle, c.revision): (
                c.state, c.severity, c.started, c.due, c.warn, c.warned, c.breached, c.ended, c.carried,
            )
            for c in ticket.clocks
        }  # fmt: skip
        assert look.rows.clocks_as_told(number) == told
        for row in look.rows.clocks[number]:
            if row.state == "running":
                assert ticket.status not in STILL_IN[FAMILY[row.metric]]


def p06_escalations_equal_the_model(look: Look) -> None:
    for number, ticket in look.model.items():
        told = {
            (r.metric, r.cycle, r.level): (r.severity, r.due, r.created, r.missed_by, r.climbs, r.acknowledged)
            for r in ticket.rungs
        }
        assert look.rows.rungs_as_told(number) == told
        assert len(look.rows.rungs[number]) == len(told)


def p07_none_before_due_none_after_an_answer(look: Look) -> None:
    """Asked of the rows alone, without the model."""
    for number, rungs in look.rows.rungs.items():
        clocks = look.rows.clocks[number]
        for rung in (rung for rung in rungs if rung.level == 1):
            assert rung.created_at >= rung.due_at
            mine = [c for c in clocks if (c.metric, c.cycle) == (rung.metric, rung.cycle)]
            assert not [c for c in mine if c.state == "met"]
            assert [c for c in mine if c.breached_at == rung.created_at and c.due_at == rung.due_at]
    for rows in look.rows.clocks.values():
        for clock in rows:
            assert clock.breached_at is None or clock.breached_at >= clock.started_at or clock.revision > 1
            assert clock.state != "met" or clock.ended_at <= clock.due_at or clock.pauses.all()


def p08_a_note_is_no_first_response(look: Look) -> None:
    for number, row in look.rows.tickets.items():
        public = [m.created_at for m in look.rows.messages[number] if m.kind == "public"]
        assert row.first_response_at == min(public, default=None)
        for clock in look.rows.clocks[number]:
            assert clock.state != "met" or clock.ended_at in public or clock.metric == REPORT


def p12_change_event_intents(look: Look) -> None:
    """What events demand to be told is what the outbox holds: none too few, none too many."""
    for number in look.rows.tickets:
        events, intents = look.rows.events[number], look.rows.intents[number]
        # Who follows at that moment no event says; watchers have tests of their own.
        told = Counter((i.kind, i.created_at) for i in intents if i.kind != "ticket.watched")
        assert told == intents_demanded(events, look.rows.rungs[number])
        breached = {
            (e.data["metric"], e.data["cycle"], e.data["revision"]) for e in events if e.code == "clock.breached"
        }
        missed = {
            (c.metric, c.cycle): min(k.revision for k in look.rows.clocks[number] if _same(k, c) and k.breached_at)
            for c in look.rows.clocks[number]
            if c.breached_at
        }
        assert breached == {(*key, revision) for key, revision in missed.items()}
        # A promise that goes on no tighter takes its warning along, and is told of once.
        warned = {(c.metric, c.cycle, c.warned_at) for c in look.rows.clocks[number] if c.warned_at}
        assert sum(e.code == "clock.warned" for e in events) == len(warned)


def _same(one: Any, other: Any) -> bool:
    return (one.metric, one.cycle) == (other.metric, other.cycle)


def p13_events_fold_to_the_present(look: Look) -> None:
    for number, ticket in look.model.items():
        folded = fold(look.rows.events[number], look.house)
        told = look.rows.ticket_as_told(number)
        assert told == {name: getattr(ticket, name) for name in told}
        assert folded == told


INVARIANTS = [value for name, value in sorted(globals().items()) if name.startswith("p") and name[1:3].isdigit()]
