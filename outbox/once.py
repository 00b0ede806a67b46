"""The same key gets the same answer: what was sent twice, by a program or by an impatient hand, is done once."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from outbox.contention import survives_deadlock
from outbox.models import KeptAnswer


class KeyReused(ValidationError):
    """The key was used with another request."""


@survives_deadlock
@transaction.atomic
def once(
    *, user_id: int, key: str, fingerprint: str, now: datetime, make: Callable[[], tuple[int, Any]]
) -> tuple[int, Any, bool]:
    """Run ``make`` at most once for ``key``; returns its status, its answer, and whether this is a replay.

    The answer is kept as it is: it must be plain JSON and hold nothing that opens a door. The key's row is in the
    transaction of the work: a second request waits at the unique index until the first has committed (then it gets
    the same answer) or rolled back (then it runs).

    Raises:
        KeyReused: when the key came with another fingerprint before.
    """
    row = KeptAnswer(user_id=user_id, key=key, fingerprint=fingerprint, created_at=now)
    KeptAnswer.objects.bulk_create([row], ignore_conflicts=True)
    kept = KeptAnswer.objects.select_for_update().get(user=user_id, key=key)
    if kept.status is not None:
        # Keys from before an update lost their fingerprint; they stand for whatever comes.
        if kept.fingerprint not in ("", fingerprint):
            raise KeyReused({"Idempotency-Key": _("This key was used with another request.")})
        return kept.status, kept.answer, True
    kept.status, kept.answer = make()
    kept.save(update_fields=["status", "answer"])
    return kept.status, kept.answer, False
