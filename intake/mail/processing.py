"""From a stored mail to what it becomes, exactly once: claim, read, decide and act in one transaction.

The attempt is counted in the claim, so that a mail whose reading kills the process counts too; after three it is
parked. One mail is decided about at a time (an advisory lock of the transaction): two mails of one conversation that
come together would otherwise each begin a ticket.
"""

import logging
import time
from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta

from django.db import connection, transaction
from django.utils.translation import gettext as _

from intake.mail.acting import Arrival, Outcome, act
from intake.mail.parsing import ParsedMail, parse
from intake.mail.sorting import sort
from intake.mail.threading import thread_ids
from intake.models import InboundMail, MailSource
from outbox import clock
from outbox.backoff import backoff
from outbox.crash import crash_point
from outbox.rendering import one_line

logger = logging.getLogger(__name__)

MAX_ATTEMPTS = 3
#: Longer than a worker may take for anything (`CELERY_TASK_TIME_LIMIT`): what is claimed is not claimed again.
LEASE = timedelta(minutes=6)
_RUN_SECONDS = 60
_LOCK = 0x6D61696C  # «mail»

State, Reason = InboundMail.State, InboundMail.Reason


def process_due(*, read_clock: Callable[[], datetime] = clock.now, limit: int = 500) -> Counter[str]:
    """Process what waits, one mail after the other, the oldest first; how many ended in which state."""
    done: Counter[str] = Counter()
    last_start = time.monotonic() + _RUN_SECONDS
    for _round in range(limit):
        mail = _claim(read_clock())
        if mail is None:
            break
        done[_attempt(mail, read_clock())] += 1
        if time.monotonic() > last_start:
            break
    return done


def process(mail: InboundMail, *, now: datetime, forced: bool = False) -> InboundMail:
    """Process one mail at once, whoever else would have; the row as it stands then.

    Raises:
        Exception: what reading or the services raise; the row is unchanged then.
    """
    parsed = parse(content_of(mail))
    crash_point("mail-after-parse")
    with transaction.atomic():
        _one_at_a_time()
        mail = InboundMail.objects.select_for_update(of=("self",)).select_related("mailbox__team").get(pk=mail.pk)
        if mail.state != State.RECEIVED:
            return mail
        understand(mail, parsed)
        outcome = None if forced else _of_another_box(mail)
        outcome = outcome or act(Arrival(mail, parsed, sort(mail, parsed, forced=forced), now, is_wanted=forced))
        settle(mail, outcome, now=now)
        crash_point("mail-before-commit")
    return mail


def content_of(mail: InboundMail) -> bytes:
    """The bytes of ``mail`` as they came.

    Raises:
        MailSource.DoesNotExist: when they are no longer kept (`intake.mail.retention`).
    """
    return bytes(MailSource.objects.values_list("content", flat=True).get(pk=mail.pk))


def understand(mail: InboundMail, parsed: ParsedMail) -> None:
    """Keep of a mail what lists show and what its conversation is found by. Saved by `settle`."""
    mail.sender = _column(parsed.sender, 254)
    mail.sender_name = _column(parsed.sender_name, 120)
    mail.subject = _column(parsed.subject or "", 300)
    mail.thread_ids = thread_ids(parsed, mail.message_id)
    mail.is_automatic = parsed.is_auto_reply or parsed.is_bounce


def settle(mail: InboundMail, outcome: Outcome, *, now: datetime) -> None:
    """Write how it ended."""
    mail.state, mail.reason, mail.detail = outcome.state, outcome.reason, outcome.detail[:2000]
    mail.ticket, mail.became = outcome.ticket, outcome.message
    mail.processed_at = now
    mail.save()


def _claim(now: datetime) -> InboundMail | None:
    """Take the next mail for this process; one that used up its attempts by killing processes is parked instead."""
    with transaction.atomic():
        due = InboundMail.objects.filter(state=State.RECEIVED, next_attempt_at__lte=now).order_by(
            "next_attempt_at", "pk"
        )
        mail = due.select_for_update(skip_locked=True, of=("self",)).first()
        if mail is None:
            return None
        mail.attempts += 1
        mail.next_attempt_at = now + LEASE
        mail.save(update_fields=["attempts", "next_attempt_at"])
    crash_point("mail-after-claim")
    return mail


def _attempt(mail: InboundMail, now: datetime) -> str:
    if mail.attempts > MAX_ATTEMPTS:
        return _give_up(mail, _("Every attempt ended with the process."), now)
    try:
        return process(mail, now=now).state
    except Exception as error:  # noqa: BLE001 - a poison mail must not stop those behind it
        logger.warning("mail %s, attempt %s: %s", mail.pk, mail.attempts, type(error).__name__)
        text = f"{type(error).__name__}: {error}"
        if mail.attempts >= MAX_ATTEMPTS:
            return _give_up(mail, text, now)
        later = now + timedelta(seconds=backoff(mail.attempts))
        InboundMail.objects.filter(pk=mail.pk, state=State.RECEIVED).update(next_attempt_at=later, detail=text[:2000])
        return "retry"


def _give_up(mail: InboundMail, why: str, now: datetime) -> str:
    InboundMail.objects.filter(pk=mail.pk, state=State.RECEIVED).update(
        state=State.PARKED, reason=Reason.FAILED, detail=why[:2000], processed_at=now
    )
    return State.PARKED


def _of_another_box(mail: InboundMail) -> Outcome | None:
    """The same mail sent to two of our addresses is one message."""
    twins = InboundMail.objects.filter(message_id=mail.message_id, sender=mail.sender, subject=mail.subject)
    first = twins.exclude(pk=mail.pk).filter(ticket__isnull=False, state__in=[State.PROCESSED, State.HELD]).first()
    if first is None:
        return None
    mail.same_as = first
    return Outcome(State.DUPLICATE, Reason.OTHER_BOX, ticket=first.ticket)


def _one_at_a_time() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])


def _column(text: str, length: int) -> str:
    return one_line(text.replace("\x00", "").encode(errors="replace").decode(), length)
