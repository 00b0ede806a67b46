"""What a machine may say of a ticket: that it is over. No person answered, so no promise counts as kept by it."""

from datetime import datetime

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from outbox.contention import survives_deadlock
from sla.metrics import Start
from sla.selectors import default_calendar
from tickets.choices import MessageKind, Status
from tickets.custom import fields_of, missing
from tickets.models import Resolution, Ticket
from tickets.services.conversation import add_message
from tickets.services.events import record
from tickets.services.grades import lapse_contest
from tickets.services.handover import lapse_handover
from tickets.services.locking import changing
from tickets.services.moves import CLOSES_AFTER_WORKING_DAYS, begin_anew
from tickets.services.watching import tell_watchers
from tickets.transitions import check_move


@survives_deadlock
def resolve_unattended(
    *, ticket: Ticket, actor: User, cause: str, solution: str, proof: str, channel: str, now: datetime | None = None
) -> Resolution:
    """Resolve a ticket because monitoring saw the end of it; ``actor`` stands for the monitoring system.

    Raises:
        IllegalMove: when it is resolved already.
        ValidationError: when a custom field has to be answered first, which takes a person.
    """
    with changing(ticket.pk, now=now) as change:
        check_move(source=change.ticket.status, target=Status.RESOLVED)
        if missing(change.ticket.custom, fields_of(change.ticket.category)):
            raise ValidationError(_("Please answer this before the ticket is resolved."))
        text = add_message(change, MessageKind.AUTOMATIC, solution, author=actor, channel=channel)
        resolution = Resolution.objects.create(
            ticket=change.ticket,
            cycle=change.ticket.cycle,
            cause=cause,
            solution=solution,
            verification=Resolution.Verification.MONITORING,
            proof=proof,
            resolved_by=actor,
            resolved_at=change.now,
            close_due_at=default_calendar().add_working_days(change.now, CLOSES_AFTER_WORKING_DAYS),
        )
        source = change.ticket.status
        change.set(status=Status.RESOLVED, hold_reason="", resolved_at=change.now, waiting_since=None, urged_at=None)
        begin_anew(change, Start.RESOLUTION)
        facts = {"source": source, "cycle": change.ticket.cycle, "message": text.pk}
        record(ticket=change.ticket, code="ticket.resolved", actor=actor, now=change.now, **facts)
        lapse_contest(change)
        lapse_handover(change)
        change.tell("ticket.resolved", message=text.pk, cycle=change.ticket.cycle)
        tell_watchers(change, what="resolved", actor=actor)
    return resolution
