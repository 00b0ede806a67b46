"""What became of deliveries that are no mails: written on their rows, whatever chat service they left by."""

import logging
from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db.models import F, QuerySet

from outbox.backoff import MAX_ATTEMPTS, backoff
from outbox.models import Delivery

logger = logging.getLogger(__name__)

#: Patience that the service asks for is no failure of the message; after so long it is given up all the same.
_PATIENCE = timedelta(days=3)
State = Delivery.State


def queued(rows: Sequence[Delivery]) -> QuerySet[Delivery]:
    """Those of ``rows`` that still wait to be sent."""
    return Delivery.objects.filter(pk__in=[row.pk for row in rows], state=State.QUEUED)


def accept(rows: Sequence[Delivery], now: datetime) -> str:
    """The service took them."""
    queued(rows).update(state=State.ACCEPTED, accepted_at=now, locked_until=None, last_error="")
    return State.ACCEPTED


def settle(rows: Sequence[Delivery], state: Delivery.State, why: str) -> str:
    """They end in ``state``."""
    queued(rows).update(state=state, locked_until=None, last_error=why[:2000])
    return state


def give_up(rows: Sequence[Delivery], why: str) -> str:
    """They are dead letters, which somebody may send again."""
    for row in rows:
        logger.error("delivery %s (%s) given up: %s", row.pk, row.intent.kind, why)
    return settle(rows, State.DEAD, why)


def try_again(rows: Sequence[Delivery], why: str, now: datetime) -> str:
    """Later, with growing pauses; those whose attempts are spent are given up."""
    spent = [row for row in rows if row.attempts >= MAX_ATTEMPTS]
    give_up(spent, why)
    for row in rows:
        if row.attempts < MAX_ATTEMPTS:
            logger.warning("delivery %s, attempt %s: %s", row.pk, row.attempts, why)
            later = now + timedelta(seconds=backoff(row.attempts))
            queued([row]).update(next_attempt_at=later, locked_until=None, last_error=why[:2000])
    return State.DEAD if len(spent) == len(rows) else "retry"


def wait(rows: Sequence[Delivery], why: str, seconds: int, now: datetime) -> str:
    """Patience: no attempt is counted, as for a mail server that is away."""
    old = [row for row in rows if now - row.created_at > _PATIENCE]
    give_up(old, why)
    queued(rows).update(
        locked_until=None,
        attempts=F("attempts") - 1,
        next_attempt_at=now + timedelta(seconds=seconds),
        last_error=why[:2000],
    )
    return "wait"


def release(rows: Sequence[Delivery]) -> None:
    """Give back what there was no time for, as if never claimed."""
    queued(rows).update(locked_until=None, attempts=F("attempts") - 1)
