"""Routes of this room below `/api/v1/`."""

from django.urls import path
from rest_framework.routers import BaseRouter

from reports.api.views import Groups, Series, Summary, Tickets

urlpatterns = [
    path("reports/summary/", Summary.as_view(), name="api-report-summary"),
    path("reports/figures/", Groups.as_view(), name="api-report-figures"),
    path("reports/series/", Series.as_view(), name="api-report-series"),
    path("reports/tickets/", Tickets.as_view(), name="api-report-tickets"),
]


def register(router: BaseRouter) -> None:
    """This room has no collections."""
