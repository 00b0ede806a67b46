"""Writing to the outbox: always in the transaction of the change that is told; neither exists without the other.

And the hearts: rows by which a chain of processes says that it got through.
"""

import uuid
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db import connection, transaction

from outbox import doorbell
from outbox.bulk import insert_rows
from outbox.models import Delivery, Heartbeat, Intent


def enqueue(
    *,
    kind: str,
    payload: dict[str, Any],
    stream: str,
    now: datetime,
    dedupe_key: str | None = None,
    not_before: datetime | None = None,
) -> Intent:
    """Say that something is to be told; who hears it is found at delivery.

    ``stream`` names what the message belongs to (``ticket:T100001``): messages of one stream leave in order and
    thread together. With a ``dedupe_key`` that was used before, the earlier intent is returned and nothing written.
    The payload holds ids and stable codes, never a readable secret.

    Raises:
        RuntimeError: outside an atomic block, because the message could then outlive or miss its change.
    """
    _demand_transaction()
    intent = Intent(
        kind=kind,
        payload=payload,
        stream=stream,
        dedupe_key=dedupe_key,
        created_at=now,
        available_at=not_before or now,
    )
    if dedupe_key is None:
        intent.save(force_insert=True)
    else:
        Intent.objects.bulk_create([intent], ignore_conflicts=True)
        intent = Intent.objects.get(dedupe_key=dedupe_key)
    _ring_after_commit(intent.available_at <= now)
    return intent


def enqueue_many(rows: Iterable[dict[str, Any]], *, now: datetime) -> int:
    """Write many intents with one INSERT; a ``dedupe_key`` that exists is left alone.

    Each row has the keyword arguments of `enqueue` except ``now``. Returns how many rows were offered.
    """
    _demand_transaction()
    intents = [_columns(row, now) for row in rows]
    insert_rows(Intent, intents, ignore_conflicts=True)
    _ring_after_commit(any(intent["available_at"] <= now for intent in intents))
    return len(intents)


def wake(*, stream: str, now: datetime) -> int:
    """Send at once what waits in ``stream`` for quiet hours to end: what it tells of has become urgent.

    Each message leaves by itself, because those that it would have left with go on waiting. Returns how many.

    Raises:
        RuntimeError: outside an atomic block, as for `enqueue`.
    """
    _demand_transaction()
    # What is just being resolved decided before; wait for it.
    pending = Intent.objects.filter(stream=stream, state=Intent.State.PENDING).order_by("pk")
    list(pending.select_for_update().values_list("pk"))
    waiting = Delivery.objects.filter(stream=stream, state=Delivery.State.QUEUED, quiet_until__gt=now)
    rows = list(waiting.order_by("pk").select_for_update())
    for row in rows:
        row.quiet_until, row.next_attempt_at, row.batch = None, now, uuid.uuid4()
    Delivery.objects.bulk_update(rows, ["quiet_until", "next_attempt_at", "batch"])
    _ring_after_commit(bool(rows))
    return len(rows)


def heard(*names: str, now: datetime) -> None:
    """Write that the chains of these names got through at ``now``, once what they were rung for is done."""
    rows = [Heartbeat(name=name, beat_at=now) for name in names]
    Heartbeat.objects.bulk_create(rows, update_conflicts=True, unique_fields=["name"], update_fields=["beat_at"])


def _columns(row: dict[str, Any], now: datetime) -> dict[str, Any]:
    return {
        "kind": row["kind"],
        "payload": row["payload"],
        "stream": row["stream"],
        "dedupe_key": row.get("dedupe_key"),
        "state": Intent.State.PENDING,
        "attempts": 0,
        "created_at": now,
        "available_at": row.get("not_before") or now,
        "last_error": "",
    }


def _demand_transaction() -> None:
    if not connection.in_atomic_block:
        raise RuntimeError("enqueue needs the transaction of the change that it tells of")


def _ring_after_commit(due: bool) -> None:
    """Only for what is due at once; the sweep finds the rest, and everything whose bell was not heard."""
    if due:
        transaction.on_commit(doorbell.ring, robust=True)
