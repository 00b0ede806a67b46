"""The door: what came is kept word for word first; what becomes of it is a job's work."""

from datetime import datetime
from functools import partial

from django.db import transaction

from intake.alerts.models import AlertPost, AlertSource
from intake.doorbell import ring
from outbox import limits

#: 1,000 alerts of Alertmanager are about 600 kB.
MOST_BYTES = 1024 * 1024
#: From one source; a sender that is told «too many» comes again later.
POSTS_A_MINUTE = 300


def may_post(*, source: AlertSource, now: datetime) -> bool:
    """Count one message of ``source``; whether it is within the limit. Call it outside a transaction."""
    return limits.allow(f"alerts:{source.pk}", limit=POSTS_A_MINUTE, seconds=60, now=now)


def keep(*, source: AlertSource, body: bytes, now: datetime) -> AlertPost:
    """Keep a proven message, and ring for whoever takes it in."""
    text = body.decode("utf-8", errors="replace").replace("\x00", "\ufffd")
    with transaction.atomic():
        post = AlertPost.objects.create(source=source, body=text, received_at=now, next_attempt_at=now)
        transaction.on_commit(partial(ring, "intake.tasks.take_in_alerts"), robust=True)
    return post
