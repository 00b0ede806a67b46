"""Known incidents as people read them. They are public: whoever opens the portal sees the same."""

from datetime import datetime, timedelta

from django.db.models import Prefetch, QuerySet

from accounts.models import User
from tickets.models import Incident, IncidentNews

#: How many stand on the home page and above the form; the page of incidents lists them all.
SHOWN = 3
#: What is over stays readable on the page of incidents for this long.
REMEMBERED = timedelta(days=90)
_MOST_OVER = 30


def open_incidents() -> QuerySet[Incident]:
    """What customers notice at present, the newest first, each with its modules and its last news in `latest`."""
    last = IncidentNews.objects.order_by("incident_id", "-id").distinct("incident_id")
    rows = Incident.objects.exclude(state=Incident.State.OVER)
    return rows.prefetch_related("modules", Prefetch("news", queryset=last, to_attr="latest"))


def over_incidents(*, now: datetime) -> QuerySet[Incident]:
    """What is over and not long ago, the latest first."""
    rows = Incident.objects.filter(state=Incident.State.OVER, ended_at__gte=now - REMEMBERED)
    return rows.prefetch_related("modules").order_by("-ended_at", "-id")[:_MOST_OVER]


def follows(*, incident: Incident, user: User) -> bool:
    """Whether ``user`` hears the news of ``incident``."""
    return user.is_authenticated and incident.followers.filter(user=user).exists()
