"""What tickets tell, to whom: every kind of message is one class. `register_all` makes them known to the outbox."""

from outbox.registry import register
from tickets.notices import customers, incidents, staff, teamwork


def register_all() -> None:
    """Register every kind; called once when the app is ready."""
    for module in (customers, incidents, staff, teamwork):
        for notice in module.NOTICES:
            register(notice)
