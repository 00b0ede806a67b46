"""What the queue knows of deadlines: the next due instant on the ticket itself, kept by one set-based statement."""

from collections.abc import Collection

from django.db.models import Min, OuterRef, Subquery

from sla.choices import ClockState
from sla.models import Clock
from tickets.models import Ticket


def refresh_next_due(ticket_ids: Collection[int]) -> None:
    """Write the earliest due instant of the running clocks onto each ticket; none runs: none is written."""
    running = Clock.objects.filter(ticket=OuterRef("pk"), state=ClockState.RUNNING).values("ticket")
    earliest = running.annotate(first=Min("due_at")).values("first")
    Ticket.objects.filter(pk__in=ticket_ids).update(next_due_at=Subquery(earliest))
