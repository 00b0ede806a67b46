"""From intents to deliveries: who hears of it, by which channel, in how many messages."""

import logging
import uuid
from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Count, Min

from outbox import preferences, push, registry
from outbox.backoff import MAX_ATTEMPTS, backoff
from outbox.models import Delivery, Intent, Robot
from outbox.registry import Notice, Recipient
from outbox.robots.listening import listening, to_robots

logger = logging.getLogger(__name__)

#: More than this many groupable messages for one recipient, channel and kind in one tick leave as one.
GROUP_ABOVE = 3
_CHANNELS = {Delivery.Channel.MAIL, Delivery.Channel.PAGE, Delivery.Channel.WECOM}


class NobodyToTell(LookupError):
    """Somebody must hear of it, and neither the recipients nor the fallback has anybody."""


def resolve_due(*, now: datetime, limit: int = 200) -> int:
    """Turn up to ``limit`` due intents into deliveries, in one transaction; how many intents were taken.

    Several processes may run this at once: rows another one holds are skipped. What cannot be resolved is tried
    again with growing pauses, then given up visibly; it never holds up its neighbours.
    """
    with transaction.atomic():
        due = Intent.objects.filter(state=Intent.State.PENDING, available_at__lte=now).order_by("available_at", "id")
        intents = list(due.select_for_update(skip_locked=True)[:limit])
        fresh: list[Delivery] = []
        choices = preferences.Choices()
        later: list[tuple[int, Intent]] = []
        _prepare(intents)
        robots = listening({intent.kind for intent in intents})
        for intent in intents:
            fresh += _resolve(intent, robots, now, choices, later)
        _group(fresh, intents)
        Delivery.objects.bulk_create(fresh, batch_size=1000, ignore_conflicts=True)
        preferences.write_lines(later, now=now)
        _save(intents)
        for user_id in {row.user_id for row in fresh if row.channel == Delivery.Channel.PAGE}:
            push.publish(f"user:{user_id}", change="notice")
    return len(intents)


def _prepare(intents: list[Intent]) -> None:
    """Let each kind read at once what its intents name; one that cannot leaves each intent to read and fail alone."""
    by_kind: dict[str, list[Intent]] = defaultdict(list)
    for intent in intents:
        by_kind[intent.kind].append(intent)
    for kind, alike in by_kind.items():
        try:
            with transaction.atomic():
                registry.get(kind).prepare(alike)
        except Exception as error:  # noqa: BLE001 - what is wrong with it is written where the intent is resolved
            logger.info("%s not read at once: %s", kind, error)


def _save(intents: list[Intent]) -> None:
    """Nearly all are resolved, in one short statement; what failed is written row by row."""
    failed = [intent for intent in intents if intent.state != Intent.State.RESOLVED]
    resolved = [intent.pk for intent in intents if intent.state == Intent.State.RESOLVED]
    Intent.objects.filter(pk__in=resolved).update(state=Intent.State.RESOLVED, last_error="")
    Intent.objects.bulk_update(failed, ["state", "attempts", "available_at", "last_error"], batch_size=200)


def _resolve(
    intent: Intent,
    robots: list[Robot],
    now: datetime,
    choices: preferences.Choices,
    later: list[tuple[int, Intent]],
) -> list[Delivery]:
    """The deliveries of one intent; a failure is written on the intent (not saved here) and gives none.

    Who reads of it in the morning's digest goes into ``later``.
    """
    try:
        notice = registry.get(intent.kind)
        with transaction.atomic():  # a failing query of one notice must not spoil the batch
            people, in_digest = choices.narrow(notice, intent, notice.recipients(intent, now))
            deliveries = _deliveries(intent, notice, people, now)
            if not deliveries and notice.must_reach:
                deliveries = _deliveries(intent, notice, notice.fallback_recipients(intent, now), now)
        if not deliveries and notice.must_reach:
            raise NobodyToTell("nobody is there to be told, not even by fallback")
        with transaction.atomic():  # a chat group is told besides, never instead of somebody
            deliveries += to_robots(intent, notice, robots, now)
    except registry.UnknownKind as error:
        intent.state, intent.last_error = Intent.State.DEAD, str(error)
        logger.error("intent %s given up: %s", intent.pk, error)
        return []
    except Exception as error:  # noqa: BLE001 - whatever a notice does, its neighbours must go out
        _failed(intent, error, now)
        return []
    later += [(user_id, intent) for user_id in in_digest]
    intent.state, intent.last_error = Intent.State.RESOLVED, ""
    return deliveries


def _failed(intent: Intent, error: Exception, now: datetime) -> None:
    intent.attempts += 1
    intent.last_error = f"{type(error).__name__}: {error}"[:2000]
    intent.available_at = now + timedelta(seconds=backoff(intent.attempts))
    if intent.attempts >= MAX_ATTEMPTS:
        intent.state = Intent.State.DEAD
        logger.error("intent %s (%s) given up: %s", intent.pk, intent.kind, intent.last_error)
    else:
        logger.warning("intent %s (%s) not resolved: %s", intent.pk, intent.kind, intent.last_error)


def _deliveries(intent: Intent, notice: Notice, people: Sequence[Recipient], now: datetime) -> list[Delivery]:
    rows: dict[tuple[str, str], Delivery] = {}
    for person in people:
        for channel in notice.channels:
            if channel not in _CHANNELS or channel not in person.channels or not _reachable(person, channel):
                continue
            quiet_until = _quiet_until(intent, notice, person, channel, now)
            rows.setdefault((person.key, channel), _delivery(intent, person, channel, quiet_until, now))
    return list(rows.values())


def _quiet_until(intent: Intent, notice: Notice, person: Recipient, channel: str, now: datetime) -> datetime | None:
    """When the message may leave that must not wake its reader now; None when it leaves at once."""
    if channel == Delivery.Channel.PAGE or person.quiet is None:
        return None
    ends_at = person.quiet.ends_at(now)
    return None if ends_at is None or notice.wakes(intent) else ends_at


def _reachable(person: Recipient, channel: str) -> bool:
    addresses = person.key + person.address + person.chat
    if len(person.key) > 120 or max(len(person.address), len(person.chat)) > 254 or "\x00" in addresses:
        raise ValueError("a recipient that no row can hold")  # here, so that only this intent fails
    if channel == Delivery.Channel.MAIL:
        return bool(person.address)
    return person.user_id is not None and (channel == Delivery.Channel.PAGE or bool(person.chat))


def _delivery(intent: Intent, person: Recipient, channel: str, quiet_until: datetime | None, now: datetime) -> Delivery:
    # A line in the page has arrived by being written; a mail has to be sent first.
    written = channel == Delivery.Channel.PAGE
    return Delivery(
        intent=intent,
        channel=channel,
        recipient=person.key,
        user_id=person.user_id,
        address=person.chat if channel == Delivery.Channel.WECOM else person.address,
        language=person.language,
        batch=uuid.uuid4(),
        stream=intent.stream,
        state=Delivery.State.ACCEPTED if written else Delivery.State.QUEUED,
        created_at=now,
        quiet_until=quiet_until,
        next_attempt_at=quiet_until or now,
        accepted_at=now if written else None,
    )


def _group(fresh: list[Delivery], intents: Iterable[Intent]) -> None:
    """Give one batch to many groupable deliveries for the same recipient, channel and kind.

    Mails that an earlier round of the same tick wrote and nobody has touched yet join in. What waits for the same
    end of quiet hours always leaves as one, and never takes along what may leave now.
    """
    buckets: dict[tuple[str, str, str, datetime | None], list[Delivery]] = defaultdict(list)
    kinds = {intent.pk: intent.kind for intent in intents}
    for row in fresh:
        kind = kinds[row.intent_id]
        if registry.get(kind).group and row.channel in (Delivery.Channel.MAIL, Delivery.Channel.PAGE):
            buckets[(row.recipient, row.channel, kind, row.quiet_until)].append(row)
    for (recipient, channel, kind, quiet_until), rows in buckets.items():
        waiting = _waiting(recipient, channel, kind, quiet_until)
        if sum(waiting.values()) + len(rows) <= (1 if quiet_until else GROUP_ABOVE):
            continue
        # The largest takes the others in, so that a flood of thousands is not written anew with every round.
        batch = max(waiting, key=lambda one: waiting[one], default=uuid.uuid4())
        joining = [one for one in waiting if one != batch]
        Delivery.objects.filter(state=Delivery.State.QUEUED, batch__in=joining).update(batch=batch)
        for row in rows:
            row.batch = batch


def _waiting(recipient: str, channel: str, kind: str, quiet_until: datetime | None) -> dict[uuid.UUID, int]:
    """The messages of earlier rounds that nobody has touched, with their sizes; nobody else can until we commit.

    A message belongs to whoever holds its lowest row, here as in `outbox.delivery`.
    """
    untouched = Delivery.objects.filter(
        recipient=recipient,
        channel=channel,
        intent__kind=kind,
        state=Delivery.State.QUEUED,
        quiet_until=quiet_until,
        attempts=0,
        locked_until__isnull=True,
    )
    batches = untouched.values("batch").annotate(lowest=Min("pk"), size=Count("pk")).order_by("lowest")
    found = {row["lowest"]: (row["batch"], row["size"]) for row in batches}
    held = untouched.filter(pk__in=list(found)).select_for_update(skip_locked=True, of=("self",)).order_by("pk")
    # Another process may have joined it to a message of its own between the two questions.
    return dict(found[pk] for pk, batch in held.values_list("pk", "batch") if found[pk][0] == batch)
