"""Every address of the product, room by room."""

from importlib.util import find_spec

from django.conf import settings
from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path

from helpdesk import health, metrics

handler400 = "helpdesk.errors.bad_request"
handler403 = "helpdesk.errors.forbidden"
handler404 = "helpdesk.errors.not_found"
handler500 = "helpdesk.errors.server_error"
handler429 = "helpdesk.errors.too_many"

# In the order of asking; two rooms never share an address.
ROOMS = ("accounts", "intake", "tickets", "knowledge", "feedback", "reports", "outbox", "catalog", "sla")


def _rooms() -> list[URLPattern | URLResolver]:
    return [path("", include(f"{room}.urls")) for room in ROOMS if find_spec(f"{room}.urls")]


urlpatterns = [
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    path("metrics", metrics.metrics, name="metrics"),
    path("admin/", admin.site.urls),
    path("api/", include("helpdesk.api_urls")),
    path("desk/", include("helpdesk.setup_urls")),
    *_rooms(),
]
if settings.DEBUG and find_spec("helpdesk.styleguide"):
    from helpdesk.styleguide import urlpatterns as styleguide

    urlpatterns += styleguide
