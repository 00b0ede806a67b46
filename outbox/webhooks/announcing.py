"""Writing calls, in the transaction of the event that they tell of; neither exists without the other."""

import uuid
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection

from outbox.bulk import insert_rows
from outbox.models import WebhookCall, WebhookEndpoint


@dataclass(frozen=True)
class Happening:
    """One event as it is told: a thin body of ids, codes and links, never words or secrets."""

    event: str
    stream: str
    body: dict[str, Any]
    team_id: int | None = None


def announce(*, events: Collection[str], happenings: Callable[[], Iterable[Happening]], now: datetime) -> int:
    """Write a call for every endpoint that listens; returns how many.

    ``happenings`` is asked only when somebody listens to one of ``events``, so that a house without webhooks pays
    one look at an empty table.

    Raises:
        RuntimeError: outside an atomic block, because the call could then outlive or miss its event.
    """
    if not connection.in_atomic_block:
        raise RuntimeError("a webhook needs the transaction of the event that it tells of")
    rows = WebhookEndpoint.objects.filter(is_active=True, hears__overlap=list(events))
    listening = list(rows.values_list("pk", "team_id", "hears"))
    if not listening:
        return 0
    calls = [
        call_row(endpoint_id=pk, happening=happening, now=now)
        for happening in happenings()
        for pk, team_id, chosen in listening
        if happening.event in chosen and team_id in (None, happening.team_id)
    ]
    insert_rows(WebhookCall, calls)
    return len(calls)


def call_row(*, endpoint_id: int, happening: Happening, now: datetime) -> dict[str, Any]:
    """The columns of one call."""
    key = str(uuid.uuid4())
    body = {"id": key, "event": happening.event, "created_at": now.isoformat(), **happening.body}
    return {
        "endpoint_id": endpoint_id,
        "key": key,
        "event": happening.event,
        "stream": happening.stream,
        "body": body,
        "state": WebhookCall.State.WAITING,
        "attempts": 0,
        "created_at": now,
        "next_attempt_at": now,
        "answer": "",
        "last_error": "",
    }
