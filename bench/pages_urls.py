"""The product's addresses, and an empty page for signed-in colleagues."""

from django.http import HttpRequest, HttpResponse
from django.urls import include, path

from accounts.access import requires
from helpdesk.urls import handler400, handler403, handler404, handler429, handler500

__all__ = ["handler400", "handler403", "handler404", "handler429", "handler500", "urlpatterns"]


@requires("workspace.enter")
def empty(request: HttpRequest) -> HttpResponse:
    """Nothing, for somebody who may work here."""
    return HttpResponse("")


urlpatterns = [path("empty/", empty), path("", include("helpdesk.urls"))]
