"""Routes of this room below `/api/v1/`."""

from django.urls import path

from intake.alerts.api import AlertDoor
from outbox.bounds import bounded

urlpatterns = [
    path("alerts/<slug:code>/", bounded(counted=False)(AlertDoor.as_view()), name="api-alerts"),
]
