"""Reading webhooks: the endpoints with how they are doing, and what one of them was told."""

from django.db.models import Count, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce

from outbox.models import WebhookCall, WebhookEndpoint

#: A call's page lists so many on one page.
PAGE = 50


def endpoints() -> QuerySet[WebhookEndpoint]:
    """Every endpoint with its health and how many calls wait and were given up; the many accepted ones are not read."""
    rows = WebhookEndpoint.objects.select_related("team", "health")
    return rows.annotate(waiting=_count("waiting"), dead=_count("dead")).order_by("name", "pk")


def _count(state: str) -> Coalesce:
    calls = WebhookCall.objects.filter(endpoint=OuterRef("pk"), state=state).order_by().values("endpoint")
    return Coalesce(Subquery(calls.annotate(n=Count("pk")).values("n")), 0)


def calls(*, endpoint: WebhookEndpoint, state: str = "") -> QuerySet[WebhookCall]:
    """What ``endpoint`` was told, the newest first; without the bodies."""
    rows = WebhookCall.objects.filter(endpoint=endpoint).defer("body", "answer").order_by("-pk")
    return rows.filter(state=state) if state in WebhookCall.State.values else rows
