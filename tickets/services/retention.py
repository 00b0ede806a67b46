"""What tickets forget: keys that nobody repeats any more, links that open nothing, what can no longer be undone."""

from datetime import datetime, timedelta

from tickets.models import AccessLink, BulkEdit, IdempotencyKey, PutAside

#: Programs repeat a request for hours, people send a kept form after days; a month is beyond both.
KEEP_KEYS = timedelta(days=30)
#: Long after a change of many tickets can be taken back; what happened stands in their history.
KEEP_BULK = timedelta(days=1)


def prune(*, now: datetime) -> dict[str, int]:
    """Delete what is old enough; how many of each kind. Safe to run twice."""
    keys, _rows = IdempotencyKey.objects.filter(created_at__lt=now - KEEP_KEYS).delete()
    links, _rows = AccessLink.objects.filter(expires_at__lt=now).delete()
    edits, _rows = BulkEdit.objects.filter(created_at__lt=now - KEEP_BULK).delete()
    aside, _rows = PutAside.objects.filter(until__lt=now).delete()
    return {"keys": keys, "links": links, "bulk_edits": edits, "put_aside": aside}
