"""Tickets of the past, told by another system: written as they were, and nothing begins by it (decision 0071).

No clock starts, nobody is told, no webhook hears, no rule grades or routes: what was promised was promised elsewhere.
From the next change on such a ticket is one like all others.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.core.files.uploadedfile import UploadedFile
from django.db import transaction

from accounts.models import Team, User
from catalog.models import Category, Tag
from search.vectors import document_vector
from tickets.choices import Channel, MessageKind, Status
from tickets.models import Message, Ticket, TicketEvent
from tickets.services.attachments import attach, kept
from tickets.services.intake import next_number


@dataclass(frozen=True)
class PastMessage:
    """One message as it was written."""

    kind: str
    body: str
    created_at: datetime
    author: User | None = None
    channel: str = Channel.API
    files: Sequence[UploadedFile] = ()


@dataclass(frozen=True)
class PastTicket:
    """One ticket as it stood. ``ended_at`` says since when it is closed; ``number`` is what it was called there."""

    source: str
    number: str
    subject: str
    requester: User
    status: str
    severity: str
    created_at: datetime
    updated_at: datetime
    ended_at: datetime | None = None
    channel: str = Channel.API
    language: str = ""
    team: Team | None = None
    assignee: User | None = None
    category: Category | None = None
    tags: Sequence[str] = ()
    hold_reason: str = ""
    messages: Sequence[PastMessage] = field(default_factory=list)


@transaction.atomic
def write_history(*, past: PastTicket, now: datetime) -> Ticket:
    """Write a ticket of the past with its messages and the dates that they had.

    Raises:
        ValidationError: when a file is refused.
    """
    messages = in_order(past)
    ticket = Ticket.objects.create(**_columns(past, messages))
    for message in messages:
        _write_message(ticket, message)
    ticket.tags.set(_tags(past.tags))
    _record(ticket, past, now)
    return ticket


def in_order(past: PastTicket) -> list[PastMessage]:
    """The messages in the order in which they were written, which is that of their rows."""
    return sorted(past.messages, key=lambda message: message.created_at)


def add_past_file(*, message: Message, file: UploadedFile) -> None:
    """Attach a file that came later than its message, with the message's date; nothing begins by it either.

    Raises:
        ValidationError: keyed ``files``, when it is refused.
    """
    with kept([file]) as stored:
        attach(message=message, files=stored, now=message.created_at)


def note_history(*, ticket: Ticket, body: str, now: datetime) -> Message:
    """An internal note of nobody: what could not be brought in."""
    return Message.objects.create(
        ticket=ticket, kind=MessageKind.NOTE, author=None, body=body, channel=Channel.API, created_at=now
    )


def _columns(past: PastTicket, messages: Sequence[PastMessage]) -> dict[str, object]:
    closed = past.status == Status.CLOSED
    text = "\n".join(message.body for message in messages if message.kind == MessageKind.CUSTOMER)
    return {
        "number": next_number(),
        "subject": past.subject,
        "requester": past.requester,
        "organization": past.requester.organization,
        "channel": past.channel,
        "language": past.language or past.requester.language,
        "status": past.status,
        "hold_reason": past.hold_reason,
        "severity": past.severity,
        "team": past.team,
        "assignee": past.assignee,
        "category": past.category,
        "cycle_started_at": past.created_at,
        "created_at": past.created_at,
        "updated_at": past.updated_at,
        "first_response_at": next((m.created_at for m in messages if m.kind == MessageKind.PUBLIC), None),
        "waiting_since": None if closed else _waiting_since(messages),
        "resolved_at": past.ended_at if closed else None,
        "closed_at": past.ended_at if closed else None,
        "tokens": document_vector(("A", past.subject), ("B", text[:100_000])),
    }


def _waiting_since(messages: Sequence[PastMessage]) -> datetime | None:
    """The customer's first message that nobody answered yet."""
    since = None
    for message in messages:
        if message.kind == MessageKind.PUBLIC:
            since = None
        elif message.kind == MessageKind.CUSTOMER:
            since = since or message.created_at
    return since


def _write_message(ticket: Ticket, past: PastMessage) -> None:
    with kept(past.files) as stored:
        message = Message.objects.create(
            ticket=ticket,
            kind=past.kind,
            author=past.author,
            body=past.body,
            channel=past.channel,
            created_at=past.created_at,
        )
        attach(message=message, files=stored, now=past.created_at)


def _tags(names: Sequence[str]) -> list[Tag]:
    found = []
    for name in dict.fromkeys(" ".join(one.split())[:40] for one in names):
        tag = Tag.objects.filter(name__iexact=name).first() or Tag.objects.filter(name_en__iexact=name).first()
        if name:
            found.append(tag or Tag.objects.create(name=name))
    return found


def _record(ticket: Ticket, past: PastTicket, now: datetime) -> None:
    """Rows of the history, past the service that lets webhooks hear."""
    created = {"channel": ticket.channel, "severity": ticket.severity, "team": ticket.team_id, "category": None}
    imported = {"number": past.number, "from": past.source}
    TicketEvent.objects.create(ticket=ticket, code="ticket.created", data=created, created_at=past.created_at)
    TicketEvent.objects.create(ticket=ticket, code="ticket.imported", data=imported, created_at=now)
