"""Sending a mail to the customer, or a message by chat, again that was given up, bounced or held back."""

from datetime import datetime

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from accounts.models import User
from outbox import upkeep
from outbox.contention import survives_deadlock
from outbox.models import Delivery
from outbox.registry import kinds_with_progress
from tickets.models import Ticket
from tickets.services.events import record
from tickets.services.locking import changing

#: What leaves the house; the line in the page is there by being written.
TO_CUSTOMERS = (Delivery.Channel.MAIL, Delivery.Channel.WECOM)


@survives_deadlock
def resend_mail(*, ticket: Ticket, delivery_id: int, actor: User, now: datetime | None = None) -> None:
    """Queue one mail about ``ticket`` to its customer once more, as a message of its own.

    Raises:
        ValidationError: when there is none of this ticket, or it needs no second sending.
    """
    with changing(ticket.pk, now=now, even_merged=True) as change:
        mail = Delivery.objects.filter(
            pk=delivery_id, stream=change.stream, channel__in=TO_CUSTOMERS, intent__kind__in=kinds_with_progress()
        )
        if not mail.exists() or not upkeep.resend(delivery_id=delivery_id, now=change.now):
            raise ValidationError(_("This mail does not have to be sent again."), code="sent")
        record(ticket=change.ticket, code="ticket.mail_resent", actor=actor, now=change.now, delivery=delivery_id)
