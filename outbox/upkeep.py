"""What people do to the outbox: read the bell, send again what was given up, ask for a test mail."""

import uuid
from collections.abc import Collection
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import TextField, UUIDField, Value
from django.db.models.functions import MD5, Cast, Concat

from outbox import doorbell, push, services
from outbox.models import Delivery, Intent

_RESENT = [Delivery.State.DEAD, Delivery.State.BOUNCED, Delivery.State.SUPPRESSED]


def mark_seen(*, user: Any, now: datetime) -> int:
    """Everything in the bell of ``user`` has been seen; how many lines were new."""
    return Delivery.objects.filter(user=user, channel=Delivery.Channel.PAGE, seen_at__isnull=True).update(seen_at=now)


def resend(*, delivery_id: int, now: datetime) -> bool:
    """Queue a delivery that was given up once more, as a message of its own; False when it is not (or no more) one.

    Its cap does not apply again: somebody decided.
    """
    with transaction.atomic():
        changed = Delivery.objects.filter(pk=delivery_id, state__in=_RESENT).update(
            state=Delivery.State.QUEUED,
            attempts=1,
            next_attempt_at=now,
            quiet_until=None,
            locked_until=None,
            parts_sent=0,
            batch=uuid.uuid4(),
        )
        transaction.on_commit(doorbell.ring, robust=True)
    return bool(changed)


def resend_kind(*, kind: str, now: datetime) -> int:
    """Queue everything of one kind that was given up or bounced once more; how many. What was one message stays one.

    What a limit held back stays so: it is a matter of one person each, and is decided one by one.
    """
    given_up = Delivery.objects.filter(intent__kind=kind, state__in=[Delivery.State.DEAD, Delivery.State.BOUNCED])
    with transaction.atomic():
        changed = given_up.update(
            state=Delivery.State.QUEUED,
            attempts=1,
            next_attempt_at=now,
            quiet_until=None,
            locked_until=None,
            parts_sent=0,
            batch=Cast(MD5(Concat(Cast("batch", TextField()), Value(now.isoformat()))), UUIDField()),
        )
        transaction.on_commit(doorbell.ring, robust=True)
    return changed


def mark_bounced(*, batch: uuid.UUID, addresses: Collection[str], why: str) -> list[Delivery]:
    """A report says that the mail of ``batch`` did not reach one of ``addresses``; the deliveries that this is news of.

    Only what the recipient's own address names: anybody may send a report, and may know one Message-ID.
    """
    sent = Delivery.objects.select_related("intent").filter(
        batch=batch, channel=Delivery.Channel.MAIL, state=Delivery.State.ACCEPTED
    )
    with transaction.atomic():
        wanted = {address.lower() for address in addresses}
        rows = [row for row in sent.select_for_update(of=("self",)) if row.address.lower() in wanted]
        Delivery.objects.filter(pk__in=[row.pk for row in rows]).update(
            state=Delivery.State.BOUNCED, last_error=why[:2000]
        )
        for stream in {row.stream for row in rows}:
            push.publish(stream, change="mail")
    return rows


def resolve_again(*, intent_id: int, now: datetime) -> bool:
    """Look for the recipients of an intent that was given up once more; False when it is not (or no more) one."""
    with transaction.atomic():
        changed = Intent.objects.filter(pk=intent_id, state=Intent.State.DEAD).update(
            state=Intent.State.PENDING, attempts=0, available_at=now
        )
        transaction.on_commit(doorbell.ring, robust=True)
    return bool(changed)


def ask_for_test(*, actor: Any, now: datetime) -> Intent:
    """Send ``actor`` a test mail and a test line in the bell."""
    with transaction.atomic():
        return services.enqueue(
            kind="outbox.test", payload={"user": actor.pk}, stream=f"outbox.test:{actor.pk}", now=now
        )
