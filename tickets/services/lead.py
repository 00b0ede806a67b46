"""What leads and agents do about an escalation: acknowledge it, call others in, say why it happened."""

from collections.abc import Collection
from datetime import datetime

from django.core.exceptions import PermissionDenied, ValidationError
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from outbox.contention import survives_deadlock
from tickets.models import Escalation, Participant, Ticket
from tickets.services.events import record
from tickets.services.locking import Change, changing


@survives_deadlock
def acknowledge(*, ticket: Ticket, actor: User, now: datetime | None = None) -> int:
    """Acknowledge all open escalations of a ticket (a ticket, not a clock); returns how many there were.

    Raises:
        PermissionDenied: when ``actor`` may not handle escalations.
    """
    if not actor.may("escalation.handle"):
        raise PermissionDenied
    with changing(ticket.pk, now=now, even_merged=True) as change:  # the miss is acknowledged, nothing is done
        return acknowledge_locked(change, actor=actor)


def acknowledge_locked(change: Change, *, actor: User) -> int:
    """Acknowledge the open escalations of a locked ticket, also by what else a lead does about it."""
    count = Escalation.objects.filter(ticket=change.ticket, acknowledged_at=None).update(
        acknowledged_at=change.now, acknowledged_by=actor, climbs_at=None
    )
    if count:
        change.set(breached_at=None)
        record(ticket=change.ticket, code="ticket.escalation.acknowledged", actor=actor, now=change.now, count=count)
    return count


@survives_deadlock
def call_in(*, ticket: Ticket, people: Collection[User], actor: User, now: datetime | None = None) -> None:
    """Call colleagues of other teams, product or R&D into a ticket: they see it and are told.

    Raises:
        ValidationError: when one of ``people`` cannot work on tickets at all.
    """
    if any(not person.may("ticket.view_called") for person in people):
        raise ValidationError(_("Only colleagues can be called in."), code="called_in")
    with changing(ticket.pk, now=now) as change:
        for person in people:
            row = {"kind": Participant.Kind.CALLED_IN, "added_by": actor, "added_at": change.now}
            part, created = Participant.objects.get_or_create(ticket=change.ticket, user=person, defaults=row)
            if created or part.kind != Participant.Kind.CALLED_IN:
                Participant.objects.filter(pk=part.pk).update(**row)  # who only watched is asked for help now
                record(ticket=change.ticket, code="ticket.called_in", actor=actor, now=change.now, user=person.pk)
                change.tell("ticket.called_in", user=person.pk, by=actor.pk)


@survives_deadlock
def give_breach_reason(*, escalation: Escalation, reason: str, actor: User, now: datetime | None = None) -> None:
    """The agent's answer to «why was this missed»; asked once, answered once.

    Raises:
        ValidationError: when it is empty or was given before.
    """
    if not reason.strip():
        raise ValidationError({"reason": _("Please say in a sentence why the deadline was missed.")})
    with changing(escalation.ticket_id, now=now, even_merged=True) as change:  # a miss stays a miss
        fresh = Escalation.objects.filter(pk=escalation.pk, reason="")
        if not fresh.update(reason=reason.strip(), reason_by=actor, reason_at=change.now):
            raise ValidationError(_("The reason was given already."), code="given")
        record(ticket=change.ticket, code="ticket.breach_reason", actor=actor, now=change.now, metric=escalation.metric)
