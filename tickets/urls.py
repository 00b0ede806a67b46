"""Addresses of this room: the customer's side (`portal`), the colleagues' side (`workspace`), files for both."""

from django.urls import include, path

from tickets.views.attachments import attachment

urlpatterns = [
    path("attachments/<int:pk>/", attachment, name="attachment"),
    path("desk/", include(("tickets.urls_workspace", "workspace"))),
    path("", include(("tickets.urls_portal", "portal"))),
]
