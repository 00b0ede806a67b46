"""Routes of this room below `/api/v1/`."""

from django.urls import path
from rest_framework.routers import BaseRouter

from reports.api import Summary

urlpatterns = [path("reports/summary/", Summary.as_view(), name="api-report-summary")]


def register(router: BaseRouter) -> None:
    """This room has no collections."""
