"""Hand the tickets of who goes away to a colleague, all that were ticked at once."""

from collections.abc import Iterable
from datetime import datetime

from django.core.exceptions import ValidationError

from accounts.models import User
from tickets.models import Ticket
from tickets.services.assigning import assign


def hand_over(
    *, tickets: Iterable[Ticket], actor: User, person: User, to: User, now: datetime | None = None
) -> tuple[int, list[str]]:
    """Give those of ``tickets`` that ``person`` still has to ``to``: how many went, and the numbers that could not.

    One transaction a ticket, so that nobody holds the locks of many and what is refused keeps nothing else back.

    Raises:
        PermissionDenied: when ``actor`` may not assign to others.
    """
    done, refused = 0, []
    for ticket in tickets:
        try:
            assign(ticket=ticket, actor=actor, assignee=to, held_by=person.pk, now=now)
        except ValidationError:
            refused.append(ticket.number)
        else:
            done += 1
    return done, refused
