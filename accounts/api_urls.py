"""Routes of this room below `/api/v1/`."""

from django.urls import path
from rest_framework.routers import BaseRouter

from accounts import api, api_notifications

urlpatterns = [
    path("me/", api.MeView.as_view(), name="api-me"),
    path("me/notifications/", api_notifications.NotificationsView.as_view(), name="api-me-notifications"),
]


def register(router: BaseRouter) -> None:
    """Add this room's collections to the API's router."""
    router.register("users", api.UserViewSet, basename="api-user")
    router.register("teams", api.TeamViewSet, basename="api-team")
    router.register("organizations", api.OrganizationViewSet, basename="api-organization")
