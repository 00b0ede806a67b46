"""How often one customer may write, by whatever door: pages and API count in the same rows.

A ticket starts clocks, assignments and escalations, so that a flood of them is a flood of work.
"""

from datetime import datetime

from accounts.models import User
from outbox.limits import allow, seconds_left
from tickets.models import Ticket

SUBMISSIONS_AN_HOUR = 30
ACTIONS_AN_HOUR = 60
_HOUR = 3600


def may_submit(person: User, *, now: datetime) -> bool:
    """Count one submission of a signed-in person; whether it is within the limit."""
    return allow(f"intake:user:{person.pk}", limit=SUBMISSIONS_AN_HOUR, seconds=_HOUR, now=now)


def may_act(person: User, *, now: datetime, by_link_of: Ticket | None = None) -> bool:
    """Count one message, answer or contest; whether it is within the limit.

    What comes by the private link of a ticket counts for that ticket: whoever holds the link of one cannot silence
    the person on all others.
    """
    key = f"portal:link:{by_link_of.pk}" if by_link_of else f"portal:act:{person.pk}"
    return allow(key, limit=ACTIONS_AN_HOUR, seconds=_HOUR, now=now)


def seconds_to_wait(now: datetime) -> int:
    """How long who was refused has to wait."""
    return seconds_left(now, _HOUR)
