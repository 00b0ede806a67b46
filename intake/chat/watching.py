"""What is looked after when a visitor went away: that it is on record, and that they hear of an answer."""

import logging
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F, Max, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Greatest

from intake.chat.models import ChatConversation
from outbox import push
from outbox.services import enqueue
from tickets.choices import Channel, MessageKind
from tickets.models import Message, Ticket
from tickets.services.events import record_many

logger = logging.getLogger(__name__)
#: Somebody who reloads a page or changes trains has not left.
AWAY_AFTER = timedelta(minutes=2)
#: Every answer moves its ticket's instant of change; older ones were looked after.
_RECENT = timedelta(days=7)
_BATCH = 200


def look_after(*, now: datetime) -> dict[str, int]:
    """Put on record who left, and send answers to those who left an address. Safe to run twice and in parallel."""
    return {"left": _note_left(now), "mailed": _mail_answers(now)}


@transaction.atomic
def _note_left(now: datetime) -> int:
    gone = ChatConversation.objects.filter(left_at=None, ended_at=None, here_until__lt=now - AWAY_AFTER)
    rows = list(
        gone.select_for_update(of=("self",), skip_locked=True)
        .select_related("ticket__merged_into")
        .order_by("pk")[:_BATCH]
    )
    ChatConversation.objects.filter(pk__in=[row.pk for row in rows]).update(left_at=F("here_until"))
    record_many([(row.goes_on_in.pk, "ticket.chat.left", {}) for row in rows], now=now)
    for row in rows:
        push.publish(f"ticket:{row.goes_on_in.number}")
    return len(rows)


def _mail_answers(now: datetime) -> int:
    """One message for all answers that came since; what the visitor read in the chat is not sent as well."""
    # From the tickets that moved, which an index of theirs names: there are more chats every day.
    moved = Ticket.objects.filter(channel=Channel.CHAT, updated_at__gte=now - _RECENT)
    waiting = ChatConversation.objects.filter(visitor__in=moved.values("requester"), here_until__lt=now - AWAY_AFTER)
    count = 0
    for pk in _with_news(waiting.exclude(claimed_email="")).values_list("pk", flat=True)[:_BATCH]:
        try:
            count += _mail(pk, now)
        except Exception:  # whatever it is, those behind it must hear of their answers
            logger.exception("the answer to chat %s cannot be sent", pk)
    return count


@transaction.atomic
def _mail(pk: int, now: datetime) -> int:
    locked = ChatConversation.objects.filter(pk=pk).select_for_update(skip_locked=True, no_key=True)
    if locked.first() is None:
        return 0
    row = _with_news(ChatConversation.objects.filter(pk=pk)).first()
    if row is None:
        return 0
    newest, known = row.newest, max(row.read_id, row.mailed_id)  # type: ignore[attr-defined]  # annotated
    ticket = Ticket.objects.only("number").get(messages=newest)
    enqueue(
        kind="chat.answered",
        payload={"conversation": row.pk, "ticket": ticket.pk, "message": newest, "after": known},
        stream=f"ticket:{ticket.number}",
        now=now,
    )
    ChatConversation.objects.filter(pk=pk).update(mailed_id=newest)
    return 1


def _with_news(rows: QuerySet[ChatConversation]) -> QuerySet[ChatConversation]:
    """Those of ``rows`` with an answer that is neither read nor mailed, on whichever ticket of the visitor."""
    answers = Message.objects.filter(
        ticket__requester=OuterRef("visitor"), kind=MessageKind.PUBLIC, author__isnull=False
    )
    newest = answers.order_by().values("ticket__requester").annotate(newest=Max("pk")).values("newest")
    return rows.annotate(newest=Subquery(newest)).filter(
        Q(newest__gt=Greatest("read_id", "mailed_id")),
    )
