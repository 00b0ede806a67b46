"""What is forgotten of mails: the bytes of what became a message long ago. The row stays, and so does the message."""

from datetime import datetime, timedelta

from django.db.models import QuerySet

from intake.models import InboundMail, Mailbox, MailSource

#: Of mails that no mailbox took in, or one that is gone.
KEEP = timedelta(days=400)
_BATCH = 200


def prune(*, now: datetime) -> dict[str, int]:
    """Delete the originals of processed mails that are older than their mailbox keeps them; how many.

    Safe to run twice. What waits for a decision, failed or was set aside keeps its bytes: somebody may take it yet.
    """
    processed = MailSource.objects.filter(mail__state=InboundMail.State.PROCESSED)
    count = _delete(processed.filter(mail__mailbox=None, mail__processed_at__lt=now - KEEP))
    for pk, days in Mailbox.objects.exclude(keep_days=None).values_list("pk", "keep_days"):
        old = processed.filter(mail__mailbox=pk, mail__processed_at__lt=now - timedelta(days=days or 0))
        count += _delete(old)
    return {"originals": count}


def _delete(rows: QuerySet[MailSource]) -> int:
    """Batch by batch, so that no lock is held for long; the bytes themselves are not read for it."""
    total = 0
    while batch := list(rows.order_by("pk").values_list("pk", flat=True)[:_BATCH]):
        MailSource.objects.filter(pk__in=batch).delete()
        total += len(batch)
    return total
