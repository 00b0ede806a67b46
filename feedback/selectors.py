"""Reading surveys and what waits for one."""

from datetime import datetime, timedelta

from django.db.models import Avg, Count, Exists, F, OuterRef, Q, QuerySet

from feedback.models import Survey
from tickets.choices import Status
from tickets.models import Resolution


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


def satisfaction(*, since: datetime, until: datetime) -> dict[str, float | int | None]:
    """Averages of the three scores, the share that is truly solved, and how many answered, of answers in a span."""
    rows = Survey.objects.filter(answered_at__gte=since, answered_at__lt=until)
    return rows.aggregate(
        resolution=Avg("resolution_score"),
        speed=Avg("speed_score"),
        attitude=Avg("attitude_score"),
        answers=Count("pk"),
        solved=Count("pk", filter=Q(is_solved=True)),
    )
