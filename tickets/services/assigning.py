"""Who works on a ticket: taking, assigning, moving to another team."""

from datetime import datetime
from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import Exists, OuterRef, Q
from django.utils.translation import gettext_lazy as _

from accounts.models import Membership, Team, User
from outbox.contention import survives_deadlock
from tickets import assignment
from tickets.models import Ticket
from tickets.permissions import may_hold, works_for
from tickets.services.escalation import follow_targets
from tickets.services.events import record
from tickets.services.lead import acknowledge_locked
from tickets.services.locking import Change, changing
from tickets.triage import remarks


class AlreadyTaken(ValidationError):
    """Somebody else was quicker."""


@survives_deadlock
def take(*, ticket: Ticket, actor: User, now: datetime | None = None) -> None:
    """Take an unassigned ticket. Of two who try at once, one wins and the other is told.

    Raises:
        PermissionDenied: when ``actor`` does not work on tickets.
        AlreadyTaken: when it has an assignee.
        ValidationError: when it is resolved, or of a team that ``actor`` does not work for.
    """
    if not actor.may("ticket.work"):
        raise PermissionDenied
    with changing(ticket.pk, now=now) as change:
        if change.ticket.assignee_id == actor.pk:
            return
        _demand_takeable(change.ticket, actor)
        if change.ticket.assignee:
            name = {"name": change.ticket.assignee.name}
            raise AlreadyTaken(_("%(name)s has taken this ticket already."), code="taken", params=name)
        _set_assignee(change, actor, actor=actor, code="ticket.taken")


@survives_deadlock
def take_over(*, ticket: Ticket, actor: User, now: datetime | None = None) -> None:
    """A lead takes a ticket from whoever has it; what was escalated is acknowledged by that.

    Raises:
        PermissionDenied: when ``actor`` is no lead.
        ValidationError: as for `take`.
    """
    if not (actor.may("escalation.handle") and actor.may("ticket.work")):
        raise PermissionDenied
    with changing(ticket.pk, now=now) as change:
        if change.ticket.assignee_id != actor.pk:
            _demand_takeable(change.ticket, actor)
            _set_assignee(change, actor, actor=actor, code="ticket.taken_over")
        acknowledge_locked(change, actor=actor)


@survives_deadlock
def assign(
    *,
    ticket: Ticket,
    actor: User,
    assignee: User | None = None,
    team: Team | None = None,
    held_by: int | None = None,
    now: datetime | None = None,
) -> None:
    """Give a ticket to a person of its team; one that no team has, to a team, which chooses by skill and load.

    From one team to another it goes with a note (`services.handover`).

    With ``held_by``, the id of a person or 0 for nobody, only while that person has it: a list, a drag or an undo from
    a page that lay open does not take it from whoever got it meanwhile.

    Raises:
        PermissionDenied: when ``actor`` may not assign to others.
        ValidationError: keyed ``assignee``, when that person cannot work on tickets of the team; keyed ``team``, when
            another team has the ticket; of code ``moved``, when ``held_by`` has it no more.
    """
    if not actor.may("ticket.assign"):
        raise PermissionDenied
    with changing(ticket.pk, now=now) as change:
        if held_by is not None and (change.ticket.assignee_id or 0) != held_by:
            raise ValidationError(_("Somebody else has this ticket meanwhile; nothing was changed."), code="moved")
        target = team or change.ticket.team
        if change.ticket.team_id and target != change.ticket.team:
            raise ValidationError({"team": _("Another team gets a ticket by a hand-over, with its note.")})
        if assignee is not None:
            check_assignee(change.ticket, assignee, target)
        if assignee or team:
            settle_missed(change, actor=actor)
        if target and target.pk != change.ticket.team_id:
            move_team(change, target, actor=actor, assignee=assignee)
            _tell_holder(change, actor=actor)
        elif assignee is not None and assignee.pk != change.ticket.assignee_id:
            _set_assignee(change, assignee, actor=actor, code="ticket.assigned")
        elif assignee is None and team is None and change.ticket.assignee_id:
            _release(change, actor=actor)


@survives_deadlock
def give_back(
    *, ticket: Ticket, actor: User, assignee: User | None, team: Team | None, now: datetime | None = None
) -> None:
    """Give a ticket back to exactly that team and person, or to nobody, without choosing anew.

    Raises:
        PermissionDenied: when ``actor`` may not assign to others.
        ValidationError: keyed ``assignee``, when that person can no longer work on tickets of the team.
    """
    if not actor.may("ticket.assign"):
        raise PermissionDenied
    with changing(ticket.pk, now=now) as change:
        if assignee is not None:
            check_assignee(change.ticket, assignee, team)
        if (team.pk if team else None) != change.ticket.team_id:
            reasons = [{"code": "assignment.by_hand", "by": actor.name}]
            _enter_team(change, team, actor=actor, assignee=assignee, reasons=reasons)
            _tell_holder(change, actor=actor)
        elif assignee is None and change.ticket.assignee_id:
            _release(change, actor=actor)
        elif assignee is not None and assignee.pk != change.ticket.assignee_id:
            _set_assignee(change, assignee, actor=actor, code="ticket.assigned")


def hand_on_orphans(*, limit: int = 200) -> int:
    """Hand on the unresolved tickets of people who left or work on tickets no more; how many.

    The team chooses anew, else its queue has them.

    Accounts know nothing of tickets, so that somebody left is found by query. Safe to run twice.
    """
    works = Membership.objects.filter(user=OuterRef("assignee"), role__permissions__contains=["ticket.work"])
    gone = Q(assignee__is_active=False) | Q(assignee__is_superuser=False) & ~Exists(works)
    orphaned = Ticket.objects.unresolved().filter(gone, assignee__isnull=False).order_by("next_due_at", "pk")
    count = 0
    for ticket_id in list(orphaned.values_list("pk", flat=True)[:limit]):
        with changing(ticket_id, even_merged=True) as change:
            holder = change.ticket.assignee
            if holder and not holder.may("ticket.work") and change.ticket.is_unresolved:
                _hand_on(change, holder)
                count += 1
    return count


def take_if_free(change: Change, actor: User) -> None:
    """A locked ticket that nobody has becomes that of who answers it, unless they were only called in."""
    if change.ticket.assignee_id is None and may_hold(actor, change.ticket):
        _set_assignee(change, actor, actor=actor, code="ticket.taken")


def _demand_takeable(ticket: Ticket, actor: User) -> None:
    if not ticket.is_unresolved:
        raise ValidationError(_("The ticket is resolved already."), code="resolved")
    if not may_hold(actor, ticket):
        raise ValidationError(_("This person does not work on tickets of that team."), code="assignee")


def _because(change: Change, *reasons: dict) -> list[dict]:
    """Why it is where it is now, after what was said of its product and could not be used."""
    return [*remarks(change.ticket.routing), *reasons]


def settle_missed(change: Change, *, actor: User) -> None:
    """A lead who gives it to somebody has dealt with what was missed; what the move itself misses is new."""
    if actor.may("escalation.handle"):
        acknowledge_locked(change, actor=actor)


def move_team(change: Change, team: Team, *, actor: User, assignee: User | None, **facts: Any) -> None:
    """Let a locked ticket become that of ``team``, which chooses when no ``assignee`` is given; its clocks follow.

    ``facts`` go into the event. Who is told of it is the caller's.
    """
    reasons = [{"code": "assignment.by_hand", "by": actor.name}]
    if assignee is None:
        choice = _choose(change, team)
        assignee, reasons = choice.user, reasons + choice.reasons
    _enter_team(change, team, actor=actor, assignee=assignee, reasons=reasons, **facts)


def _enter_team(
    change: Change, team: Team | None, *, actor: User, assignee: User | None, reasons: list[dict], **facts: Any
) -> None:
    before = change.ticket.team_id
    change.set(team=team, routing=_because(change, *reasons))
    record(
        ticket=change.ticket,
        code="ticket.team",
        actor=actor,
        now=change.now,
        source=before,
        target=team.pk if team else None,
        assignee=assignee.pk if assignee else None,
        **facts,
    )
    follow_targets(change.ticket, facts=change.facts, now=change.now)
    change.set(assignee=assignee)  # afterwards: what is missed by now was missed by whoever had it


def _tell_holder(change: Change, *, actor: User) -> None:
    kind = "ticket.assigned" if change.ticket.assignee_id else "ticket.unassigned"
    change.tell(kind, assignee=change.ticket.assignee_id, by=actor.pk)


def _release(change: Change, *, actor: User) -> None:
    source = change.ticket.assignee_id
    record(ticket=change.ticket, code="ticket.released", actor=actor, now=change.now, source=source)
    change.set(assignee=None, routing=_because(change, {"code": "assignment.released"}))
    if change.ticket.is_unresolved:
        change.tell("ticket.unassigned", assignee=None, by=actor.pk)


def _choose(change: Change, team: Team | None) -> assignment.Choice:
    ticket = change.ticket
    return assignment.choose_assignee(
        team=team, category=ticket.category, severity=ticket.severity, requester=ticket.requester, now=change.now
    )


def _hand_on(change: Change, gone: User) -> None:
    choice = _choose(change, change.ticket.team)
    reasons = _because(change, {"code": "assignment.left", "who": gone.name}, *choice.reasons)
    change.set(assignee=choice.user, routing=reasons)
    if choice.user:
        facts = {"team": change.ticket.team_id, "assignee": choice.user.pk}
        record(ticket=change.ticket, code="ticket.assigned", actor=None, now=change.now, source=gone.pk, **facts)
        change.tell("ticket.assigned", assignee=choice.user.pk)
    else:
        record(ticket=change.ticket, code="ticket.released", actor=None, now=change.now, source=gone.pk)
        change.tell("ticket.unassigned", assignee=None)


def _set_assignee(change: Change, assignee: User, *, actor: User, code: str) -> None:
    before = change.ticket.assignee_id
    change.set(assignee=assignee, routing=_because(change, {"code": "assignment.by_hand", "by": actor.name}))
    record(ticket=change.ticket, code=code, actor=actor, now=change.now, source=before, assignee=assignee.pk)
    if assignee.pk != actor.pk:
        change.tell("ticket.assigned", assignee=assignee.pk, by=actor.pk)
    if before and before != actor.pk:
        change.tell("ticket.taken_away", user=before)


def check_assignee(ticket: Ticket, assignee: User, team: Team | None) -> None:
    """Refuse somebody who cannot hold ``ticket`` as one of ``team``.

    Raises:
        ValidationError: keyed ``assignee``.
    """
    if assignee.pk == ticket.requester_id:
        raise ValidationError({"assignee": _("Nobody works on their own problem.")}, code="assignee")
    if not works_for(assignee, team):
        raise ValidationError({"assignee": _("This person does not work on tickets of that team.")}, code="assignee")
