"""A visitor begins to talk, says something, and ends it. What they say is the ticket's conversation, nothing beside it.

A visitor is a person of their own (decision 0073). Whoever types an address is by that nobody whom we know: the address
is kept as a claim, shown to the agent, and used to send answers to, within the limits of the public form.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.authentication import hashed
from accounts.models import Membership, Role, User
from accounts.services.people import clean_name, stand_in
from intake.chat.models import ChatConversation, ChatLine, ChatWidget
from intake.chat.presence import HERE
from intake.chat.selectors import conversation_by
from outbox.contention import survives_deadlock
from tickets.choices import Channel
from tickets.models import Message, Ticket
from tickets.services.conversation import customer_message
from tickets.services.events import record
from tickets.services.intake import Submission, create_ticket
from tickets.services.locking import announce

_SUBJECT = 120
#: Said of every secret that opens nothing (any more).
OVER = gettext_lazy("This chat is over. Please begin a new one.")


@dataclass(frozen=True)
class Opening:
    """What a visitor begins with; ``key`` names this sending, ``secret`` is theirs from now on."""

    widget: ChatWidget
    secret: str = field(repr=False)
    name: str
    words: str
    key: UUID
    language: str
    email: str = ""


@survives_deadlock
def begin(*, opening: Opening, now: datetime) -> ChatConversation:
    """The conversation of ``opening`` with its ticket; sent again after a lost answer, it is the same one.

    Raises:
        ValidationError: the secret was used before, here long ago or elsewhere (code ``gone``).
    """
    mark = hashed(opening.secret)
    with transaction.atomic():
        # Of two that are sent at once the second waits here for the row of the first, and then finds its conversation.
        visitor = _visitor(opening, mark)
        there = conversation_by(widget=opening.widget, secret=opening.secret, now=now)
        if there is not None:
            return there
        if ChatConversation.objects.filter(secret_hash=mark).exists():
            raise ValidationError(OVER, code="gone")
        ticket = _ticket(opening, visitor, now)
        conversation = ChatConversation.objects.create(
            widget=opening.widget,
            secret_hash=mark,
            ticket=ticket,
            visitor=visitor,
            claimed_email=opening.email,
            language=opening.language,
            began_at=now,
            last_at=now,
            here_until=now + HERE,
        )
        ChatLine.objects.create(conversation=conversation, key=opening.key, message=ticket.messages.earliest("pk"))
        record(ticket=ticket, code="ticket.chat.started", actor=visitor, now=now)
    return conversation


def _visitor(opening: Opening, mark: str) -> User:
    name = clean_name(opening.name) or _("Visitor")
    visitor = stand_in(key=f"chat-{mark[:32]}", name=name, language=opening.language)
    Membership.objects.get_or_create(user=visitor, role=Role.objects.get(code="customer"), team=None)
    return visitor


def _ticket(opening: Opening, visitor: User, now: datetime) -> Ticket:
    first_line = " ".join(next(line for line in opening.words.splitlines() if line.strip()).split())
    submission = Submission(
        subject=first_line[:_SUBJECT],
        description=opening.words,
        requester=visitor,
        channel=Channel.CHAT,
        language=opening.language,
        team=opening.widget.team,
        module=opening.widget.module,
    )
    return create_ticket(submission=submission, actor=visitor, now=now)


@survives_deadlock
def say(
    *, conversation: ChatConversation, words: str, key: UUID, files: Sequence[UploadedFile] = (), now: datetime
) -> Message:
    """A message of the visitor; the same ``key`` again is the same message.

    Raises:
        ValidationError: the chat was ended (code ``ended``), there are no words, or a file is refused.
    """
    with transaction.atomic():
        row = _locked(conversation)
        earlier = ChatLine.objects.select_related("message").filter(conversation=row, key=key).first()
        if earlier is not None:
            return earlier.message
        if row.ended_at is not None:
            raise ValidationError(_("This chat was ended."), code="ended")
        said = customer_message(
            ticket=row.ticket, author=row.visitor, body=words, channel=Channel.CHAT, files=files, now=now
        )
        ChatLine.objects.create(conversation=row, key=key, message=said)
        # Long after closing it is another ticket, and what was merged goes on in the other one: so does the chat.
        row.ticket, row.last_at = said.ticket, now
        row.save(update_fields=["ticket", "last_at"])
    return said


@survives_deadlock
def end(*, conversation: ChatConversation, now: datetime) -> None:
    """The visitor ends the chat; the ticket goes on by its own rules. Ending twice is ending once."""
    with transaction.atomic():
        row = _locked(conversation)
        if row.ended_at is not None:
            return
        row.ended_at, row.here_until = now, now
        row.save(update_fields=["ended_at", "here_until"])
        # No change of the ticket: a reply that somebody is writing must not come back because the visitor went.
        record(ticket=row.goes_on_in, code="ticket.chat.ended", actor=row.visitor, now=now)
        announce(row.goes_on_in)


def _locked(conversation: ChatConversation) -> ChatConversation:
    """Before the ticket's row, everywhere: two sendings of one visitor wait in line here."""
    rows = ChatConversation.objects.select_for_update(of=("self",), no_key=True)
    return rows.select_related("ticket__merged_into", "visitor").get(pk=conversation.pk)
