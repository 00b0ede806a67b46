"""What the database holds, read once for each look and said in the model's words."""

from __future__ import annotations

import hashlib
import json
from collections import Counter, defaultdict
from typing import Any

from django.db import connection

from helpdesk.tests.properties.house import House
from outbox.models import Intent
from sla.models import Clock
from tickets.models import Escalation, Message, Ticket, TicketEvent

#: Every table that a step may write; a refused one writes none of them.
TABLES = (
    "tickets_ticket", "tickets_message", "tickets_ticketevent", "tickets_escalation", "tickets_resolution",
    "tickets_severitycontest", "tickets_participant", "tickets_causereport",
    "sla_clock", "sla_clockpause",
    "outbox_intent", "outbox_delivery", "outbox_keptanswer",
)  # fmt: skip
_PRINT = "SELECT " + ", ".join(
    f"(SELECT md5(coalesce(string_agg(t::text, '|' ORDER BY t::text), '')) FROM {table} t)" for table in TABLES
)


def fingerprint() -> dict[str, str]:
    """One word for the whole content of each table."""
    with connection.cursor() as cursor:
        cursor.execute(_PRINT)
        return dict(zip(TABLES, cursor.fetchone(), strict=True))


class Kept:
    """Rows that are only ever added: read once in a walk, by the ticket's number."""

    def __init__(self) -> None:
        self.events: dict[str, list[TicketEvent]] = defaultdict(list)
        self.intents: dict[str, list[Intent]] = defaultdict(list)
        self.last_event = self.last_intent = 0

    def read_on(self, numbers: dict[int, str]) -> None:
        for event in TicketEvent.objects.filter(pk__gt=self.last_event).order_by("pk"):
            self.events[numbers[event.ticket_id]].append(event)
            self.last_event = event.pk
        for intent in Intent.objects.filter(pk__gt=self.last_intent).order_by("pk"):
            self.intents[intent.stream.removeprefix("ticket:")].append(intent)
            self.last_intent = intent.pk


class Rows:
    """All tickets of the present walk by their number, with what belongs to them."""

    def __init__(self, house: House, kept: Kept | None = None) -> None:
        self.house = house
        self.tickets = {row.number: row for row in Ticket.objects.select_related("category").order_by("pk")}
        self.numbers = {row.pk: number for number, row in self.tickets.items()}
        self.clocks = self._by_ticket(Clock.objects.order_by("pk").prefetch_related("pauses"))
        self.rungs = self._by_ticket(Escalation.objects.order_by("pk"))
        self.messages = self._by_ticket(Message.objects.order_by("pk"))
        kept = kept or Kept()
        kept.read_on(self.numbers)
        self.events, self.intents = kept.events, kept.intents

    def _by_ticket(self, rows: Any) -> dict[str, list[Any]]:
        found: dict[str, list[Any]] = defaultdict(list)
        for row in rows:
            found[self.numbers[row.ticket_id]].append(row)
        return found

    def name(self, pk: int | None) -> str | None:
        return self.house.names[pk] if pk is not None else None

    def ticket_as_told(self, number: str) -> dict[str, Any]:
        """The ticket as the model says it."""
        row = self.tickets[number]
        return {
            "status": row.status,
            "severity": row.severity,
            "team": self.house.team_names.get(row.team_id),
            "category": row.category.code if row.category else None,
            "assignee": self.name(row.assignee_id),
            "cycle": row.cycle,
            "cycle_started": row.cycle_started_at,
            "answered": row.first_response_at,
            "resolved": row.resolved_at,
            "closed": row.closed_at,
            "breached": row.breached_at,
            "waiting": row.waiting_since,
            "urged": row.last_urged_at,
            "urges": row.urged_at,
        }

    def clocks_as_told(self, number: str) -> dict[tuple[str, int, int], tuple]:
        return {
            (c.metric, c.cycle, c.revision): (
                c.state, c.severity, c.started_at, c.due_at, c.warn_at,
                c.warned_at, c.breached_at, c.ended_at, c.carried,
            )
            for c in self.clocks[number]
        }  # fmt: skip

    def rungs_as_told(self, number: str) -> dict[tuple[str, int, int], tuple]:
        return {
            (r.metric, r.cycle, r.level): (
                r.severity, r.due_at, r.created_at, self.name(r.missed_by_id), r.climbs_at, r.acknowledged_at,
            )
            for r in self.rungs[number]
        }  # fmt: skip

    def final_state(self) -> dict[str, Any]:
        """Everything that does not depend on the order of inserts: no ids, no keys made of them."""
        return {
            number: {
                "ticket": {**self.ticket_as_told(number), "next_due": row.next_due_at, "revision": row.revision},
                "clocks": self.clocks_as_told(number),
                "rungs": self.rungs_as_told(number),
                "events": Counter((e.code, e.created_at, _word(e.data)) for e in self.events[number]),
                "intents": Counter((i.kind, i.created_at, i.available_at) for i in self.intents[number]),
            }
            for number, row in self.tickets.items()
        }


def _word(data: dict) -> str:
    return hashlib.sha256(json.dumps(data, sort_keys=True).encode()).hexdigest()[:12]
