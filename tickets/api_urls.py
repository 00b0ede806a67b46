"""Routes of this room below `/api/v1/`."""

from rest_framework.routers import BaseRouter

from tickets.api.views import EscalationViewSet, IncidentViewSet, TicketViewSet


def register(router: BaseRouter) -> None:
    """Add this room's collections to the API's router."""
    router.register("tickets", TicketViewSet, basename="api-ticket")
    router.register("escalations", EscalationViewSet, basename="api-escalation")
    router.register("incidents", IncidentViewSet, basename="api-incident")
