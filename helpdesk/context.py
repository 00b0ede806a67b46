"""What every page knows."""

from functools import partial
from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest

from intake import selectors as mails
from outbox import clock

_LOOPBACK = {"127.0.0.1", "localhost"}


def page(request: HttpRequest) -> dict:
    """Theme, demo mode, and the instant of the answer by the database clock, from which countdowns run."""
    theme = request.COOKIES.get("theme", "")
    return {
        "theme": theme if theme in {"light", "dark"} else "",
        "demo": settings.DEMO,
        "events_url": events_url(request),
        "server_now": clock.now,
        "mails_waiting": partial(_mails_waiting, request),
        "LANGUAGE_CODE": request.LANGUAGE_CODE if hasattr(request, "LANGUAGE_CODE") else settings.LANGUAGE_CODE,
        "LANGUAGES": settings.LANGUAGES,
    }


def _mails_waiting(request: HttpRequest) -> int:
    """The figure beside «Incoming mail»; asked by the rail alone, of those who sort mail."""
    user = getattr(request, "user", None)
    return mails.waiting(user=user) if user is not None and user.is_authenticated else 0


def events_url(request: HttpRequest) -> str:
    """Where this page hears live hints; empty when it can only poll.

    The session cookie belongs to a host name, so a demo opened as «localhost» must listen there and not at 127.0.0.1.
    """
    parts = urlsplit(settings.PUSH_URL)
    host = request.get_host().rpartition(":")[0] or request.get_host()
    if settings.DEMO and parts.hostname in _LOOPBACK and host in _LOOPBACK:
        return parts._replace(netloc=f"{host}:{parts.port}").geturl()
    return settings.PUSH_URL
