"""The gate in front of every page: who is not signed in goes to sign-in, who may not gets «not found».

Hardening asks for 404 unless a cell of the access matrix says otherwise. A page that answers 403 tells a stranger
that something is there, so areas and objects alike answer 404 to signed-in people without the right.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any
from urllib.parse import urlencode, urlsplit

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.shortcuts import resolve_url
from django.utils.http import url_has_allowed_host_and_scheme
from django_htmx.http import HttpResponseClientRedirect
from django_htmx.middleware import HtmxDetails

from accounts.models import User

View = Callable[..., HttpResponseBase]


class SignedInRequest(HttpRequest):
    """What a view behind `requires` gets: for annotations only."""

    user: User
    htmx: HtmxDetails


def is_safe_path(path: str) -> bool:
    """Whether ``path`` is one of our own: no host, no scheme, no backslash and no `//` tricks."""
    return path.startswith("/") and url_has_allowed_host_and_scheme(path, allowed_hosts=None)


def _page_that_posted(request: HttpRequest) -> str:
    """The page whose form came after the session ended; empty when the browser does not say, or it is not ours."""
    parts = urlsplit(request.headers.get("Referer", ""))
    if parts.scheme != request.scheme or parts.netloc != request.get_host():
        return ""
    return parts.path + (f"?{parts.query}" if parts.query else "")


def to_sign_in(request: HttpRequest) -> HttpResponse:
    """Send an anonymous visitor to sign-in; afterwards what was asked for, or the page that posted, is opened."""
    htmx = getattr(request, "htmx", None)
    if htmx:
        wanted = htmx.current_url_abs_path or ""  # the page that holds the fragment, not the fragment
    elif request.method in ("GET", "HEAD"):
        wanted = request.get_full_path()
    else:
        wanted = _page_that_posted(request)
    address = resolve_url(settings.LOGIN_URL)
    if wanted and is_safe_path(wanted):
        address += "?" + urlencode({"next": wanted})
    if not htmx:
        return HttpResponseRedirect(address)
    # htmx would follow a redirect and put the sign-in page inside a fragment. A success it is not either: what the page
    # keeps until the server took it (static/js/draft.js) must stay.
    response = HttpResponseClientRedirect(address)
    response.status_code = 401
    return response


def refuse(request: HttpRequest, codes: tuple[str, ...]) -> HttpResponse | None:
    """None when the visitor may go on: signed in, and holding one of ``codes`` (any person when there are none).

    Raises:
        Http404: signed in, but holding none of ``codes``.
    """
    user: Any = request.user
    if not user.is_authenticated:
        return to_sign_in(request)
    if codes and not any(user.may(code) for code in codes):
        raise Http404
    return None


def requires(*codes: str) -> Callable[[View], View]:
    """Decorate a view: `@requires("report.view")`; several codes mean any of them, none means signed in."""

    def decorate(view: View) -> View:
        @wraps(view)
        def gate(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            return refuse(request, codes) or view(request, *args, **kwargs)

        gate.permission_codes = codes  # type: ignore[attr-defined]  # the access matrix test reads it
        return gate

    return decorate
