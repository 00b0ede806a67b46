"""The morning's digest: one mail with what came since the last one, at an hour that its reader chose.

A line is due when it was written before the reader's hour of this day, by the clock of the place where they live. So
what comes at nine waits for the next morning, and a worker that comes back at noon still sends this morning's.
"""

from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import Any

from django.contrib.auth import get_user_model
from django.db import connection, transaction
from django.db.models import Min, OuterRef, Subquery

from outbox import registry
from outbox.mail_models import Digest, DigestLine, MailHabit
from outbox.models import Delivery, Intent
from outbox.preferences import DIGEST
from outbox.quiet import zone_of
from outbox.rendering import render_line
from outbox.services import enqueue_many

_BATCH = 500
#: A mail of more is read by nobody; the page has the rest.
MOST_LINES = 100


@dataclass(frozen=True)
class Section:
    """The lines of one kind."""

    label: str
    lines: list[dict[str, Any]]


def hour_of_today(at: time, user: Any, now: datetime) -> tuple[date, datetime]:
    """The reader's date, and the instant of their hour on it (UTC).

    Where the clocks change, an hour that does not exist moves by the gap and one that comes twice is the first, as for
    quiet hours.
    """
    zone = zone_of(user)
    today = now.astimezone(zone).date()
    return today, datetime.combine(today, at, tzinfo=zone).astimezone(UTC)


def send_due(*, now: datetime) -> int:
    """Begin every digest whose hour has come; how many. Twice a day for nobody, whatever dies in between."""
    begun = 0
    after = 0
    while True:
        with transaction.atomic():
            taken, last, made = _send_batch(after, now)
        begun += made
        if taken < _BATCH:
            return begun
        after = last


def _send_batch(after: int, now: datetime) -> tuple[int, int, int]:
    """The next people for whom something waits: how many, the last one's id, how many digests began."""
    _one_at_a_time()
    waiting = (
        DigestLine.objects.filter(digest=None, user__gt=after, user__is_active=True)
        .values("user")
        .annotate(oldest=Min("created_at"))
        .order_by("user")[:_BATCH]
    )
    oldest = {row["user"]: row["oldest"] for row in waiting}
    if not oldest:
        return 0, after, 0
    due = _due(oldest, now)
    rows = [Digest(user_id=user_id, day=day, created_at=now) for user_id, (day, _hour) in due.items()]
    Digest.objects.bulk_create(rows)
    by_hour: dict[datetime, dict[int, Digest]] = defaultdict(dict)
    for row in rows:
        by_hour[due[row.user_id][1]][row.user_id] = row
    for hour, digests in by_hour.items():
        _fill(digests, hour)
    enqueue_many([_intent(row) for row in rows], now=now)
    return len(oldest), max(oldest), len(rows)


def _due(oldest: dict[int, datetime], now: datetime) -> dict[int, tuple[date, datetime]]:
    """The people whose hour has come over something that waits, with day and hour, unless this day had its digest."""
    habits = MailHabit.objects.select_related("user").in_bulk(list(oldest))
    without = set(oldest) - set(habits)
    people = {pk: habit.user for pk, habit in habits.items()}
    people |= get_user_model().objects.in_bulk(list(without))
    due = {}
    for user_id, since in oldest.items():
        habit = habits.get(user_id) or MailHabit(user_id=user_id)
        day, hour = hour_of_today(habit.digest_at, people[user_id], now)
        if habit.digest != MailHabit.Digest.NEVER and since < hour <= now:
            due[user_id] = (day, hour)
    told = Digest.objects.filter(user__in=list(due), day__gte=min((day for day, _h in due.values()), default=date.max))
    for user_id, day in told.values_list("user", "day"):
        if user_id in due and due[user_id][0] <= day:
            del due[user_id]
    return due


def _fill(digests: dict[int, Digest], hour: datetime) -> None:
    """Give each its lines, in one statement for all who share an hour."""
    own = Digest.objects.filter(pk__in=[row.pk for row in digests.values()], user=OuterRef("user"))
    lines = DigestLine.objects.filter(digest=None, user__in=list(digests), created_at__lt=hour)
    lines.update(digest=Subquery(own.values("pk")[:1]))


def _intent(row: Digest) -> dict[str, Any]:
    return {
        "kind": DIGEST,
        "payload": {"digest": row.pk},
        "stream": f"digest:{row.user_id}",
        "dedupe_key": f"digest:{row.user_id}:{row.day:%Y-%m-%d}",
    }


def _one_at_a_time() -> None:
    """Two tickers take turns; the second finds the lines taken."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('outbox.digest'))")


def still_to_tell(digest: Digest) -> list[Intent]:
    """What of a digest its reader may still see and has still to know, oldest first."""
    lines = DigestLine.objects.filter(digest=digest, intent__kind__in=registry.kinds()).select_related("intent")
    by_kind: dict[str, list[Intent]] = defaultdict(list)
    for line in lines.order_by("intent_id"):
        by_kind[line.intent.kind].append(line.intent)
    kept: list[Intent] = []
    for kind, intents in by_kind.items():
        notice = registry.get(kind)
        notice.prepare(intents)
        visible = notice.visible(intents, digest.user)
        settled = notice.settled([intent for intent in intents if intent.pk in visible])
        kept += [intent for intent in intents if intent.pk in visible and intent.pk not in settled]
    return kept


def sections(digest: Digest, *, now: datetime) -> tuple[list[Section], int]:
    """The lines by kind, as the bell words them, and how many are left out."""
    intents = still_to_tell(digest)
    by_kind: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for intent in intents[-MOST_LINES:]:
        told = Delivery(intent=intent, channel=Delivery.Channel.PAGE, user=digest.user, language=digest.user.language)
        line = render_line(deliveries=[told], now=now)
        by_kind[intent.kind].append({**line, "at": intent.created_at})
    found = [Section(str(registry.get(kind).label), by_kind[kind]) for kind in sorted(by_kind)]
    return found, max(0, len(intents) - MOST_LINES)
