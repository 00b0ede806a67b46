"""Routes of this room below `/api/v1/`."""

from rest_framework.routers import BaseRouter

from tickets.api.collections import AttachmentViewSet, ClockViewSet, MessageViewSet
from tickets.api.desk import CannedAnswerViewSet, SavedViewViewSet
from tickets.api.views import EscalationViewSet, IncidentViewSet, TicketViewSet


def register(router: BaseRouter) -> None:
    """Add this room's collections to the API's router."""
    router.register("tickets", TicketViewSet, basename="api-ticket")
    router.register("messages", MessageViewSet, basename="api-message")
    router.register("attachments", AttachmentViewSet, basename="api-attachment")
    router.register("clocks", ClockViewSet, basename="api-clock")
    router.register("views", SavedViewViewSet, basename="api-view")
    router.register("canned-answers", CannedAnswerViewSet, basename="api-canned")
    router.register("escalations", EscalationViewSet, basename="api-escalation")
    router.register("incidents", IncidentViewSet, basename="api-incident")
