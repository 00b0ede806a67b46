"""The root cause report that follows the resolution of a grave problem (mission.md 6.3)."""

from datetime import datetime

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from outbox.contention import survives_deadlock
from sla.metrics import Report
from tickets.models import CauseReport, Ticket
from tickets.services.conversation import meet
from tickets.services.events import record
from tickets.services.locking import changing


@survives_deadlock
def report_cause(
    *, ticket: Ticket, actor: User, course: str, cause: str, prevention: str, now: datetime | None = None
) -> CauseReport:
    """Hand in the report of the present resolution, or a better one in its place; the promise of it is kept.

    Raises:
        ValidationError: when a part is empty (keyed by field), or the ticket is not resolved.
    """
    parts = {"course": course.strip(), "cause": cause.strip(), "prevention": prevention.strip()}
    if missing := [name for name, text in parts.items() if not text]:
        raise ValidationError({name: _("Please fill this in: a report without it helps nobody.") for name in missing})
    with changing(ticket.pk, now=now) as change:
        resolution = change.ticket.resolutions.filter(cycle=change.ticket.cycle).first()
        if change.ticket.is_unresolved or resolution is None:
            raise ValidationError(_("The cause is reported when the ticket is resolved."), code="unresolved")
        row, created = CauseReport.objects.update_or_create(
            resolution=resolution, defaults={**parts, "written_by": actor, "written_at": change.now}
        )
        record(
            ticket=change.ticket,
            code="ticket.cause_reported",
            actor=actor,
            now=change.now,
            cycle=change.ticket.cycle,
            again=not created,
        )
        meet(change, Report())
    return row
