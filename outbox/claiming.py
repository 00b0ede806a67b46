"""Which deliveries may leave now, in the order of each stream."""

from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Exists, F, OuterRef, Q, QuerySet

from outbox.backoff import PASSED_AFTER
from outbox.models import Delivery, Intent

#: Nobody else takes up what a process holds for so long.
LEASE = timedelta(seconds=settings.OUTBOX_LEASE_SECONDS)
State = Delivery.State


def lease(rows: QuerySet[Delivery], *, now: datetime) -> None:
    """Hold ``rows`` for this process; the attempt is counted here, so that one that is killed counts too."""
    rows.update(locked_until=now + LEASE, attempts=F("attempts") + 1)


def sendable(channel: str, *, now: datetime) -> QuerySet[Delivery]:
    """What is due in ``channel`` and nobody holds, one row per batch, none ahead of an earlier one of its stream and
    recipient."""
    same = Delivery.objects.filter(state=State.QUEUED, batch=OuterRef("batch"))
    # What waits for the end of quiet hours holds up nothing: behind it may be what has to wake somebody.
    ahead = Delivery.objects.filter(
        Q(quiet_until__isnull=True) | Q(quiet_until__lte=now),
        state=State.QUEUED,
        stream=OuterRef("stream"),
        recipient=OuterRef("recipient"),
        channel=OuterRef("channel"),
        intent_id__lt=OuterRef("intent_id"),
        attempts__lt=PASSED_AFTER,
    )
    unresolved = Intent.objects.filter(
        Q(available_at__lte=now) | Q(attempts__gt=0),
        state=Intent.State.PENDING,
        stream=OuterRef("stream"),
        pk__lt=OuterRef("intent_id"),
        attempts__lt=PASSED_AFTER,
    )
    # A grouped message waits for none, or two of them could wait for each other.
    grouped = Exists(same.exclude(pk=OuterRef("pk")))
    return (
        Delivery.objects.filter(state=State.QUEUED, channel=channel, next_attempt_at__lte=now)
        .filter(Q(locked_until__isnull=True) | Q(locked_until__lte=now))
        .exclude(Exists(same.filter(pk__lt=OuterRef("pk"))))
        .filter(grouped | ~(Exists(ahead) | Exists(unresolved)))
        .order_by("next_attempt_at", "id")
    )
