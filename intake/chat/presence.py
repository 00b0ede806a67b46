"""Whether a visitor is in the chat, and whether they are typing.

Being there is a column that each question for news moves on, so that leaving can be put on record. Typing is a mark
that runs out (`outbox.marks`). Open pages of the ticket hear of both by the hints by which they hear of colleagues.
"""

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Value
from django.db.models.functions import Greatest

from intake.chat.models import ChatConversation
from outbox import marks, push
from tickets.services.events import record

#: A closed panel asks every thirty seconds; two questions may get lost.
HERE = timedelta(seconds=75)
#: A row is written anew only when so much of that is used up.
_RENEWED_AT = timedelta(seconds=45)
WRITES = timedelta(seconds=8)


def look(*, conversation: ChatConversation, read: int, writes: bool, gone: bool, now: datetime) -> None:
    """The visitor asks for news: they are here, have read up to the message ``read``, and are typing or not.

    With ``gone`` their page says goodbye; it may be open again a moment later.
    """
    was_here = conversation.here_until > now
    news = _type(conversation, writes and not gone, now)
    fields: dict[str, object] = {}
    if gone:
        fields["here_until"] = now
    elif conversation.ended_at is None and conversation.here_until < now + _RENEWED_AT:
        fields["here_until"] = now + HERE
    if read > conversation.read_id:
        fields["read_id"] = Greatest("read_id", Value(read))  # another window may have read further meanwhile
    if fields:
        ChatConversation.objects.filter(pk=conversation.pk).update(**fields)
    if not gone and conversation.left_at is not None and conversation.ended_at is None:
        _returned(conversation, now)
    if news or (was_here == gone and conversation.ended_at is None):
        push.publish(f"presence:{conversation.goes_on_in.number}")


def is_writing(conversation: ChatConversation, *, now: datetime) -> bool:
    """Whether the visitor is typing just now."""
    return bool(marks.read([_place(conversation)], now=now)[0])


def _type(conversation: ChatConversation, writes: bool, now: datetime) -> bool:
    """Whether that is news."""
    if writes:
        return marks.put(_place(conversation), "writes", now=now, lasts=WRITES)
    return marks.drop(_place(conversation), ["writes"])


@transaction.atomic
def _returned(conversation: ChatConversation, now: datetime) -> None:
    away = ChatConversation.objects.filter(pk=conversation.pk, left_at__isnull=False)
    if away.update(left_at=None):
        record(ticket=conversation.goes_on_in, code="ticket.chat.returned", actor=conversation.visitor, now=now)


def _place(conversation: ChatConversation) -> str:
    return f"chat:{conversation.pk}"
