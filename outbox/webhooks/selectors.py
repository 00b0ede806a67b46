"""Reading webhooks: the endpoints with how they are doing, and what one of them was told."""

from django.db.models import Count, Q, QuerySet

from outbox.models import WebhookCall, WebhookEndpoint

#: A call's page lists so many on one page.
PAGE = 50


def endpoints() -> QuerySet[WebhookEndpoint]:
    """Every endpoint with its health and how many calls wait and were given up."""
    counts = {
        state.value: Count("calls", filter=Q(calls__state=state))
        for state in (WebhookCall.State.WAITING, WebhookCall.State.DEAD)
    }
    return WebhookEndpoint.objects.select_related("team", "health").annotate(**counts).order_by("name", "pk")


def calls(*, endpoint: WebhookEndpoint, state: str = "") -> QuerySet[WebhookCall]:
    """What ``endpoint`` was told, the newest first; without the bodies."""
    rows = WebhookCall.objects.filter(endpoint=endpoint).defer("body", "answer").order_by("-pk")
    return rows.filter(state=state) if state in WebhookCall.State.values else rows
