"""How far a person has read a ticket."""

from accounts.models import User
from tickets.models import Ticket, TicketSeen


def mark_seen(*, ticket: Ticket, actor: User, event_id: int) -> None:
    """Note that ``actor`` has seen what happened to ``ticket`` up to the event ``event_id``. No change of the ticket.

    One statement, which two open pages of one person may run at once.
    """
    TicketSeen.objects.bulk_create(
        [TicketSeen(user=actor, ticket=ticket, event_id=event_id)],
        update_conflicts=True,
        unique_fields=["ticket", "user"],
        update_fields=["event_id"],
    )
