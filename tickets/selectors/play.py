"""What comes next for somebody, and who holds a ticket."""

from datetime import datetime

from django.db.models import Case, Exists, F, OuterRef, Q, Value, When

from accounts.models import User
from sla.choices import Severity
from tickets.choices import Status
from tickets.models import PutAside, Ticket, TicketLease
from tickets.querysets import DUE_OR_URGED, TicketQuerySet

_WAITS = Q(status__in=[Status.PENDING, Status.ON_HOLD])
_RANK = Case(*[When(severity=grade, then=Value(at)) for at, grade in enumerate(Severity.values)])


def waiting_for(*, user: User, now: datetime) -> TicketQuerySet:
    """The tickets that need ``user``, what matters most first: their own, and those of their teams that nobody has.

    First what was missed and nobody acknowledged, then by the next deadline with urged ones raised as in the queue; the
    severity breaks ties. What waits for somebody else and has no running deadline asks nothing of them. What they put
    aside is left out for a while, unless it was missed or the customer wrote since.
    """
    theirs = Q(assignee=user) | Q(assignee=None, team__in=user.team_ids())
    held = TicketLease.objects.filter(ticket=OuterRef("pk"), until__gt=now).exclude(user=user)
    quiet = Q(ticket__breached_at=None) | Q(ticket__breached_at__lte=F("since"))
    unheard = Q(ticket__waiting_since=None) | Q(ticket__waiting_since__lte=F("since"))
    aside = PutAside.objects.filter(quiet, unheard, ticket=OuterRef("pk"), user=user, until__gt=now)
    rows = Ticket.objects.workable_by(user).unresolved().filter(theirs).exclude(_WAITS & Q(next_due_at=None))
    return (
        rows.filter(~Exists(held), ~Exists(aside))
        .exclude(requester=user)
        .order_by(F("breached_at").asc(nulls_last=True), DUE_OR_URGED.asc(nulls_last=True), _RANK, "pk")
        .defer("tokens")
    )


def lease_of(*, ticket: Ticket, now: datetime) -> TicketLease | None:
    """Who holds the ticket at ``now``; without a query for a ticket that came with its lease."""
    lease: TicketLease | None = getattr(ticket, "lease", None)
    return lease if lease and lease.until > now else None
