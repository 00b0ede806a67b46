"""Sending what is queued: claim with a lease, send outside any transaction, then write that it was sent.

A process that dies in between leaves a lease that runs out; the message then leaves again with the same Message-ID.
So a mail is sent at least once, and twice only when the death fell between the server's «accepted» and our commit.
"""

import logging
import time
from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from smtplib import SMTPException, SMTPRecipientsRefused, SMTPResponseException, SMTPSenderRefused
from uuid import UUID

from django.core.exceptions import ValidationError
from django.core.mail import get_connection
from django.core.mail.backends.base import BaseEmailBackend
from django.db import transaction
from django.db.models import F, Min, QuerySet

from outbox import chat_sending, clock, limits, push, registry
from outbox.backoff import MAX_ATTEMPTS, backoff
from outbox.claiming import LEASE, lease, sendable
from outbox.crash import crash_point
from outbox.models import Delivery
from outbox.rendering import message_id, render_mail
from outbox.resolving import resolve_due
from outbox.robots import sending as robots

logger = logging.getLogger(__name__)

#: A mail may take eight SMTP commands of 20 s each; the lease outlasts one that began in its first minute.
_BEGIN_WITHIN = LEASE / 4
#: The mail server being away is no fault of a message: it is not counted, and tried again this much later.
OUTAGE_PAUSE = timedelta(seconds=30)
#: After this age a message that never found a server is given up.
OUTAGE_LIMIT = timedelta(days=3)
_ROUNDS = 200
#: A round takes `_BEGIN_WITHIN` and one slow mail at most, about four minutes; Celery kills after five.
_RUN_SECONDS = 30

State = Delivery.State
ReadClock = Callable[[], datetime]


@dataclass
class _Message:
    """The deliveries of one batch, which leave as one message."""

    batch: UUID
    deliveries: list[Delivery] = field(default_factory=list)

    @property
    def first(self) -> Delivery:
        return self.deliveries[0]

    def rows(self) -> QuerySet[Delivery]:
        return Delivery.objects.filter(pk__in=[row.pk for row in self.deliveries], state=State.QUEUED)


class _ServerAway(Exception):
    """The mail server cannot be reached at all."""


def run(*, read_clock: ReadClock = clock.now) -> Counter[str]:
    """Do all that is due: resolve intents, then send round by round. How many ended in which state.

    ``read_clock`` is asked again for every round, because a long run outlives any single instant. A backlog is worked
    off in several runs: no round begins that the worker's time limit could kill in its middle.
    """
    done: Counter[str] = Counter()
    last_start = time.monotonic() + _RUN_SECONDS
    for _ in range(_ROUNDS):
        taken = resolve_due(now=read_clock())
        done["resolved"] += taken
        if not taken:
            break
    for _ in range(_ROUNDS):
        sent = send_due(read_clock=read_clock)
        done += sent
        if not sent or sent["away"] or time.monotonic() > last_start:
            break
    return done + chat_sending.send_due(read_clock=read_clock) + robots.send_due(read_clock=read_clock)


def send_due(*, read_clock: ReadClock = clock.now, limit: int = 50) -> Counter[str]:
    """Claim up to ``limit`` messages that are due and send them over one connection; their outcomes counted."""
    now = read_clock()
    messages = _claim(now, limit)
    done: Counter[str] = Counter()
    if not messages:
        return done
    crash_point("after-claim", *{message.first.intent.kind for message in messages})
    connection = get_connection(fail_silently=False)
    try:
        for position, message in enumerate(messages):
            instant = read_clock()
            if instant - now > _BEGIN_WITHIN:
                _release(messages[position:], instant)
                break
            try:
                done[_send(message, connection, instant)] += len(message.deliveries)
            except _ServerAway as error:
                logger.warning("mail server away: %s", error)
                _postpone(messages[position:], instant, error)
                done["away"] += 1
                break
    finally:
        _close(connection)
    return done


def _claim(now: datetime, limit: int) -> list[_Message]:
    """Lease the next messages to this process; the attempt is counted here, so that a killed one counts too."""
    with transaction.atomic():
        leaders = list(
            sendable(Delivery.Channel.MAIL, now=now)
            .select_for_update(skip_locked=True, of=("self",))
            .values_list("pk", "batch")[:limit]
        )
        queued = Delivery.objects.filter(state=State.QUEUED, batch__in=[batch for _, batch in leaders])
        # Who holds the lowest row of a batch has the batch: grouping may have joined two leaders since we looked.
        lowest = dict(queued.values_list("batch").annotate(Min("pk")).order_by())
        mine = [batch for pk, batch in leaders if lowest.get(batch) == pk]
        lease(queued.filter(batch__in=mine), now=now)
        queued = Delivery.objects.filter(state=State.QUEUED, batch__in=mine).select_related("intent", "user")
        rows = list(queued.order_by("intent_id", "id"))
        messages: dict[UUID, _Message] = {batch: _Message(batch) for batch in mine}
        for row in rows:
            messages[row.batch].deliveries.append(row)
        crash_point("before-claim-commits", *{row.intent.kind for row in rows})
    return [message for message in messages.values() if message.deliveries]


def _send(message: _Message, connection: BaseEmailBackend, now: datetime) -> str:
    """Send one message and write what became of it; the state that it ended in, or ``retry``.

    Raises:
        _ServerAway: when there is no connection to be had; nothing is written then.
    """
    if message.first.attempts > MAX_ATTEMPTS:
        return _give_up(message, "every attempt ended with the process")
    if not _drop_unreadable(message):
        return State.SUPPRESSED
    if message.first.quiet_until and not _drop_settled(message):
        return State.SETTLED
    _open(connection)  # before the cap is asked, so that a server that is away uses none of it up
    try:
        if not _within_limit(message, now):
            return _settle(message, State.SUPPRESSED, "over the limit for this address")
        mail = render_mail(deliveries=message.deliveries, now=now)
    except ValidationError as error:
        return _give_up(message, f"address refused: {'; '.join(error.messages)}")
    except Exception as error:  # noqa: BLE001 - a poison message must not stop those behind it
        return _try_again(message, error, now)
    crash_point("before-send", message.first.intent.kind)
    try:
        mail.connection = connection
        mail.send()
    except Exception as error:  # noqa: BLE001 - whatever the transport raises belongs to this message
        _close(connection)  # the conversation may be in any state; the next message opens a new one
        return _refused(message, error, now)
    crash_point("after-send-before-commit", message.first.intent.kind)
    message.rows().update(
        state=State.ACCEPTED, accepted_at=now, locked_until=None, message_id=message_id(message.first), last_error=""
    )
    _hint(message)
    return State.ACCEPTED


def _drop_unreadable(message: _Message) -> bool:
    """Take out what its reader may see no more: a mail may have waited for hours while rights went. What is left."""
    reader = message.first.user
    if reader is None:  # an address without an account; the notice chose it
        return True
    intents = [row.intent for row in message.deliveries]
    visible = registry.get(intents[0].kind).visible(intents, reader) if reader.is_active else set()
    gone = [row for row in message.deliveries if row.intent_id not in visible]
    if gone:
        _settle(_Message(message.batch, gone), State.SUPPRESSED, "its reader may not see this any more")
        message.deliveries = [row for row in message.deliveries if row.intent_id in visible]
    return bool(message.deliveries)


def _drop_settled(message: _Message) -> bool:
    """Take out what was settled while its reader had quiet hours: they slept well over it. What is left."""
    intents = [row.intent for row in message.deliveries]
    settled = registry.get(intents[0].kind).settled(intents)
    gone = [row for row in message.deliveries if row.intent_id in settled]
    if gone:
        _settle(_Message(message.batch, gone), State.SETTLED, "settled in its reader's quiet hours")
        message.deliveries = [row for row in message.deliveries if row.intent_id not in settled]
    return bool(message.deliveries)


def _within_limit(message: _Message, now: datetime) -> bool:
    """Whether the notice's cap for this address has room; a further attempt of the same message counts no more."""
    limit = registry.get(message.first.intent.kind).limit
    if limit is None or message.first.attempts > 1:
        return True
    count, seconds = limit
    key = f"{message.first.intent.kind}:{message.first.address.lower()}"[:160]
    return limits.allow(key, limit=count, seconds=seconds, now=now, rolling=True)


def _open(connection: BaseEmailBackend) -> None:
    try:
        connection.open()
    except (OSError, SMTPException) as error:
        raise _ServerAway(f"{type(error).__name__}: {error}") from error


def _close(connection: BaseEmailBackend) -> None:
    try:
        connection.close()
    except (OSError, SMTPException) as error:
        logger.info("mail connection closed badly: %s", error)


def _refused(message: _Message, error: Exception, now: datetime) -> str:
    """A reply in the 500s is final (RFC 5321, 4.2.1); anything else may pass."""
    if isinstance(error, SMTPRecipientsRefused):
        codes = [code for code, _ in error.recipients.values()]
        if codes and all(code >= 500 for code in codes):
            return _settle(message, State.BOUNCED, str(error))
    elif isinstance(error, SMTPSenderRefused):
        pass  # our own address or its permission: a matter of configuration, which somebody may mend
    elif isinstance(error, SMTPResponseException) and error.smtp_code >= 500:
        return _give_up(message, str(error))
    return _try_again(message, error, now)


def _try_again(message: _Message, error: Exception, now: datetime) -> str:
    text = f"{type(error).__name__}: {error}"
    attempts = message.first.attempts
    if attempts >= MAX_ATTEMPTS:
        return _give_up(message, text)
    logger.warning("delivery %s, attempt %s: %s", message.first.pk, attempts, text)
    message.rows().update(
        next_attempt_at=now + timedelta(seconds=backoff(attempts)), locked_until=None, last_error=text[:2000]
    )
    _hint(message)
    return "retry"


def _give_up(message: _Message, why: str) -> str:
    logger.error("delivery %s (%s) given up: %s", message.first.pk, message.first.intent.kind, why)
    return _settle(message, State.DEAD, why)


def _settle(message: _Message, state: Delivery.State, why: str) -> str:
    message.rows().update(state=state, locked_until=None, last_error=why[:2000])
    _hint(message)
    return state


def _hint(message: _Message) -> None:
    """Pages that show what became of this message ask again."""
    if message.deliveries and registry.get(message.first.intent.kind).shows_progress:
        push.publish(message.first.stream, change="mail")


def _release(messages: list[_Message], now: datetime) -> None:
    """Give back what this round had no time for, as if never claimed."""
    for message in messages:
        message.rows().update(locked_until=None, attempts=F("attempts") - 1)


def _postpone(messages: list[_Message], now: datetime, error: Exception) -> None:
    """Give back everything until the server may be there again, except what has waited for days."""
    by_fate: dict[bool, list[_Message]] = defaultdict(list)
    for message in messages:
        by_fate[now - message.first.created_at > OUTAGE_LIMIT].append(message)
    for message in by_fate[True]:
        _give_up(message, f"no mail server for {OUTAGE_LIMIT.days} days: {error}")
    for message in by_fate[False]:
        message.rows().update(
            locked_until=None,
            attempts=F("attempts") - 1,
            next_attempt_at=now + OUTAGE_PAUSE,
            last_error=str(error)[:2000],
        )
