"""Pages (and, below `/api/`, problems) for what went wrong; none of them says anything about the inside."""

import sys

from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.template import TemplateDoesNotExist
from django.utils.translation import gettext as _

from helpdesk.problems import PROBLEM_TYPE, problem

_RETRY_AFTER = 5  # seconds


def _answer(request: HttpRequest, status: int, code: str, title: str, text: str) -> HttpResponse:
    if request.path.startswith("/api/v1/"):
        body = problem(status=status, code=code, title=title, detail=text, instance=request.path)
        return JsonResponse(body, status=status, content_type=PROBLEM_TYPE)
    context = {"status": status, "title": title, "text": text}
    if status == 400:
        request = None  # type: ignore[assignment]  # a foreign Host header would break the context processors too
    try:
        return render(request, f"{status}.html", context, status=status)
    except TemplateDoesNotExist:
        return render(request, "error.html", context, status=status)


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """400: also a foreign Host header, so the text repeats nothing of the request."""
    return _answer(request, 400, "parse_error", _("The request cannot be understood"), _("Go back and try once more."))


def forbidden(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """403, rarely: what somebody may not see is «not found»."""
    return _answer(request, 403, "permission_denied", _("This is not allowed"), _("You may not do this here."))


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """403 of a form whose mark is old: signed in or out in another tab, or no cookies."""
    title = _("This page was too old to send")
    text = _(
        "You signed in or out in the meantime, or cookies are switched off. Go back, reload the page and send again."
    )
    return render(request, "error.html", {"status": 403, "title": title, "text": text}, status=403)


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """404: not there, or not for this person; both look the same."""
    return _answer(
        request, 404, "not_found", _("Not found"), _("There is nothing here, or it is not meant for this sign-in.")
    )


def too_many(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """429: limits of sign-in."""
    return _answer(request, 429, "throttled", _("Too many requests"), _("Wait a few minutes and try again."))


def flooded(request: HttpRequest, *, seconds: int) -> HttpResponse:
    """429 of a page that counts what is sent to it; nothing of it was read, so the words are where they were typed."""
    text = _(
        "Very much was sent from here within the last hour. Wait a little, go back and send again: what you typed is "
        "kept in this browser. If work has stopped, call us."
    )
    response = _answer(request, 429, "throttled", _("Too many requests"), text)
    response["Retry-After"] = str(seconds)
    response["Cache-Control"] = "no-store"  # the address may be a private link
    return response


def too_large(request: HttpRequest, *, most: int) -> HttpResponse:
    """413: more than the page takes, files and words together."""
    megabytes = {"limit": most // (1024 * 1024)}
    text = _(
        "Files and words together may have %(limit)d MB. Go back and choose fewer or smaller files: what you typed is "
        "kept in this browser."
    )
    response = _answer(request, 413, "too_large", _("Too large"), text % megabytes)
    response["Cache-Control"] = "no-store"
    return response


def length_required(request: HttpRequest) -> HttpResponse:
    """411: a body that does not say how long it is. Browsers always say it."""
    text = _("Send the body with its “Content-Length”, not in chunks.")
    return _answer(request, 411, "length_required", _("The length is missing"), text)


def server_error(request: HttpRequest) -> HttpResponse:
    """500, or 503 when the database did not let us work: it is away, full, or somebody else holds the row too long.

    Rendered without the database, which may be what is broken. What was being written is rolled back.
    """
    if isinstance(sys.exc_info()[1], OperationalError | InterfaceError):
        title = _("Busy at the moment")
        text = _("Wait a few seconds and send it again, with the same “Idempotency-Key” if it had one.")
        response = _without_database(request, 503, "unavailable", title, text)
        response["Retry-After"] = str(_RETRY_AFTER)
        response["Cache-Control"] = "no-store"
        return response
    return _without_database(
        request, 500, "error", _("Something broke on our side"), _("It was recorded. Try again in a minute.")
    )


def _without_database(request: HttpRequest, status: int, code: str, title: str, text: str) -> HttpResponse:
    if request.path.startswith("/api/v1/"):
        body = problem(status=status, code=code, title=title, detail=text, instance=request.path)
        return JsonResponse(body, status=status, content_type=PROBLEM_TYPE)
    try:
        return render(None, f"{status}.html", {"status": status, "title": title, "text": text}, status=status)
    except Exception:  # noqa: BLE001  # the last resort must not fail in its turn
        return HttpResponse(f"{title}. {text}", status=status, content_type="text/plain; charset=utf-8")
