"""Routes of this room below `/api/v1/`."""

from rest_framework.routers import BaseRouter

from feedback.api import SurveyViewSet


def register(router: BaseRouter) -> None:
    """Add this room's collections to the API's router."""
    router.register("surveys", SurveyViewSet, basename="api-survey")
