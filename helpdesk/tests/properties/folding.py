"""The history as the only witness: the state of a ticket, and what had to be told of it, out of its events alone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from helpdesk.tests.properties.book import UPDATE
from helpdesk.tests.properties.house import House

#: Events that always demand one message of a kind.
_DEMANDS = {
    "ticket.reply.public": "ticket.reply",
    "ticket.customer_message": "ticket.customer_message",
    "ticket.resolved": "ticket.resolved",
    "ticket.reopened": "ticket.reopened",
    "ticket.regraded": "ticket.regraded",
    "ticket.severity.contested": "ticket.contested",
    "ticket.severity.declined": "ticket.contest_declined",
    "ticket.escalated": "ticket.escalated",
    "ticket.closed.silence": "ticket.closed",
    "ticket.mentioned": "ticket.mentioned",
    "ticket.called_in": "ticket.called_in",
    "ticket.urged": "ticket.urged",
    "ticket.taken": None,
    "ticket.confirmed": None,
}
_HELD = ("ticket.assigned", "ticket.taken", "ticket.taken_over")


def fold(events: Iterable[Any], house: House) -> dict[str, Any]:
    """The present state, from the first event to the last."""
    state: dict[str, Any] = dict.fromkeys(
        ("status", "severity", "team", "category", "assignee", "cycle", "cycle_started", "answered", "resolved")
    )
    state |= {"closed": None, "breached": None, "urged": None, "urges": None}
    for event in events:
        _apply(state, event.code, event.data, event.created_at, house)
    return state


def _apply(state: dict[str, Any], code: str, data: dict[str, Any], at: datetime, house: House) -> None:
    if code == "ticket.created":
        state |= {"status": "new", "severity": data["severity"], "team": house.team_names.get(data["team"])}
        state |= {"category": (data["category"] or {}).get("name"), "cycle": 1, "cycle_started": at, "waiting": at}
    elif code == "ticket.status":
        state["status"] = data["target"]
    elif code == "ticket.resolved":
        state |= {"status": "resolved", "resolved": at, "answered": state["answered"] or at, "breached": None}
        state |= {"waiting": None, "urges": None}
    elif code in ("ticket.confirmed", "ticket.closed.silence"):
        state |= {"status": "closed", "closed": at}
    elif code == "ticket.reopened":
        state |= {"status": "open", "resolved": None, "closed": None, "cycle": data["cycle"], "cycle_started": at}
        state |= {"breached": None, "waiting": at if data.get("message") else state["waiting"]}
    elif code == "ticket.reply.public":
        state |= {"answered": state["answered"] or at, "waiting": None, "urges": None}
    elif code == "ticket.customer_message":
        state["waiting"] = state["waiting"] or at
    elif code == "ticket.urged":
        state |= {"urged": at, "urges": state["urges"] or at}
    elif code == "ticket.regraded":
        state["severity"] = data["target"]
    elif code == "ticket.properties":
        changes = {row["field"]: row["target"] for row in data["changes"]}
        state["category"] = (changes.get("category") or {"name": state["category"]})["name"]
    elif code == "ticket.team":
        state |= {"team": house.team_names[data["target"]], "assignee": house.names.get(data["assignee"])}
    elif code in _HELD:
        state["assignee"] = house.names[data["assignee"]]
    elif code == "ticket.released":
        state["assignee"] = None
    elif code == "ticket.escalated" and data["level"] == 1:
        state["breached"] = state["breached"] or at
    elif code == "ticket.escalation.acknowledged":
        state["breached"] = None


def intents_demanded(events: Iterable[Any], rungs: Iterable[Any]) -> Counter[tuple[str, datetime]]:
    """The messages that these events demand, by kind and instant: the table of notices, written down once more."""
    found: Counter[tuple[str, datetime]] = Counter()
    unresolved, held = True, False
    for event in events:
        code, data, at = event.code, event.data, event.created_at
        if kind := _DEMANDS.get(code):
            found[kind, at] += 1
        if code == "clock.warned":  # a progress update is the agent's own matter
            found["ticket.progress_due" if data["metric"] == UPDATE else "ticket.warning", at] += 1
        if code == "ticket.created":
            found["ticket.acknowledged", at] += 1
            found["ticket.unassigned", at] += 1  # unless the assignment of the same instant takes it back
            created, held = at, False
        elif code in _HELD and not held and at == created and event.actor_id is None and data["source"] is None:
            found["ticket.unassigned", at] -= 1
            found["ticket.assigned", at] += 1
            held = True
        elif code in _HELD:
            found["ticket.assigned", at] += data["assignee"] != event.actor_id
            found["ticket.taken_away", at] += bool(event.actor_id and data["source"] not in (None, event.actor_id))
        elif code == "ticket.team" and data.get("handover"):
            found["ticket.handed_over", at] += 1
        elif code == "ticket.team":
            found["ticket.assigned" if data["assignee"] else "ticket.unassigned", at] += 1
        elif code == "ticket.released" and unresolved:
            found["ticket.unassigned", at] += 1
        elif code in ("ticket.resolved", "ticket.reopened"):
            unresolved = code == "ticket.reopened"
    for rung in rungs:
        if rung.level == 1 and rung.missed_by_id:
            found["ticket.missed", rung.created_at] += 1
    return +found
