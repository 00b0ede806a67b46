"""Reading the outbox: the bell, the demo mailbox, what was given up."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Count, QuerySet

from outbox import registry
from outbox.models import Delivery, Heartbeat, Intent, MailboxMessage
from outbox.rendering import render_line

PAGE = 50
_BELL = 100  # how far back the bell looks
#: Written together by one message that beat sent and a worker of deadlines took; the outbox's own heart is another.
TICKING = ("beat", "worker")


@dataclass(frozen=True)
class Line:
    """One line of the bell: several deliveries when they were grouped."""

    text: str
    url: str
    at: datetime
    unseen: bool


def unseen_notices(user: Any) -> int:
    """How many lines of the bell ``user`` has not seen and may still read (counted up to a hundred)."""
    unseen = _page_deliveries(user).filter(seen_at__isnull=True)[:_BELL]
    return len(_readable(list(unseen), user))


def notices(user: Any, *, now: datetime) -> list[Line]:
    """The newest lines of the bell that ``user`` may still read, in the active language."""
    lines = []
    batches = _readable(list(_page_deliveries(user)[:_BELL]), user)[:PAGE]
    by_kind: dict[str, list[Intent]] = defaultdict(list)
    for row in (row for rows in batches for row in rows):
        by_kind[row.intent.kind].append(row.intent)
    for kind, intents in by_kind.items():
        registry.get(kind).prepare(intents)
    for rows in batches:
        line = render_line(deliveries=rows, now=now)
        lines.append(Line(line["text"], line["url"], rows[0].created_at, any(row.seen_at is None for row in rows)))
    return lines


def _page_deliveries(user: Any) -> QuerySet[Delivery]:
    return (
        Delivery.objects.filter(user=user, channel=Delivery.Channel.PAGE, intent__kind__in=registry.kinds())
        .select_related("intent", "user")
        .order_by("-id")
    )


def _readable(deliveries: list[Delivery], user: Any) -> list[list[Delivery]]:
    """By batch, newest first, without what the notice says that ``user`` may no longer see."""
    by_kind: dict[str, list[Intent]] = defaultdict(list)
    for row in deliveries:
        by_kind[row.intent.kind].append(row.intent)
    visible: set[int] = set()
    for kind, intents in by_kind.items():
        visible |= registry.get(kind).visible(intents, user)
    batches: dict[UUID, list[Delivery]] = defaultdict(list)
    for row in deliveries:
        if row.intent_id in visible:
            batches[row.batch].append(row)
    return list(batches.values())


def mailbox(*, search: str = "", before: int | None = None) -> list[MailboxMessage]:
    """Demo mails, newest first, one page and one row more (which tells that there is a next page)."""
    mails = MailboxMessage.objects.order_by("-id").defer("text", "html", "headers")
    if search:
        mails = mails.filter(to__icontains=search)
    if before:
        mails = mails.filter(pk__lt=before)
    return list(mails[: PAGE + 1])


def dead_deliveries() -> QuerySet[Delivery]:
    """What was given up, bounced or held back and waits for somebody's decision, newest first."""
    states = [Delivery.State.DEAD, Delivery.State.BOUNCED, Delivery.State.SUPPRESSED]
    return Delivery.objects.filter(state__in=states).select_related("intent").order_by("-id")


def dead_kinds() -> list[tuple[str, int]]:
    """(kind, how many) of what was given up or bounced, the most first."""
    states = [Delivery.State.DEAD, Delivery.State.BOUNCED]
    rows = Delivery.objects.filter(state__in=states).values_list("intent__kind").annotate(count=Count("pk"))
    return [(str(kind), count) for kind, count in rows.order_by("-count", "intent__kind")]


def dead_intents() -> QuerySet[Intent]:
    """What nobody could be found for."""
    return Intent.objects.filter(state=Intent.State.DEAD).order_by("-id")


def last_tick() -> datetime | None:
    """When beat, broker and the worker for deadlines last answered together; None when they never did."""
    return last_heard(*TICKING)


def last_heard(*names: str) -> datetime | None:
    """When the newest of these hearts beat; None when none ever did."""
    beats = Heartbeat.objects.filter(name__in=names).order_by("-beat_at")
    return beats.values_list("beat_at", flat=True).first()
