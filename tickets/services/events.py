"""The append-only history of tickets."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from accounts.models import User
from outbox.bulk import insert_rows
from tickets import webhooks
from tickets.models import Ticket, TicketEvent


def record(*, ticket: Ticket, code: str, actor: User | None, now: datetime, **data: Any) -> TicketEvent:
    """Write one event: a stable dotted ``code`` known to `tickets.wording`, JSON ``data`` without personal words.

    Webhooks that listen hear of it, in the same transaction.
    """
    event = TicketEvent.objects.create(ticket=ticket, code=code, actor=actor, data=data, created_at=now)
    webhooks.tell(event, ticket)
    return event


def record_many(rows: Iterable[tuple[int, str, dict]], *, now: datetime) -> None:
    """Write the events ``(ticket id, code, data)`` of a sweep in one statement, without an actor; webhooks hear too."""
    rows = list(rows)
    insert_rows(
        TicketEvent,
        [{"ticket_id": ticket_id, "code": code, "data": data, "created_at": now} for ticket_id, code, data in rows],
    )
    webhooks.tell_many(rows, now=now)
