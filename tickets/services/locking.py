"""The shape of every change of one ticket: lock, guard, change, narrow save, event, clocks, outbox."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from outbox import clock, push
from outbox.services import enqueue
from sla.facts import Facts
from tickets.foresight import service_level_of
from tickets.models import Ticket
from tickets.services.deadlines import refresh_next_due
from tickets.services.escalation import record_overdue


class StaleTicket(ValidationError):
    """Somebody changed the ticket since the caller read it."""


class MergedTicket(ValidationError):
    """The ticket was merged into another one, and nothing happens here any more."""

    def __init__(self, into: Ticket) -> None:
        number = {"number": into.number}
        super().__init__(_("This ticket was merged into %(number)s. Please go on there."), code="merged", params=number)


@dataclass
class Change:
    """One ticket under its lock, and the one instant at which everything in the transaction happens."""

    ticket: Ticket
    now: datetime
    dirty: set[str] = field(default_factory=set)

    def set(self, **values: object) -> None:
        """Set fields and remember them for the narrow save."""
        for name, value in values.items():
            setattr(self.ticket, name, value)
            self.dirty.add(name)

    def tell(self, kind: str, **payload: Any) -> None:
        """Write the intent to tell somebody of this change, in this transaction."""
        enqueue(
            kind=kind,
            payload={"ticket": self.ticket.pk, **payload},
            stream=self.stream,
            now=self.now,
        )

    @property
    def stream(self) -> str:
        """What messages about this ticket belong to in the outbox."""
        return f"ticket:{self.ticket.number}"

    @property
    def facts(self) -> Facts:
        return facts_of(self.ticket)


def facts_of(ticket: Ticket) -> Facts:
    """What the deadline engine knows of a ticket."""
    return Facts(
        ticket_id=ticket.pk,
        severity=ticket.severity,
        status=ticket.status,
        cycle=ticket.cycle,
        cycle_started_at=ticket.cycle_started_at,
        is_resolved=not ticket.is_unresolved,
        waiting_since=ticket.waiting_since if ticket.first_response_at else None,
        service_level=service_level_of(ticket.organization),
        organization_id=ticket.organization_id,
        team_id=ticket.team_id,
        category_id=ticket.category_id,
    )


@contextmanager
def changing(
    ticket_id: int, *, now: datetime | None = None, revision: int | None = None, even_merged: bool = False
) -> Iterator[Change]:
    """Open a transaction in which one ticket is locked, and save what the block changed.

    ``now`` is read from the database after the lock unless the caller hands it down. Deadlines that passed before
    ``now`` are recorded first, so that no answer can overtake its own breach. With ``revision``, a ticket that has
    changed since is refused. ``even_merged`` is for what is said of the past of a ticket, and for jobs that look at
    its status themselves.

    Raises:
        Ticket.DoesNotExist: when there is no such ticket.
        MergedTicket: when it was merged into another one.
        StaleTicket: when ``revision`` is not the present one.
    """
    with transaction.atomic():
        ticket = Ticket.objects.select_related("organization").select_for_update(of=("self",)).get(pk=ticket_id)
        instant = now or clock.now()
        if ticket.merged_into and not even_merged:
            raise MergedTicket(ticket.merged_into)
        demand_revision(ticket, revision)
        record_overdue(ticket, now=instant)
        change = Change(ticket, instant)
        yield change
        change.set(revision=ticket.revision + 1, updated_at=instant)
        ticket.save(update_fields=sorted(change.dirty))
        refresh_next_due([ticket.pk])
        announce(ticket)


def demand_revision(ticket: Ticket, revision: int | None) -> None:
    """Refuse what was decided by a look at another state of ``ticket``; None says nothing of it.

    Raises:
        StaleTicket: when ``revision`` is not the present one.
    """
    if revision is not None and revision != ticket.revision:
        raise StaleTicket(_("Somebody changed this ticket meanwhile. Look at the changes and try again."), code="stale")


def announce(ticket: Ticket) -> None:
    """Hint to open pages that this ticket changed; they fetch again what they may see."""
    push.publish(f"ticket:{ticket.number}")
    if ticket.team_id:
        push.publish(f"team:{ticket.team_id}", ticket=ticket.number)
    if ticket.assignee_id:
        push.publish(f"user:{ticket.assignee_id}", ticket=ticket.number)
