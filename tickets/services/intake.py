"""A problem becomes a ticket: graded, routed, assigned, promised and acknowledged in one transaction."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.db import connection, transaction
from django.utils.translation import gettext as _

from accounts.models import Team, User
from catalog.models import Category, Module, Version
from outbox import clock
from outbox.contention import survives_deadlock
from outbox.crash import crash_point
from outbox.services import enqueue
from search.vectors import document_vector
from sla.metrics import Start
from sla.services.clocks import start_clocks
from tickets import assignment
from tickets.choices import Channel, MessageKind, Status
from tickets.custom import cleaned, fields_of
from tickets.foresight import judge
from tickets.models import Message, Ticket
from tickets.services.attachments import StoredFile, attach, kept
from tickets.services.deadlines import refresh_next_due
from tickets.services.events import record
from tickets.services.locking import announce, facts_of
from tickets.services.originals import keep_original
from tickets.triage import both_names, to_spare_team, to_team

#: Clocks of customers differ from ours by a little.
_CLOCKS_DIFFER = timedelta(minutes=10)
#: Older is a slip of the finger; and the first and last years of the calendar cannot be told in every time zone.
_EARLIEST = datetime(1990, 1, 1, tzinfo=UTC)


def check_began_at(began_at: datetime | None, *, now: datetime) -> None:
    """Refuse a beginning of the problem that cannot be meant.

    Raises:
        ValidationError: when it lies in the future or before the year 1990.
    """
    if began_at is None:
        return
    if began_at > now + _CLOCKS_DIFFER:
        raise ValidationError(_("This time is in the future."))
    if began_at < _EARLIEST:
        raise ValidationError(_("This is too long ago. Please look at the year."))


@dataclass(frozen=True)
class Submission:
    """What a customer tells, by whatever channel. Only subject, description and requester are required."""

    subject: str
    description: str
    requester: User
    channel: str = Channel.WEB
    language: str = ""
    impact: str = ""
    urgency: str = ""
    data_loss: bool | None = None
    category: Category | None = None
    module: Module | None = None
    version: Version | None = None
    team: Team | None = None
    """Whose work it is by the way that it came in (a monitoring source); none: the rules decide."""
    remarks: Sequence[dict] = ()
    """Reasons about what was said and could not be used; the ticket keeps them before those of its routing."""
    affected: str = ""
    trigger: str = ""
    custom: Mapping[str, Any] = field(default_factory=dict)
    """Answers to custom fields of the category, by their code."""
    began_at: datetime | None = None
    files: Sequence[UploadedFile] = ()
    html: str = ""
    """The mail as it was sent; the description is its text."""
    follow_up_of: Ticket | None = None
    author: User | None = None
    """Who wrote the words, when not the requester: a colleague of theirs."""
    spare_team: Team | None = None
    """Takes it where no rule says who does: the team of the mailbox it came to."""
    is_answered: bool = True
    """Whether the number is told; never to a machine, which might answer that."""


@survives_deadlock
def create_ticket(*, submission: Submission, actor: User | None, now: datetime | None = None) -> Ticket:
    """Make one ticket of one submission.

    ``actor`` is who made the request (None for an anonymous form). The caller has validated the fields; files are
    checked here.

    Raises:
        ValidationError: when a file or an answer to a custom field is refused.
    """
    with kept(submission.files) as stored, transaction.atomic():
        return _create(submission, stored, actor=actor, now=now or clock.now())


def _create(submission: Submission, stored: list[StoredFile], *, actor: User | None, now: datetime) -> Ticket:
    ticket = write_ticket(submission, now=now)
    message = Message.objects.create(
        ticket=ticket,
        kind=MessageKind.CUSTOMER,
        author=submission.author or submission.requester,
        body=submission.description,
        channel=submission.channel,
        created_at=now,
    )
    attach(message=message, files=stored, now=now)
    keep_original(message=message, html=submission.html)
    announce_new(ticket, actor=actor, now=now)
    start_clocks(facts=facts_of(ticket), begun=Start.TICKET, now=now)
    refresh_next_due([ticket.pk])
    if submission.is_answered:
        enqueue(kind="ticket.acknowledged", payload={"ticket": ticket.pk}, stream=f"ticket:{ticket.number}", now=now)
    crash_point("intake-before-commit")
    return ticket


def write_ticket(submission: Submission, *, now: datetime, received_at: datetime | None = None) -> Ticket:
    """Grade, route and assign, and write the row with the reasons; within the caller's transaction.

    ``received_at`` is when the words came, if that was earlier: as long the customer has waited for.
    """
    if submission.follow_up_of:  # before the team's lock, in the order in which every change takes them
        Ticket.objects.select_for_update(no_key=True).only("pk").get(pk=submission.follow_up_of.pk)
    requester = submission.requester
    judged = judge(
        subject=submission.subject,
        description=submission.description,
        impact=submission.impact,
        urgency=submission.urgency,
        data_loss=submission.data_loss,
        category=submission.category,
        module=submission.module,
        version=submission.version,
        organization=requester.organization,
    )
    grade = judged.grade
    routing = to_team(to_spare_team(judged.routing, submission.spare_team), submission.team)
    choice = assignment.choose_assignee(
        team=routing.team, category=routing.category, severity=grade.severity, requester=requester, now=now
    )
    return Ticket.objects.create(
        number=next_number(),
        subject=submission.subject,
        requester=requester,
        organization=judged.organization,
        channel=submission.channel,
        language=submission.language or requester.language,
        status=Status.NEW,
        impact=grade.impact,
        urgency=grade.urgency,
        data_loss=grade.data_loss,
        severity=grade.severity,
        grading=grade.reasons,
        routing=[*submission.remarks, *routing.reasons, *choice.reasons],
        team=routing.team,
        assignee=choice.user,
        category=routing.category,
        module=routing.module,
        version=submission.version,
        affected=submission.affected,
        trigger=submission.trigger,
        custom=_answers(submission),
        began_at=submission.began_at,
        cycle_started_at=received_at or now,
        waiting_since=received_at or now,
        created_at=received_at or now,
        updated_at=now,
        follow_up_of=submission.follow_up_of,
        tokens=document_vector(("A", submission.subject), ("B", submission.description)),
    )


def _answers(submission: Submission) -> dict[str, Any]:
    """What was said to custom fields, as it is kept."""
    if not submission.custom:
        return {}
    given = cleaned(submission.custom, fields_of(submission.category, asked=True))
    return {code: value for code, value in given.items() if value is not None}


def announce_new(ticket: Ticket, *, actor: User | None, now: datetime, **facts: str) -> None:
    """The first events of a new ticket, and the word to whoever works on it.

    ``facts`` are further ones of the event.
    """
    record(
        ticket=ticket,
        code="ticket.created",
        actor=actor,
        now=now,
        channel=ticket.channel,
        severity=ticket.severity,
        team=ticket.team_id,
        category=both_names(ticket.category) if ticket.category else None,
        **facts,
    )
    if ticket.assignee_id:
        record(
            ticket=ticket,
            code="ticket.assigned",
            actor=None,
            now=now,
            team=ticket.team_id,
            assignee=ticket.assignee_id,
            source=None,
        )
    kind = "ticket.assigned" if ticket.assignee_id else "ticket.unassigned"
    told = {"ticket": ticket.pk, "assignee": ticket.assignee_id}
    enqueue(kind=kind, payload=told, stream=f"ticket:{ticket.number}", now=now)
    announce(ticket)


def next_number() -> str:
    """The next ticket number; a sequence never gives one twice, not even after a rollback."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT nextval('tickets_ticket_number')")
        return f"T{cursor.fetchone()[0]}"
