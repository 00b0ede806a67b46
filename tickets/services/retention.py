"""What tickets forget: keys of requests that nobody repeats any more, and private links that open nothing."""

from datetime import datetime, timedelta

from tickets.models import AccessLink, IdempotencyKey

#: Programs repeat a request for hours, people send a kept form after days; a month is beyond both.
KEEP_KEYS = timedelta(days=30)


def prune(*, now: datetime) -> dict[str, int]:
    """Delete idempotency keys of last month and expired private links; how many of each. Safe to run twice."""
    keys, _rows = IdempotencyKey.objects.filter(created_at__lt=now - KEEP_KEYS).delete()
    links, _rows = AccessLink.objects.filter(expires_at__lt=now).delete()
    return {"keys": keys, "links": links}
