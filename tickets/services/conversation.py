"""What is said on a ticket: public replies, internal notes, messages of the customer."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from functools import partial

from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from accounts.selectors import staff_with_names
from outbox import clock
from outbox.contention import survives_deadlock
from sla.metrics import Deed, Reply
from sla.services.clocks import apply_deed, follow_status, start_waiting
from tickets.choices import Channel, MessageKind, Status
from tickets.models import Message, Participant, Ticket
from tickets.selectors.canned import is_canned
from tickets.services.articles import note_articles
from tickets.services.assigning import take_if_free
from tickets.services.attachments import StoredFile, attach, kept
from tickets.services.events import record
from tickets.services.intake import Submission, create_ticket
from tickets.services.locking import Change, MergedTicket, changing, demand_revision
from tickets.services.originals import keep_original
from tickets.services.watching import tell_watchers
from tickets.transitions import check_move

#: A closed ticket answered within this time opens again; later the answer starts a ticket linked to it.
REOPEN_WITHIN = timedelta(days=14)


def opens_again(*, closed_at: datetime | None, now: datetime) -> bool:
    """Whether a message of the customer opens the ended ticket again, or starts one that is linked to it."""
    return closed_at is None or now - closed_at <= REOPEN_WITHIN


@survives_deadlock
def reply(
    *,
    ticket: Ticket,
    actor: User,
    body: str,
    marks: Collection[str] = (),
    status: str = "",
    hold_reason: str = "",
    files: Sequence[UploadedFile | StoredFile] = (),
    channel: str = Channel.PORTAL,
    revision: int | None = None,
    takes: bool = True,
    now: datetime | None = None,
) -> Message:
    """Answer the customer, and move the ticket in the same save when ``status`` is given.

    ``marks`` say what the answer is (see `tickets.choices.Mark`); the clocks that it meets are met. An unassigned
    ticket of the answerer's team becomes theirs if it ``takes``. With ``revision``, an answer to a changed
    ticket is refused. An untouched canned answer, and what a service account says, reaches the customer, but is no
    answer to any clock.

    Raises:
        ValidationError: when the text is empty, the move illegal, the ticket stale or a file refused.
    """
    _demand_text(body)
    with kept(files) as stored, changing(ticket.pk, now=now, revision=revision) as change:
        target = check_reply(change.ticket, status=status, hold_reason=hold_reason)
        untouched = not stored and is_canned(ticket=change.ticket, user=actor, body=body)
        is_news = bool(stored) or not _was_said(change.ticket, body)
        message = add_message(
            change, MessageKind.PUBLIC, body, author=actor, files=stored, marks=marks, channel=channel
        )
        if not (untouched or actor.is_service):
            answered(change, Reply(marks=frozenset(marks), is_news=is_news))
        if takes:
            take_if_free(change, actor)
        if target != change.ticket.status:
            move(change, target, actor=actor, hold_reason=hold_reason)
        record(
            ticket=change.ticket,
            code="ticket.reply.public",
            actor=actor,
            now=change.now,
            message=message.pk,
            marks=sorted(marks),
            **({"canned": True} if untouched else {}),
        )
        note_articles(change, body, actor=actor)
        change.tell("ticket.reply", message=message.pk)
        tell_watchers(change, what="reply", actor=actor)
    return message


def check_reply(ticket: Ticket, *, status: str = "", hold_reason: str = "", revision: int | None = None) -> str:
    """The status in which a public reply leaves ``ticket``.

    Raises:
        ValidationError: when it may not be answered, the move is illegal, or ``revision`` is not the present one.
    """
    demand_revision(ticket, revision)
    target = status or (Status.OPEN if ticket.status == Status.NEW else ticket.status)
    if target != ticket.status:
        check_move(source=ticket.status, target=target, has_reply=True, reason=hold_reason, by_hand=True)
    elif not ticket.is_unresolved:
        raise ValidationError(_("This ticket is resolved. Reopen it before you answer."), code="resolved")
    return target


@survives_deadlock
def add_note(
    *,
    ticket: Ticket,
    actor: User,
    body: str,
    shareable: bool = False,
    files: Sequence[UploadedFile | StoredFile] = (),
    channel: str = Channel.PORTAL,
    now: datetime | None = None,
) -> Message:
    """Write an internal note; colleagues mentioned as «@Name» are told and see the ticket from then on.

    A ``shareable`` one goes into the draft of the next progress update.

    Raises:
        ValidationError: when the text is empty or a file refused.
    """
    _demand_text(body)
    with kept(files) as stored, changing(ticket.pk, now=now) as change:
        message = add_message(
            change, MessageKind.NOTE, body, author=actor, files=stored, channel=channel, shareable=shareable
        )
        record(ticket=change.ticket, code="ticket.note", actor=actor, now=change.now, message=message.pk)
        for person in staff_with_names(text=body):
            if person.pk not in (actor.pk, change.ticket.requester_id):  # a note is not for whom it is about
                _mention(change, person, actor=actor, message=message)
    return message


@survives_deadlock
def customer_message(
    *,
    ticket: Ticket,
    author: User,
    body: str,
    channel: str = Channel.PORTAL,
    files: Sequence[UploadedFile] = (),
    html: str = "",
    now: datetime | None = None,
) -> Message:
    """A message of the customer: wakes a waiting ticket, reopens a resolved one, starts a new one long after closing.

    What is written to a merged ticket is a message to the one that it was merged into. ``html`` is the mail as it was
    sent, kept beside its text ``body``.

    Raises:
        ValidationError: when the text is empty or a file refused.
    """
    _demand_text(body)
    said = partial(
        _customer_message,
        addressed=ticket.pk,
        author=author,
        body=body,
        channel=channel,
        files=files,
        html=html,
        now=now,
    )
    ticket = _goes_on_in(ticket)
    try:
        return said(ticket)
    except MergedTicket:  # between our reading and the lock
        return said(_goes_on_in(ticket))


def _goes_on_in(ticket: Ticket) -> Ticket:
    """The ticket that goes on with this one's problem; one hop, because merging keeps it so."""
    return Ticket.objects.filter(merged_from=ticket.pk).first() or ticket


def _customer_message(
    ticket: Ticket,
    *,
    addressed: int,
    author: User,
    body: str,
    channel: str,
    files: Sequence[UploadedFile],
    html: str,
    now: datetime | None,
) -> Message:
    from tickets.services.moves import reopen

    # Read before the lock: a ticket that somebody opens or closes at this very moment is right either way.
    closed_at = Ticket.objects.values_list("closed_at", flat=True).get(pk=ticket.pk)
    if not opens_again(closed_at=closed_at, now=now or clock.now()):
        return _follow_up(ticket, author=author, body=body, channel=channel, files=files, html=html, now=now)
    with kept(files) as stored, changing(ticket.pk, now=now) as change:
        message = add_message(change, MessageKind.CUSTOMER, body, author=author, files=stored, channel=channel)
        keep_original(message=message, html=html)
        if addressed != ticket.pk:
            Message.objects.filter(pk=message.pk).update(written_to=addressed)
        record(ticket=change.ticket, code="ticket.customer_message", actor=author, now=change.now, message=message.pk)
        if not change.ticket.is_unresolved:
            reopen(change, actor=author)
        elif change.ticket.status == Status.PENDING:
            move(change, Status.OPEN, actor=author)
        awaits_answer(change)
        change.tell("ticket.customer_message", message=message.pk)
        tell_watchers(change, what="customer_message", actor=author)
    return message


def _follow_up(
    ticket: Ticket,
    *,
    author: User,
    body: str,
    channel: str,
    files: Sequence[UploadedFile],
    html: str,
    now: datetime | None,
) -> Message:
    submission = Submission(
        subject=ticket.subject,
        description=body,
        requester=ticket.requester,
        author=author,
        channel=channel,
        language=ticket.language,
        category=ticket.category,
        module=ticket.module,
        version=ticket.version,
        files=files,
        html=html,
        follow_up_of=ticket,
    )
    return create_ticket(submission=submission, actor=author, now=now).messages.get()


def add_message(
    change: Change,
    kind: str,
    body: str,
    *,
    author: User | None,
    files: Sequence[StoredFile] = (),
    marks: Collection[str] = (),
    shareable: bool = False,
    channel: str = Channel.PORTAL,
) -> Message:
    """Write one entry of the conversation with its files, under the ticket's lock."""
    message = Message.objects.create(
        ticket=change.ticket,
        kind=kind,
        author=author,
        body=body.strip(),
        marks=sorted(marks),
        shareable=shareable,
        channel=channel,
        created_at=change.now,
    )
    attach(message=message, files=files, now=change.now)
    return message


def awaits_answer(change: Change) -> None:
    """Let the clocks see a message of the customer; it waits for an answer, unless an earlier one does already."""
    if change.ticket.waiting_since is None:
        change.set(waiting_since=change.now)
        start_waiting(facts=change.facts, now=change.now)


def answered(change: Change, message: Reply) -> None:
    """Let the clocks see a public message that a person wrote."""
    change.set(waiting_since=None, urged_at=None)
    if change.ticket.first_response_at is None:
        change.set(first_response_at=change.now)
    meet(change, message)


def meet(change: Change, deed: Deed) -> None:
    """Let the clocks see what a person did; what it meets or is too late for is on record."""
    for closed in apply_deed(facts=change.facts, deed=deed, now=change.now):
        record(
            ticket=change.ticket,
            code=f"clock.{closed.state}",
            actor=None,
            now=change.now,
            metric=closed.metric,
            cycle=closed.cycle,
            due_at=closed.due_at.isoformat(),
        )


def move(change: Change, target: str, *, actor: User | None, hold_reason: str = "") -> None:
    """Change the status of a locked ticket after `check_move` allowed it; the clocks follow."""
    source = change.ticket.status
    change.set(status=target, hold_reason=hold_reason.strip() if target == Status.ON_HOLD else "")
    follow_status(facts=change.facts, now=change.now)
    record(ticket=change.ticket, code="ticket.status", actor=actor, now=change.now, source=source, target=target)


def _mention(change: Change, person: User, *, actor: User, message: Message) -> None:
    Participant.objects.get_or_create(
        ticket=change.ticket,
        user=person,
        defaults={"kind": Participant.Kind.WATCHER, "added_by": actor, "added_at": change.now},
    )
    record(ticket=change.ticket, code="ticket.mentioned", actor=actor, now=change.now, user=person.pk)
    change.tell("ticket.mentioned", user=person.pk, message=message.pk)


def _was_said(ticket: Ticket, body: str) -> bool:
    """Whether the customer could read these very words before: to send them again tells nothing new."""
    return ticket.messages.filter(kind=MessageKind.PUBLIC, body=body.strip()).exists()


def _demand_text(body: str) -> None:
    if not body.strip():
        raise ValidationError({"body": _("Please write something.")})
