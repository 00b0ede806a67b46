"""Routes of this room below `/api/v1/`."""

from rest_framework.routers import BaseRouter

from knowledge import api


def register(router: BaseRouter) -> None:
    """Add this room's collections to the API's router."""
    router.register("articles", api.ArticleViewSet, basename="api-article")
