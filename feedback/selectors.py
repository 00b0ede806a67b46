"""Reading surveys and what waits for one."""

from datetime import datetime, timedelta

from django.db.models import Avg, Count, Exists, F, OuterRef, Q, QuerySet

from accounts.models import User
from feedback.models import Survey
from tickets.choices import Status
from tickets.models import Resolution, Ticket


def due_resolutions(*, now: datetime, after: timedelta, limit: int) -> QuerySet[Resolution]:
    """Resolutions that stand, are ``after`` old and have no survey yet; claimed, so that a second ticker skips them."""
    asked = Survey.objects.filter(ticket=OuterRef("ticket"), cycle=OuterRef("cycle"))
    rows = Resolution.objects.filter(
        resolved_at__lte=now - after,
        # What is older than a month was resolved before this product asked; nobody remembers it.
        resolved_at__gt=now - after - timedelta(days=30),
        ticket__status__in=[Status.RESOLVED, Status.CLOSED],
        ticket__cycle=F("cycle"),
        ticket__requester__is_active=True,
    )
    rows = rows.filter(~Exists(asked)).select_related("ticket").order_by("resolved_at")
    return rows.select_for_update(skip_locked=True, of=("self", "ticket"))[:limit]


#: What the answers amount to; the one definition of satisfaction (mission.md 8.1): the average of each score, how many
#: answered, and how many of them say that it is truly solved.
SATISFACTION = {
    "resolution": Avg("resolution_score"),
    "speed": Avg("speed_score"),
    "attitude": Avg("attitude_score"),
    "answers": Count("pk"),
    "solved": Count("pk", filter=Q(is_solved=True)),
}


def surveys_of(*, user: User) -> QuerySet[Survey]:
    """Surveys of the tickets that ``user`` sees from the inside. Nobody reads what was said of one's own problem."""
    return Survey.objects.filter(ticket__in=Ticket.objects.workable_by(user))


def answers_of(*, user: User) -> QuerySet[Survey]:
    """The answered ones of `surveys_of`."""
    return surveys_of(user=user).filter(answered_at__isnull=False)


def satisfaction(rows: QuerySet[Survey]) -> dict[str, float | int | None]:
    """`SATISFACTION` of answered surveys; the averages are None when nobody answered."""
    return rows.aggregate(**SATISFACTION)


def latest_resolution(*, ticket: Ticket) -> Resolution | None:
    """The resolution that a call asks about, None when the ticket was never resolved."""
    return ticket.resolutions.order_by("-cycle").first()


def is_answered(*, ticket: Ticket, cycle: int) -> bool:
    """Whether the customer was asked about this resolution and answered, by link or call."""
    return Survey.objects.filter(ticket=ticket, cycle=cycle, answered_at__isnull=False).exists()
