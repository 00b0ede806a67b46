"""What the agents' ticket page shows, each part in a fixed number of queries."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import FilteredRelation, OuterRef, Prefetch, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.http import Http404
from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext

from accounts.models import User
from knowledge.models import Article
from knowledge.selectors import matching_articles
from search.vectors import best, query
from sla.choices import ClockState, MetricCode
from sla.models import Clock
from sla.selectors import clocks_to_show
from tickets import custom
from tickets.choices import Channel, Mark, MessageKind
from tickets.message_html import is_long, message_html
from tickets.models import Message, Resolution, Ticket, TicketEvent, TicketSeen
from tickets.originals import kept_of
from tickets.permissions import allowed_actions
from tickets.previews import shape_of
from tickets.selectors.checklist import checklist, templates_for
from tickets.selectors.conversation import newest_part
from tickets.selectors.family import family_of, with_trail
from tickets.selectors.mails import mails_of
from tickets.selectors.merging import merged_into
from tickets.selectors.progress import draft_of
from tickets.selectors.time import minutes_spent
from tickets.wording import regrades_of

HISTORY = 5
SIMILAR = 5
_WORDS = 2000  # characters of a ticket by which its likes are sought
_RELATED = (
    "team", "assignee", "requester", "organization", "category", "module", "version", "fault_type", "follow_up_of",
    "merged_into", "parent", "lease__user",
)  # fmt: skip

_HANDOVER = ("open_handover__given_by", "open_handover__from_team", "open_handover__to_team")


@dataclass(frozen=True)
class Conversation:
    """The messages that are shown, and how many earlier ones are not."""

    messages: list[Any]
    hidden: int

    @property
    def last_id(self) -> int:
        return self.messages[-1].pk if self.messages else 0


def workable_ticket(*, user: User, number: str) -> Ticket:
    """The ticket, if ``user`` sees it from the inside, with its `open_handover` where there is one.

    Raises:
        Http404: when there is none.
    """
    newest = TicketEvent.objects.filter(ticket=OuterRef("pk")).order_by("-id").values("pk")[:1]
    seen = TicketSeen.objects.filter(ticket=OuterRef("pk"), user=user.pk).values("event_id")
    unanswered = FilteredRelation("handovers", condition=Q(handovers__state="open"))  # at most one: `handover_one_open`
    contested = FilteredRelation("contests", condition=Q(contests__state="open"))  # `contest_one_open`
    rows = Ticket.objects.workable_by(user).annotate(
        # Read with the ticket, before what the page shows: what comes later is news.
        last_event_id=Coalesce(Subquery(newest), 0),
        seen_event_id=Coalesce(Subquery(seen), -1),
        open_handover=unanswered,
        open_contest=contested,
        minutes_spent=minutes_spent(),
    )
    ticket = (
        rows.select_related(*_RELATED, *_HANDOVER, "open_contest__raised_by")
        .defer("tokens")
        .filter(number=number)
        .first()
    )
    if ticket is None:
        raise Http404
    return ticket


def conversation(*, ticket: Ticket, whole: bool = False) -> Conversation:
    """The messages in order, with author, files, HTML and the words of their marks."""
    found, hidden = newest_part(_shown(ticket), whole=whole)
    grades = regrades_of(ticket, found)
    mails = mails_of(ticket=ticket, messages=found)
    originals = kept_of([message.pk for message in found if message.channel == Channel.MAIL])
    message: Any
    for message in found:
        dress(message, opens=not hidden and message is found[0])
        message.mail_gone = originals.get(message.pk) is False
        if not originals.get(message.pk):
            message.mail_url = ""
        message.mails = mails.get(message.pk, [])
        # The mails of the newest are on their way; of those before, what did not arrive may be sent again.
        message.moves = any(mail.may_move or message in found[-3:] for mail in message.mails)
        message.mark_words = grades.get(message.pk) or message.mark_words
    return Conversation(found, hidden)


def messages_after(*, ticket: Ticket, pk: int) -> list[Message]:
    """What was written after the message ``pk``."""
    return [dress(message) for message in _shown(ticket).filter(pk__gt=pk).order_by("id")[:20]]


def _shown(ticket: Ticket) -> QuerySet[Message]:
    rows = with_trail(ticket.messages).select_related("author", "source").defer("source__html")  # up to a million each
    return rows.prefetch_related("attachments")


def dress(message: Any, *, opens: bool = False) -> Any:
    """Give a message what its template shows."""
    message.key = str(message.pk)
    message.html = message_html(message, opens=opens)
    message.is_long = is_long(message)
    message.original = getattr(message, "source", None)
    message.mail_url = address_of("intake:mail-of-message", message.pk) if message.channel == Channel.MAIL else ""
    words = [str(Mark(mark).label) for mark in message.marks]
    message.mark_words = " · ".join([*words, gettext("may be told to the customer")] if message.shareable else words)
    message.files = [dress_file(row) for row in message.attachments.all()]
    return message


def dress_file(attachment: Any) -> Any:
    attachment.url = reverse("attachment", args=[attachment.pk])
    attachment.shape = shape_of(attachment)
    attachment.lines_url = reverse("workspace:lines", args=[attachment.pk]) if attachment.shape == "lines" else ""
    return attachment


def clocks(*, ticket: Ticket) -> dict[str, list[Clock]]:
    """Open clocks, the next due first; and closed ones with their verdict, without those that a re-grade replaced."""
    rows = list(clocks_to_show().filter(ticket=ticket).exclude(state=ClockState.SUPERSEDED))
    closed = [row for row in rows if not row.is_open][::-1]
    # A kept progress update is the least news of all: it must not push a missed first response out of sight.
    closed.sort(key=lambda row: row.metric == MetricCode.PROGRESS_UPDATE and row.state == ClockState.MET)
    return {"open": [row for row in rows if row.is_open], "closed": closed[:12]}


def panels(*, ticket: Ticket, user: User, now: datetime, whole: bool = False) -> dict[str, Any]:
    """Context of the parts that change while the page is open."""
    escalations = list(ticket.escalations.select_related("acknowledged_by", "team").order_by("-created_at", "-pk"))
    talk, running, may = conversation(ticket=ticket, whole=whole), clocks(ticket=ticket), allowed_actions(user, ticket)
    update = draft_of(ticket=ticket, clocks=running, now=now) if "reply" in may else None
    items = checklist(ticket=ticket)
    offered = "checklist_add" in may and ticket.is_unresolved and not items.items
    participants = list(ticket.participants.select_related("user").order_by("added_at", "pk"))
    return {
        "ticket": ticket,
        "may": may,
        "checklist": items,
        "templates": list(templates_for(ticket=ticket)) if offered else [],
        "conversation": talk,
        "clocks": running,
        "update": update,
        "escalations": escalations,
        "unacknowledged": [row for row in escalations if row.acknowledged_at is None],
        "unexplained": [row for row in escalations if row.is_unexplained_by(user)],
        "contest": getattr(ticket, "open_contest", None),
        "resolution": None if ticket.is_unresolved else _newest_resolution(ticket),
        "participants": participants,
        "follows": any(part.user_id == user.pk for part in participants),
        "tags": list(ticket.tags.all()),
        "custom": custom.shown(ticket.custom, custom.fields_of(ticket.category)) if ticket.custom else [],
        "merged_into": merged_into(ticket=ticket, user=user),
        "family": family_of(ticket=ticket, user=user),
    }


def _newest_resolution(ticket: Ticket) -> Resolution | None:
    rows = ticket.resolutions.select_related("resolved_by", "cause_report__written_by")
    return rows.order_by("-cycle").first()


def history_of(*, ticket: Ticket, user: User) -> list[Ticket]:
    """The requester's other tickets, the newest first, as far as ``user`` sees them."""
    rows = Ticket.objects.workable_by(user).filter(requester=ticket.requester_id).exclude(pk=ticket.pk)
    return list(rows.defer("tokens", "grading", "routing").order_by("-id")[:HISTORY])


def similar_tickets(*, ticket: Ticket, user: User) -> list[Any]:
    """Resolved tickets that speak of the same, each with its last solution."""
    sought = query(_said(ticket))
    if sought is None:
        return []
    solved = Ticket.objects.workable_by(user).filter(resolved_at__isnull=False, merged_into=None).exclude(pk=ticket.pk)
    newest = Prefetch("resolutions", queryset=Resolution.objects.order_by("-cycle"), to_attr="solutions")
    return list(best(solved, sought, limit=SIMILAR).defer("tokens", "grading", "routing").prefetch_related(newest))


def articles_for(*, ticket: Ticket, user: User) -> list[Article]:
    """Published articles that may answer the ticket."""
    return matching_articles(text=_said(ticket), user=user, language=ticket.language, module=ticket.module)


def linked_articles(*, ticket: Ticket, user: User) -> QuerySet[Any]:
    """Articles written from this ticket or used in it."""
    seen = Article.objects.visible_to(user)
    return ticket.article_links.filter(article__in=seen).select_related("article").order_by("pk")


def _said(ticket: Ticket) -> str:
    first = ticket.messages.filter(kind=MessageKind.CUSTOMER).order_by("id").values_list("body", flat=True).first()
    return f"{ticket.subject}\n{first or ''}"[:_WORDS]


def address_of(name: str, *args: Any) -> str:
    """The address of a page of a room above, empty where it does not exist."""
    try:
        return reverse(name, args=args)
    except NoReverseMatch:
        return ""
