"""Routes of this room below `/api/v1/`."""

from django.urls import path
from rest_framework.routers import BaseRouter

from intake.alerts.api import AlertDoor
from intake.api import InboundMailViewSet
from outbox.bounds import bounded

urlpatterns = [
    path("alerts/<slug:code>/", bounded(counted=False)(AlertDoor.as_view()), name="api-alerts"),
]


def register(router: BaseRouter) -> None:
    """Add this room's collections to the API's router."""
    router.register("mails", InboundMailViewSet, basename="api-mail")
