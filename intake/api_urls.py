"""Routes of this room below `/api/v1/`."""

from rest_framework.routers import BaseRouter

from intake.api import InboundMailViewSet


def register(router: BaseRouter) -> None:
    """Add this room's collections to the API's router."""
    router.register("mails", InboundMailViewSet, basename="api-mail")
