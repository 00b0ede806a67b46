"""A message that speaks of another problem becomes a ticket of its own."""

from collections.abc import Sequence
from datetime import datetime

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from outbox.contention import survives_deadlock
from outbox.services import enqueue
from sla.services.clocks import start_late
from tickets.choices import MessageKind
from tickets.models import Attachment, Message, Ticket
from tickets.services.deadlines import refresh_next_due
from tickets.services.escalation import record_overdue
from tickets.services.events import record
from tickets.services.intake import Submission, announce_new, write_ticket
from tickets.services.locking import Change, changing, facts_of


@survives_deadlock
def split_ticket(
    *, ticket: Ticket, messages: Sequence[Message], subject: str, actor: User, now: datetime | None = None
) -> Ticket:
    """A new ticket of the same customer that begins with copies of these ``messages`` of theirs, files included.

    The originals stay where they are and say where they go on. The new ticket's promises count from the receipt of
    the first one (docs/deadlines.md, «Splitting»); the customer is told its number.

    Raises:
        ValidationError: without a subject; when a message is not one of the customer on this ticket, or was split
            before; when nothing would be left.
        MergedTicket: when the ticket was merged into another one.
    """
    if not subject.strip():
        raise ValidationError({"subject": _("Give the new ticket a subject.")})
    with transaction.atomic(), changing(ticket.pk, now=now) as change:
        chosen = _chosen(change, messages)
        new = _write(change, chosen, subject=subject.strip(), actor=actor)
        for message in chosen:
            _copy(message, new, now=change.now)
        record(ticket=change.ticket, code="ticket.split", actor=actor, now=change.now, number=new.number)
        enqueue(
            kind="ticket.split",
            payload={"ticket": new.pk, "origin": change.ticket.pk},
            stream=f"ticket:{new.number}",
            now=change.now,
        )
    return new


def _chosen(change: Change, messages: Sequence[Message]) -> list[Message]:
    """The messages as they are under the lock, the oldest first."""
    wanted = {message.pk for message in messages}
    rows = change.ticket.messages.filter(pk__in=wanted).select_related("author").prefetch_related("attachments")
    found = list(rows.order_by("pk"))
    if not wanted or len(found) < len(wanted) or any(row.kind != MessageKind.CUSTOMER for row in found):
        raise ValidationError({"messages": _("Only messages of the customer on this ticket become another one.")})
    if Message.objects.filter(copy_of__in=found).exists():
        raise ValidationError({"messages": _("One of these messages goes on in another ticket already.")})
    customers = change.ticket.messages.filter(kind=MessageKind.CUSTOMER)
    if customers.count() == len(found):
        raise ValidationError({"messages": _("Nothing would be left: leave the ticket a message of its own.")})
    return found


def _write(change: Change, chosen: list[Message], *, subject: str, actor: User) -> Ticket:
    """The row, graded and routed by its own words, with promises that count since the words came."""
    origin, first = change.ticket, chosen[0]
    submission = Submission(
        subject=subject,
        description="\n\n".join(message.body for message in chosen),
        requester=origin.requester,
        channel=first.channel,
        language=origin.language,
        module=origin.module,
        version=origin.version,
        follow_up_of=origin,
    )
    new = write_ticket(submission, now=change.now, received_at=first.created_at)
    answers = origin.messages.filter(kind=MessageKind.PUBLIC, pk__gt=chosen[-1].pk).order_by("pk")
    answer = answers.values_list("created_at", flat=True).first()
    if answer:
        new.first_response_at, new.waiting_since = answer, None
        new.save(update_fields=["first_response_at", "waiting_since"])
    announce_new(new, actor=actor, now=change.now, split_from=origin.number)
    start_late(facts=facts_of(new), answered=answer is not None, now=change.now)
    refresh_next_due([new.pk])
    record_overdue(new, now=change.now, inclusive=True)
    return new


def _copy(message: Message, new: Ticket, *, now: datetime) -> None:
    """The words with who wrote them and when; files are not stored twice, their rows name the same one."""
    copy = Message.objects.create(
        ticket=new,
        kind=message.kind,
        author=message.author,
        body=message.body,
        channel=message.channel,
        created_at=message.created_at,
        copy_of=message,
    )
    files = list(message.attachments.all())
    for file in files:
        file.pk, file.message, file.created_at = None, copy, now
    Attachment.objects.bulk_create(files)
