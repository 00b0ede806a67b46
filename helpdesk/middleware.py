"""Small middleware of our own: real client address, content security policy, the person's language and zone."""

import ipaddress
import zoneinfo
from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import timezone, translation
from django.utils.cache import add_never_cache_headers, patch_vary_headers

from helpdesk import errors
from outbox import clock
from outbox.bounds import Bounds, may_try, most_bytes
from outbox.limits import seconds_left

Handler = Callable[[HttpRequest], HttpResponse]


class TrustedProxyMiddleware:
    """Take the client's address and scheme from X-Forwarded-* only when the peer is a listed proxy."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response
        self.networks = [ipaddress.ip_network(item, strict=False) for item in settings.TRUSTED_PROXIES]

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if self.networks and self._trusted(request.META.get("REMOTE_ADDR", "")):
            chain = [part.strip() for part in request.META.get("HTTP_X_FORWARDED_FOR", "").split(",") if part.strip()]
            # From the right: skip our own proxies; the first stranger is the client. Anything left of it can be forged.
            client = next((address for address in reversed(chain) if not self._trusted(address)), None)
            if client:
                request.META["REMOTE_ADDR"] = client
            if request.META.get("HTTP_X_FORWARDED_PROTO") == "https":
                request.META["wsgi.url_scheme"] = "https"
                request.environ["wsgi.url_scheme"] = "https"  # type: ignore[attr-defined]  # a WSGIRequest
        return self.get_response(request)

    def _trusted(self, address: str) -> bool:
        try:
            return any(ipaddress.ip_address(address) in network for network in self.networks)
        except ValueError:
            return False


class CookielessMiddleware:
    """Below `/embed/` no cookie is read and none is set: those pages stand in frames on sites of others.

    What a frame shows would otherwise be the signed-in person's, whoever drew the frame. Before everything that reads
    a cookie, so that nobody is signed in there and nothing is remembered.
    """

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if not request.path_info.startswith("/embed/"):
            return self.get_response(request)
        request.META.pop("HTTP_COOKIE", None)
        request.COOKIES = {}
        response = self.get_response(request)
        response.cookies.clear()
        return response


#: What pages may ask of a device; `tickets.recording` grants more to the pages that record the screen.
_PERMISSIONS = "camera=(), microphone=(), geolocation=(), display-capture=()"


class ContentSecurityPolicyMiddleware:
    """Send SECURE_CSP; a view may set its own header first (attachments are sandboxed that way)."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response
        self.policy = "; ".join(f"{name} {' '.join(sources)}" for name, sources in settings.SECURE_CSP.items())

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        response.headers.setdefault("Content-Security-Policy", self.policy)
        response.headers.setdefault("Permissions-Policy", _PERMISSIONS)
        return response


class BodyMiddleware:
    """Refuse a body that is too large, of unknown length or sent too often, before anything reads it.

    In `process_view` and listed before the check against forged requests, which parses the form: person, language and
    page are known by then. A body in chunks would arrive empty (Django reads `Content-Length` bytes), so it is refused.
    """

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(self, request: HttpRequest, view: Callable, args: tuple, kwargs: dict) -> HttpResponse | None:
        bounds: Bounds | None = getattr(view, "bounds", None)
        most = most_bytes(bounds)
        if "HTTP_TRANSFER_ENCODING" in request.META:
            return errors.length_required(request)
        if _length(request) > most:
            return errors.too_large(request, most=most)
        if bounds is None or not bounds.counted or request.method != "POST" or request.resolver_match is None:
            return None
        now = clock.now()
        if may_try(request, page=request.resolver_match.view_name, now=now):
            return None
        return errors.flooded(request, seconds=seconds_left(now, 3600))


def _length(request: HttpRequest) -> int:
    """As Django reads it: what is no number is none."""
    try:
        return int(request.META.get("CONTENT_LENGTH") or 0)
    except ValueError:
        return 0


class LanguageMiddleware:
    """Choose the language: the person's own (see PersonMiddleware), else the cookie, the browser, the default."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        language = translation.get_language_from_request(request)
        translation.activate(language)
        request.LANGUAGE_CODE = translation.get_language()
        response = self.get_response(request)
        patch_vary_headers(response, ("Accept-Language", "Cookie"))
        response.headers.setdefault("Content-Language", translation.get_language())
        return response


class PersonMiddleware:
    """For signed-in people: their language and zone, and pages that no cache keeps."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        user = request.user
        if not user.is_authenticated:
            timezone.deactivate()
            return self.get_response(request)
        if settings.LANGUAGE_COOKIE_NAME not in request.COOKIES:
            translation.activate(user.language)
            request.LANGUAGE_CODE = translation.get_language()
        try:
            timezone.activate(zoneinfo.ZoneInfo(user.time_zone or settings.TIME_ZONE))
        except (zoneinfo.ZoneInfoNotFoundError, ValueError):
            timezone.deactivate()
        response = self.get_response(request)
        if not response.has_header("Cache-Control"):
            add_never_cache_headers(response)
        return response
