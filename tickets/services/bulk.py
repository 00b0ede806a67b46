"""One change of many tickets: the service of one ticket, run for each, and taken back for each.

Every ticket is its own transaction, so that guards, events, clocks and rights hold for each as ever, one that refuses
does not stop the others, and nobody holds the locks of a hundred.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import override

from accounts.models import Team, User
from outbox import clock
from outbox.contention import survives_deadlock
from tickets.models import BulkEdit, Ticket
from tickets.permissions import may
from tickets.services import assigning, grades, moves, properties
from tickets.services.events import record

#: More than this at once is a job for the administrator.
MOST = 100
#: How long a change can be taken back.
UNDO_FOR = timedelta(minutes=10)


@dataclass(frozen=True)
class Operation:
    """One thing that can be done with many tickets.

    Attributes:
        permission: the action of `tickets.permissions` that each ticket asks for.
        change: the service; called with ``ticket``, ``actor``, ``now`` and the caller's values.
        facts: what of a ticket the service replaces, as JSON.
        restore: brings those facts back by services; called with ``ticket``, ``actor``, ``facts``, ``now``.
    """

    permission: str
    change: Callable[..., Any]
    facts: Callable[[Ticket], dict[str, Any]]
    restore: Callable[..., Any]


@dataclass(frozen=True)
class Undone:
    """How many tickets stand again as before, and the numbers of those that stay as they are now."""

    restored: list[str]
    left: list[str]


def bulk_edit(
    *, tickets: Sequence[Ticket], actor: User, action: str, values: dict[str, Any], now: datetime | None = None
) -> BulkEdit:
    """Do ``action`` with each of ``tickets``, which ``actor`` sees from the inside. The result tells what happened.

    Raises:
        ValidationError: when there is no ticket or more than `MOST`.
        KeyError: for an action that is not in `OPERATIONS`.
    """
    operation = OPERATIONS[action]
    if not tickets:
        raise ValidationError(_("Choose at least one ticket."), code="none")
    if len(tickets) > MOST:
        raise ValidationError(_("At most %(most)d tickets at once.") % {"most": MOST}, code="most")
    edit = BulkEdit.objects.create(actor=actor, action=action, created_at=now or clock.now())
    for ticket in tickets:
        try:
            entry = _change_one(edit, operation, ticket=ticket, actor=actor, values=values, now=now)
        except (ValidationError, PermissionDenied) as refusal:
            edit.refusals.append({"number": ticket.number, "reason": _reason(refusal)})
        else:
            edit.changes.append(entry)
    edit.save(update_fields=["refusals"])
    return edit


@survives_deadlock
def _change_one(
    edit: BulkEdit, operation: Operation, *, ticket: Ticket, actor: User, values: dict[str, Any], now: datetime | None
) -> dict[str, Any]:
    """Change one ticket; what is needed to take it back is written in the same transaction."""
    if not may(actor, operation.permission, ticket):
        raise PermissionDenied
    with transaction.atomic():
        before = _locked(ticket.pk)
        facts = operation.facts(before)
        operation.change(ticket=ticket, actor=actor, now=now, **values)
        after = _locked(ticket.pk)
        if operation.facts(after) == facts:
            raise ValidationError(_("It was so already."), code="same")
        revisions = {"before": before.revision, "after": after.revision}
        entry = {"ticket": ticket.pk, "number": ticket.number, "facts": facts, **revisions}
        BulkEdit.objects.filter(pk=edit.pk).update(changes=[*edit.changes, entry])
    return entry


def undo(*, edit: BulkEdit, actor: User, now: datetime | None = None) -> Undone:
    """Take ``edit`` back where nobody touched the ticket since. Safe to run twice: a restored ticket has moved on.

    The tickets are those that ``actor`` changed a moment ago, also where that moved them out of sight.

    Raises:
        PermissionDenied: when ``edit`` is somebody else's.
        ValidationError: when it was taken back before, or is too old.
    """
    instant = now or clock.now()
    if edit.actor_id != actor.pk:
        raise PermissionDenied
    if edit.undone_at is not None:
        raise ValidationError(_("This was taken back already."), code="undone")
    if instant - edit.created_at > UNDO_FOR:
        raise ValidationError(_("This is too long ago to be taken back."), code="late")
    restored, left = [], []
    for entry in edit.changes:
        try:
            _restore_one(OPERATIONS[edit.action], entry, actor=actor, now=now)
        except (ValidationError, PermissionDenied, Ticket.DoesNotExist):
            left.append(entry["number"])
        else:
            restored.append(entry["number"])
    BulkEdit.objects.filter(pk=edit.pk).update(undone_at=instant)
    return Undone(restored, left)


@survives_deadlock
def _restore_one(operation: Operation, entry: dict[str, Any], *, actor: User, now: datetime | None) -> None:
    with transaction.atomic():
        ticket = _locked(entry["ticket"])
        if ticket.revision != entry["after"]:
            raise ValidationError(_("Somebody changed this ticket meanwhile."), code="stale")
        if not may(actor, operation.permission, ticket):
            raise PermissionDenied
        operation.restore(ticket=ticket, actor=actor, facts=entry["facts"], now=now)
        record(ticket=ticket, code="ticket.bulk_undone", actor=actor, now=now or clock.now())


def _locked(pk: int) -> Ticket:
    return Ticket.objects.select_for_update(of=("self",)).get(pk=pk)


def _reason(refusal: ValidationError | PermissionDenied) -> str:
    return " ".join(refusal.messages) if isinstance(refusal, ValidationError) else _("You may not do this.")


def _give_back(*, ticket: Ticket, actor: User, facts: dict[str, Any], now: datetime | None) -> None:
    team = Team.objects.filter(pk=facts["team"]).first()
    assignee = User.objects.filter(pk=facts["assignee"]).first()
    assigning.give_back(ticket=ticket, actor=actor, team=team, assignee=assignee, now=now)


def _return_status(*, ticket: Ticket, actor: User, facts: dict[str, Any], now: datetime | None) -> None:
    moves.return_status(ticket=ticket, actor=actor, now=now, **facts)


def _regrade_back(*, ticket: Ticket, actor: User, facts: dict[str, Any], now: datetime | None) -> None:
    with override(ticket.language):  # the customer reads it
        reason = _("The severity was changed by mistake; the previous one applies again.")
    grades.regrade(ticket=ticket, actor=actor, severity=facts["severity"], reason=reason, now=now)


def _set_tags(*, ticket: Ticket, actor: User, facts: dict[str, Any], now: datetime | None) -> None:
    properties.set_properties(ticket=ticket, actor=actor, tags=facts["tags"], now=now)


OPERATIONS: dict[str, Operation] = {
    BulkEdit.Action.ASSIGN: Operation(
        "assign", assigning.assign, lambda row: {"team": row.team_id, "assignee": row.assignee_id}, _give_back
    ),
    BulkEdit.Action.STATUS: Operation(
        "status", moves.set_status, lambda row: {"status": row.status, "hold_reason": row.hold_reason}, _return_status
    ),
    BulkEdit.Action.REGRADE: Operation(
        "regrade", grades.regrade, lambda row: {"severity": row.severity}, _regrade_back
    ),
    BulkEdit.Action.TAGS: Operation(
        "properties",
        properties.change_tags,
        lambda row: {"tags": sorted(tag.name for tag in row.tags.all())},
        _set_tags,
    ),
}
