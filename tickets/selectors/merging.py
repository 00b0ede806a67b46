"""Into which tickets one may be merged."""

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from tickets.models import Ticket
from tickets.permissions import may


def ticket_to_merge_into(*, user: User, number: str) -> Ticket:
    """The ticket of that ``number``, if ``user`` works with it.

    Raises:
        ValidationError: when there is none; what is not visible and what is not there look the same.
    """
    row = Ticket.objects.workable_by(user).filter(number=number.strip().upper()).first()
    if row is None or not may(user, "merge", row):
        raise ValidationError(_("You work on no ticket with this number."), code="unknown")
    return row


def merged_into(*, ticket: Ticket, user: User) -> Ticket | None:
    """Where a merged ticket goes on, if ``user`` sees that from the inside."""
    if ticket.merged_into_id is None:
        return None
    return Ticket.objects.workable_by(user).filter(pk=ticket.merged_into_id).only("number").first()
