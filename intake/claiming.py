"""Taking what was kept at a door: by alerts and WeCom alike, one row at a time, whoever else works beside."""

from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import QuerySet

from outbox.backoff import backoff


def claim_next(pending: QuerySet, *, now: datetime) -> Any:
    """The oldest of ``pending`` that is due, its attempt counted; None when there is none.

    The attempt is committed before the work, so that a message which kills the process counts too.
    """
    with transaction.atomic():
        due = pending.filter(next_attempt_at__lte=now).order_by("id")
        row = due.select_for_update(skip_locked=True, of=("self",)).first()
        if row is not None:
            row.attempts += 1
            row.next_attempt_at = now + timedelta(seconds=backoff(row.attempts))
            row.save(update_fields=["attempts", "next_attempt_at"])
    return row
