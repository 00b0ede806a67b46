"""Reading widgets and conversations: for the visitor who holds the secret, for the agent, for the administrator."""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib.auth.models import AnonymousUser
from django.db.models import Count, Max, Q, QuerySet

from accounts.authentication import hashed
from intake.chat.models import ChatConversation, ChatWidget
from intake.chat.presence import is_writing
from knowledge.models import Article
from knowledge.selectors import search_articles
from sla.services.calendars import working_calendar
from tickets.assignment import is_anybody_free
from tickets.choices import MessageKind
from tickets.models import Message, Ticket
from tickets.presence import present

OFFERED = 5
#: A panel that comes back after a long time fetches the rest with its next question.
_LINES = 200
#: 256 bits as the browser writes them; the visitor's browser draws them and keeps them.
SECRET = re.compile(r"\A[A-Za-z0-9_-]{43}\Z")
_TOLD = (MessageKind.CUSTOMER, MessageKind.PUBLIC, MessageKind.AUTOMATIC)


def widget_by(token: str) -> ChatWidget | None:
    """The widget that a tag names; one that is switched off is none."""
    rows = ChatWidget.objects.select_related("team", "module", "calendar")
    return rows.filter(token=token, is_active=True).first()


def conversation_by(*, widget: ChatWidget, secret: str, now: datetime) -> ChatConversation | None:
    """The conversation that ``secret`` opens at ``widget``. A wrong, a foreign and an old one are all alike: None."""
    if not SECRET.match(secret):
        return None
    rows = ChatConversation.objects.lasting(now=now).select_related("ticket__merged_into", "visitor", "widget")
    return rows.filter(widget=widget, secret_hash=hashed(secret)).first()


def is_staffed(*, widget: ChatWidget, now: datetime) -> bool:
    """Whether somebody can talk now: inside the hours, on duty, not away, and with room for one more."""
    if widget.calendar is not None:
        try:
            if not working_calendar(widget.calendar).is_working(now):
                return False
        except ValueError:  # hours that make no sense; the administration shows where
            return False
    return is_anybody_free(team=widget.team, now=now)


def articles_for(*, text: str, language: str) -> list[Article]:
    """Public articles that answer ``text``, in the visitor's language where there are any; without text the best."""
    stranger = AnonymousUser()
    if not text.strip():
        rows = Article.objects.visible_to(stranger).published().filter(language=language)
        return list(rows.order_by("-helpful_count", "-published_at", "-id")[:3])
    own = list(search_articles(user=stranger, text=text, language=language)[:OFFERED])
    return own or list(search_articles(user=stranger, text=text)[:OFFERED])


def article_by(slug: str) -> Article | None:
    """One public article."""
    return Article.objects.visible_to(AnonymousUser()).published().filter(slug=slug).first()


def readable(conversation: ChatConversation) -> QuerySet[Message]:
    """What the visitor may read: their own words and public answers, never a note.

    On every ticket of this visitor, who is a person of their own; what was split off is not told twice.
    """
    return Message.objects.filter(ticket__requester=conversation.visitor_id, kind__in=_TOLD, copy_of=None)


def lines_of(*, conversation: ChatConversation, after: int = 0) -> list[Message]:
    """What of it is not shown yet. A ticket's messages are written under its lock, so a later one has a larger id."""
    rows = readable(conversation).filter(pk__gt=after).select_related("author", "chat_line")
    return list(rows.prefetch_related("attachments").order_by("pk")[:_LINES])


def somebody_writes(*, conversation: ChatConversation, now: datetime) -> bool:
    """Whether a colleague is typing a public answer just now."""
    ticket = conversation.goes_on_in
    here = present(tickets=[ticket.pk], besides=conversation.visitor, now=now)
    return any(one.writes == "public" for one in here.get(ticket.pk, []))


@dataclass(frozen=True)
class AtTheTicket:
    """What the page of a ticket says of its chat."""

    chat: ChatConversation
    is_here: bool
    writes: bool


def chat_of(*, ticket: Ticket, now: datetime) -> AtTheTicket | None:
    """The chat of whoever ``ticket`` is from: it goes on wherever their words were merged, split off or moved to."""
    rows = ChatConversation.objects.filter(visitor=ticket.requester_id)
    chat = rows.select_related("widget", "visitor").order_by("-pk").first()
    if chat is None:
        return None
    is_here = chat.ended_at is None and chat.here_until > now
    return AtTheTicket(chat, is_here, is_here and is_writing(chat, now=now))


def widgets_at_a_glance(*, now: datetime) -> QuerySet[ChatWidget]:
    """All widgets with how many are in their chats now, how many there were, and when the newest began."""
    here = Q(conversations__here_until__gt=now, conversations__ended_at=None)
    return ChatWidget.objects.select_related("team", "calendar").annotate(
        here=Count("conversations", filter=here),
        chats=Count("conversations"),
        newest=Max("conversations__began_at"),
    )


def chats_of(widget: ChatWidget) -> QuerySet[ChatConversation]:
    """Its conversations, the newest first."""
    return widget.conversations.select_related("ticket", "visitor").order_by("-pk")


def facts_of(conversation: ChatConversation) -> dict[str, Any]:
    """Where the conversation stands, for its visitor."""
    ticket = conversation.goes_on_in
    state = "ended" if conversation.ended_at else "live" if ticket.is_unresolved else "solved"
    return {"state": state, "number": ticket.number, "name": conversation.visitor.name}
