"""The same key gets the same answer: a caller who lost the connection may send the request again."""

from collections.abc import Callable
from datetime import datetime

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from outbox.contention import survives_deadlock
from tickets.models import IdempotencyKey, Ticket


class KeyReused(ValidationError):
    """The key was used with another request."""


@survives_deadlock
def once(
    *, user: User, key: str, fingerprint: str, now: datetime, make: Callable[[], tuple[Ticket, dict]]
) -> tuple[Ticket, dict, bool]:
    """Run ``make`` at most once for ``key``; returns its ticket, its answer, and whether this is a replay.

    The key's row is in the transaction of the work: a second request waits at the unique index until the first has
    committed (then it replays) or rolled back (then it runs).

    Raises:
        KeyReused: when the key came with another fingerprint before.
    """
    try:
        with transaction.atomic():
            row = IdempotencyKey.objects.create(user=user, key=key, fingerprint=fingerprint, created_at=now)
            ticket, answer = make()
            row.ticket, row.answer, row.status = ticket, answer, 201
            row.save(update_fields=["ticket", "answer", "status"])
            return ticket, answer, False
    except IntegrityError:
        earlier = IdempotencyKey.objects.select_related("ticket").filter(user=user, key=key).first()
        if earlier is None or earlier.ticket is None:
            raise
    if earlier.fingerprint != fingerprint:
        raise KeyReused({"Idempotency-Key": _("This key was used with another request.")})
    return earlier.ticket, earlier.answer or {}, True
