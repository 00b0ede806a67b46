"""What the outbox forgets, and when. What was never sent, and what was given up, stays until somebody decides."""

from datetime import datetime, timedelta

from django.db.models import Exists, OuterRef, Q, QuerySet

from outbox import limits
from outbox.mail_models import Digest
from outbox.models import Delivery, Intent, KeptAnswer, MailboxMessage, RateWindow, WebhookCall

#: Answers come back to mails for months; the Message-ID kept with a delivery is how they find their ticket.
KEEP_DELIVERIES = timedelta(days=180)
KEEP_MAILBOX = timedelta(days=30)
#: Whoever sends again what a receiver lost does it within weeks; what waits for one that is switched off goes as well.
KEEP_CALLS = timedelta(days=30)
#: Programs repeat a request for hours, people send a kept form after days; a month is beyond both.
KEEP_ANSWERS = timedelta(days=30)
_BATCH = 1000


def prune(*, now: datetime) -> dict[str, int]:
    """Delete old rate windows, settled intents with their deliveries, demo mails, and more; how many of each."""
    unsettled = Delivery.objects.filter(intent=OuterRef("pk")).filter(
        Q(state__in=[Delivery.State.QUEUED, Delivery.State.DEAD]) | Q(created_at__gte=now - KEEP_DELIVERIES)
    )
    old_intents = Intent.objects.filter(state=Intent.State.RESOLVED, created_at__lt=now - KEEP_DELIVERIES)
    return {
        "windows": _delete(RateWindow.objects.filter(window_started_at__lt=limits.expired_before(now))),
        "intents": _delete(old_intents.exclude(Exists(unsettled))),
        "digests": _delete(Digest.objects.filter(created_at__lt=now - KEEP_DELIVERIES)),
        "mails": _delete(MailboxMessage.objects.filter(received_at__lt=now - KEEP_MAILBOX)),
        "calls": _delete(WebhookCall.objects.filter(created_at__lt=now - KEEP_CALLS)),
        "answers": _delete(KeptAnswer.objects.filter(created_at__lt=now - KEEP_ANSWERS)),
    }


def _delete(rows: QuerySet) -> int:
    """Batch by batch, so that no lock is held for long."""
    total = 0
    while batch := list(rows.order_by("pk").values_list("pk", flat=True)[:_BATCH]):
        rows.filter(pk__in=batch).delete()
        total += len(batch)
    return total
