"""The API's table of contents: every room that has an `api_urls.py` adds its collections here."""

from importlib import import_module
from importlib.util import find_spec

from django.urls import URLPattern, URLResolver, include, path
from drf_spectacular.views import SpectacularAPIView
from rest_framework.routers import SimpleRouter

from helpdesk import api_docs

ROOMS = ("accounts", "catalog", "knowledge", "tickets", "intake", "feedback", "reports")


def _routes() -> list[URLPattern | URLResolver]:
    router = SimpleRouter()
    routes: list[URLPattern | URLResolver] = []
    for room in ROOMS:
        if find_spec(f"{room}.api_urls") is None:
            continue  # not every room speaks to programs
        module = import_module(f"{room}.api_urls")
        routes += getattr(module, "urlpatterns", [])
        if hasattr(module, "register"):
            module.register(router)
    return [*routes, *router.urls]


urlpatterns = [
    path("v1/", include(_routes())),
    path("schema", SpectacularAPIView.as_view(), name="api-schema"),
    path("docs", api_docs.page, name="api-docs"),
    path("docs/reference", api_docs.reference, name="api-reference"),
]
