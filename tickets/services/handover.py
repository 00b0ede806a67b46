"""Handing a case to another team or tier with a structured note, and the receiver's answer to it (mission.md 5.4).

The clocks do not care: the customer is promised the same, whoever reads the note.
"""

from datetime import datetime

from django.core.exceptions import PermissionDenied, ValidationError
from django.utils.translation import gettext_lazy as _

from accounts.models import Team, User
from outbox.contention import survives_deadlock
from tickets.choices import MessageKind
from tickets.models import Handover, Participant, Ticket
from tickets.permissions import may_hold, works_for
from tickets.services.assigning import check_assignee, move_team, settle_missed
from tickets.services.conversation import add_message
from tickets.services.events import record
from tickets.services.locking import Change, changing


@survives_deadlock
def hand_over(
    *,
    ticket: Ticket,
    actor: User,
    team: Team,
    symptom: str,
    tried: str,
    asked: str,
    assignee: User | None = None,
    now: datetime | None = None,
) -> Handover:
    """Give a ticket of one team to another one, which chooses a person by skill and load unless one is named.

    The note stands in the conversation too, where it outlives its answer. The giver follows the ticket from then on,
    so that they see the answer and can be asked back.

    Raises:
        PermissionDenied: when ``actor`` may not assign to others.
        ValidationError: keyed by field, when a part of the note is missing, it is the ticket's own team, or
            ``assignee`` does not work for the team.
    """
    if not actor.may("ticket.assign"):
        raise PermissionDenied
    note = _whole(symptom=symptom, tried=tried, asked=asked)
    with changing(ticket.pk, now=now) as change:
        source = _demand_another_team(change.ticket, team)
        if assignee is not None:
            check_assignee(change.ticket, assignee, team)
        settle_missed(change, actor=actor)
        lapse_handover(change)
        row = Handover.objects.create(
            ticket=change.ticket, given_by=actor, from_team=source, to_team=team, to_user=assignee,
            created_at=change.now, **note,
        )  # fmt: skip
        add_message(change, MessageKind.NOTE, note_words(**note), author=actor)
        move_team(change, team, actor=actor, assignee=assignee, handover=row.pk)
        Participant.objects.get_or_create(
            ticket=change.ticket,
            user=actor,
            defaults={"kind": Participant.Kind.WATCHER, "added_by": actor, "added_at": change.now},
        )
        change.tell("ticket.handed_over", handover=row.pk, assignee=change.ticket.assignee_id)
    return row


@survives_deadlock
def acknowledge_handover(*, ticket: Ticket, actor: User, now: datetime | None = None) -> Handover:
    """The receiver has understood the note; the giver is told.

    Raises:
        PermissionDenied: when ``actor`` is not of the receiving side.
        ValidationError: when nothing waits for it any more.
    """
    with changing(ticket.pk, now=now) as change:
        row = _answered(change, actor, Handover.State.ACKNOWLEDGED)
        record(ticket=change.ticket, code="ticket.handover.acknowledged", actor=actor, now=change.now, handover=row.pk)
        change.tell("ticket.handover.acknowledged", handover=row.pk)
    return row


@survives_deadlock
def ask_back(*, ticket: Ticket, actor: User, question: str, now: datetime | None = None) -> Handover:
    """Send the case back to whom it came from with a question, which becomes a note.

    Raises:
        PermissionDenied: when ``actor`` is not of the receiving side.
        ValidationError: keyed ``question``, when it is empty; or when nothing waits for an answer any more.
    """
    if not question.strip():
        raise ValidationError({"question": _("Please say what is missing.")})
    with changing(ticket.pk, now=now) as change:
        row = _answered(change, actor, Handover.State.RETURNED)
        message = add_message(change, MessageKind.NOTE, question, author=actor)
        facts = {"handover": row.pk, "message": message.pk}
        record(ticket=change.ticket, code="ticket.handover.returned", actor=actor, now=change.now, **facts)
        giver = row.given_by
        holds = giver is not None and giver.pk != change.ticket.requester_id and works_for(giver, row.from_team)
        move_team(change, row.from_team, actor=actor, assignee=giver if holds else None)
        change.tell("ticket.handover.returned", assignee=change.ticket.assignee_id, **facts)
    return row


def note_words(*, symptom: str, tried: str, asked: str) -> str:
    """The note as one text, in the language of who writes it."""
    parts = [(_("Symptom"), symptom), (_("What was tried"), tried), (_("What is asked"), asked)]
    return "\n\n".join(f"**{title}**\n\n{words}" for title, words in parts)


def lapse_handover(change: Change) -> None:
    """Close the open hand-over of a locked ticket that was resolved or went on before anybody answered."""
    Handover.objects.filter(ticket=change.ticket, state=Handover.State.OPEN).update(
        state=Handover.State.LAPSED, answered_at=change.now
    )


def may_answer(user: User, ticket: Ticket, row: Handover) -> bool:
    """Whether ``user`` is of the side that receives ``row``: one who may hold the ticket, and not its giver."""
    return user.pk != row.given_by_id and may_hold(user, ticket)


def _answered(change: Change, actor: User, state: str) -> Handover:
    rows = Handover.objects.select_related("given_by", "from_team")
    row = rows.filter(ticket=change.ticket, state=Handover.State.OPEN).first()
    if row is None:
        raise ValidationError(_("This hand-over was answered already."), code="answered")
    if not may_answer(actor, change.ticket, row):
        raise PermissionDenied
    row.state, row.answered_by, row.answered_at = state, actor, change.now
    row.save(update_fields=["state", "answered_by", "answered_at"])
    return row


def _whole(**note: str) -> dict[str, str]:
    stripped = {name: words.strip() for name, words in note.items()}
    missing = {name: [_("Please write something.")] for name, words in stripped.items() if not words}
    if missing:
        raise ValidationError(missing)
    return stripped


def _demand_another_team(ticket: Ticket, team: Team) -> Team:
    """The team that has the open ticket, which is not ``team``."""
    if not ticket.is_unresolved:
        raise ValidationError(_("The ticket is resolved already."), code="resolved")
    if ticket.team is None:
        raise ValidationError({"team": _("No team has this ticket yet. Assign it instead.")})
    if ticket.team == team:
        raise ValidationError({"team": _("This team has the ticket already.")})
    return ticket.team
