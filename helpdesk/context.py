"""What every page knows."""

from django.conf import settings
from django.http import HttpRequest

from outbox import clock


def page(request: HttpRequest) -> dict:
    """Theme, demo mode, and the instant of the answer by the database clock, from which countdowns run."""
    theme = request.COOKIES.get("theme", "")
    return {
        "theme": theme if theme in {"light", "dark"} else "",
        "demo": settings.DEMO,
        "server_now": clock.page_now,
        "LANGUAGE_CODE": request.LANGUAGE_CODE if hasattr(request, "LANGUAGE_CODE") else settings.LANGUAGE_CODE,
        "LANGUAGES": settings.LANGUAGES,
    }
