"""Telling people by a chat service: claimed with a lease, sent part by part outside any transaction, then written down.

The same promises as for mails (`outbox.delivery`): in the order of each stream, at least once, bounded attempts with
growing pauses, a dead letter at the end. How many parts of a long message left is kept, so that the next attempt goes
on with the one that failed.
"""

import time
from collections import Counter
from collections.abc import Callable
from datetime import datetime

from django.db import transaction
from django.db.models import F
from django.utils.translation import override

from outbox import chat, clock, push, registry
from outbox.backoff import MAX_ATTEMPTS
from outbox.claiming import LEASE, lease, sendable
from outbox.crash import crash_point
from outbox.models import Delivery
from outbox.outcomes import accept, give_up, queued, release, settle, try_again, wait
from outbox.rendering import render_words

_AT_ONCE = 10
_RUN_SECONDS = 30
#: The parts of one message begin within this time, so that nobody else takes it up while its last one is on its way.
_PARTS_SECONDS = LEASE.total_seconds() / 4
State = Delivery.State


def send_due(*, read_clock: Callable[[], datetime] = clock.now) -> Counter[str]:
    """Send what is due by all chat services; how many deliveries ended in which state."""
    done: Counter[str] = Counter()
    last_start = time.monotonic() + _RUN_SECONDS
    for channel in chat.channels():
        while time.monotonic() <= last_start and (rows := _claim(channel, read_clock())):
            for row in rows:
                if time.monotonic() > last_start:
                    release([row])
                    continue
                done[_send(row, read_clock())] += 1
                if registry.get(row.intent.kind).shows_progress:
                    push.publish(row.stream, change="mail")
    return done


def _claim(channel: str, now: datetime) -> list[Delivery]:
    """Lease the next messages to this process; the attempt is counted here, so that a killed one counts too."""
    with transaction.atomic():
        due = sendable(channel, now=now).select_for_update(skip_locked=True, of=("self",))
        found = list(due.values_list("pk", flat=True)[:_AT_ONCE])
        lease(Delivery.objects.filter(pk__in=found), now=now)
    return list(Delivery.objects.filter(pk__in=found).select_related("intent", "user").order_by("intent_id", "id"))


def _send(row: Delivery, now: datetime) -> str:
    """Send what is left of one message and write what became of it; the state that it ended in, ``retry``, ``wait``."""
    service = chat.service_of(row.channel)
    if service is None or not service.contact(row.user, row.stream):
        return give_up([row], "nobody is reached by this ID any more")
    if row.attempts > MAX_ATTEMPTS:
        return give_up([row], "every attempt ended with the process")
    intents = [row.intent]
    notice = registry.get(row.intent.kind)
    if not notice.visible(intents, row.user):
        return settle([row], State.SUPPRESSED, "its reader may not see this any more")
    if row.quiet_until and notice.settled(intents):
        return settle([row], State.SETTLED, "settled in its reader's quiet hours")
    try:
        words = render_words(delivery=row, now=now)
        with override(row.language):
            parts = service.parts(words)
    except Exception as error:  # noqa: BLE001 - a poison message must not stop those behind it
        return try_again([row], f"{type(error).__name__}: {error}", now)
    return _tell(service, row, list(parts), now)


def _tell(service: chat.Service, row: Delivery, parts: list[str], now: datetime) -> str:
    last_start = time.monotonic() + _PARTS_SECONDS
    for part in parts[row.parts_sent :]:
        if time.monotonic() > last_start:
            release([row])
            return "wait"
        crash_point("before-chat", row.intent.kind)
        said = service.tell(row.user, row.stream, part, now=now)
        if said.nobody:
            return settle([row], State.BOUNCED, said.error)
        if said.wait:
            return wait([row], said.error, said.wait, now)
        if said.error:
            return try_again([row], said.error, now)
        queued([row]).update(parts_sent=F("parts_sent") + 1)
    return accept([row], now)
