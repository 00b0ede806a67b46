"""«Please hurry» (催单): the customer asks for speed, at most once an hour."""

from datetime import datetime, timedelta

from django.core.exceptions import ValidationError
from django.utils import formats, timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from outbox.contention import survives_deadlock
from tickets.models import Ticket
from tickets.services.events import record
from tickets.services.locking import changing

#: More often would be noise for those who are to work on it.
URGE_AGAIN_AFTER = timedelta(hours=1)


class UrgedAlready(ValidationError):
    """The customer asked less than an hour ago; ``again_at`` is when it is possible again, ``wait`` how long until."""

    def __init__(self, *, again_at: datetime, now: datetime) -> None:
        self.again_at, self.wait = again_at, again_at - now
        clock_time = formats.time_format(timezone.localtime(again_at))
        super().__init__(
            _("You asked us to hurry a short while ago, and we know. You can ask again from %(time)s on."),
            code="urged",
            params={"time": clock_time},
        )


def urges_again_at(ticket: Ticket) -> datetime | None:
    """From when on the customer may urge; None when they did not yet."""
    return ticket.last_urged_at + URGE_AGAIN_AFTER if ticket.last_urged_at else None


@survives_deadlock
def urge(*, ticket: Ticket, actor: User, now: datetime | None = None) -> datetime:
    """The customer asks for speed: the ticket rises in the queue and who works on it is told.

    It stays risen until a person answers. Returns the instant from which they may ask again.

    Raises:
        UrgedAlready: within an hour of the last time, whoever of the customer's side asked.
        ValidationError: when the ticket is resolved.
    """
    with changing(ticket.pk, now=now) as change:
        if not change.ticket.is_unresolved:
            raise ValidationError(_("The ticket is resolved already."), code="resolved")
        again_at = urges_again_at(change.ticket)
        if again_at and change.now < again_at:
            raise UrgedAlready(again_at=again_at, now=change.now)
        change.set(urged_at=change.ticket.urged_at or change.now, last_urged_at=change.now)
        record(ticket=change.ticket, code="ticket.urged", actor=actor, now=change.now)
        change.tell("ticket.urged")
    return change.now + URGE_AGAIN_AFTER
