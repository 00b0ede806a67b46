"""The doors below `/embed/`: which page they let in, and who they take a visitor for.

No cookie says anything here: `helpdesk.middleware.CookielessMiddleware` takes them away before anything reads them, so
that the sign-in of an agent or a customer gives a hostile page nothing. Whoever sends the secret of a conversation
is its visitor. A foreign page does not know the secret and cannot make a browser add it, as it would add a cookie, so
there is no request to forge; the check against forged requests, which rests on a cookie, is left out for that reason.
A foreign `Origin` is refused all the same, and no answer allows another origin to read it (no CORS header).
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from functools import wraps
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.utils import translation
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from intake.chat import limits
from intake.chat.models import ChatWidget
from intake.chat.selectors import conversation_by, widget_by
from intake.chat.services import OVER
from outbox import clock
from outbox.bounds import bounded

#: Codes of what services refuse → status.
_STATUS = {"ended": 409, "gone": 404}

#: Takes the request, the widget or the conversation, the instant, and further arguments of the address.
View = Callable[..., HttpResponseBase]


def open_widget(code: str) -> ChatWidget:
    """The widget of a tag; the language of the answer is its own, where it has one.

    Raises:
        Http404: there is none, or it is switched off; both look the same.
    """
    widget = widget_by(code)
    if widget is None:
        raise Http404
    if widget.language:
        translation.activate(widget.language)
    return widget


def for_panel(*, files: bool = False, counted: bool = False) -> Callable[[View], View]:
    """A view that the panel of a widget sends to, whoever looks at it; ``counted`` as forms are (`outbox.bounds`)."""

    def mark(view: View) -> View:
        @csrf_exempt  # nothing rests on a cookie (see above)
        @bounded(files=files, counted=counted)  # `intake.chat.limits` counts what is valid
        @require_POST
        @never_cache
        @wraps(view)
        def wrapped(request: HttpRequest, code: str, **more: object) -> HttpResponseBase:
            if _is_foreign(request):
                return HttpResponse(status=403)
            return view(request, open_widget(code), clock.now(), **more)

        return wrapped

    return mark


def for_visitor(*, files: bool = False) -> Callable[[View], View]:
    """A view for whoever holds the secret of a conversation. A wrong one, an old one and none get the same answer."""

    def mark(view: View) -> View:
        @for_panel(files=files)
        @wraps(view)
        def wrapped(request: HttpRequest, widget: ChatWidget, now: datetime, **more: object) -> HttpResponseBase:
            conversation = conversation_by(widget=widget, secret=secret_of(request), now=now)
            if conversation is not None:
                return view(request, conversation, now, **more)
            if not limits.may_guess(request, now=now):
                return too_many()
            return refused(404, "gone", str(OVER))

        return wrapped

    return mark


def secret_of(request: HttpRequest) -> str:
    """What the panel sends in a header: addresses are written into logs, headers are not."""
    scheme, _space, secret = request.headers.get("Authorization", "").partition(" ")
    return secret if scheme == "Bearer" else ""


def refused(status: int, code: str, text: str) -> JsonResponse:
    """An answer that says why not; the panel keeps what was typed."""
    return JsonResponse({"code": code, "text": text}, status=status)


def invalid(errors: Mapping[str, Iterable[Any]]) -> JsonResponse:
    """What is wrong with which field."""
    told = {name: [str(text) for text in texts] for name, texts in errors.items()}
    first = next((text for texts in told.values() for text in texts), "")
    return JsonResponse({"code": "invalid", "text": first, "errors": told}, status=422)


def not_taken(error: ValidationError) -> JsonResponse:
    """What a service refused."""
    code = getattr(error, "code", "")
    if code in _STATUS:
        return refused(_STATUS[code], code, error.messages[0])
    return invalid(getattr(error, "message_dict", {"": error.messages}))


def too_many() -> JsonResponse:
    """More than a person sends."""
    text = _("That was a lot at once. Please wait a little and send it then; your words are kept.")
    return refused(429, "throttled", text)


def _is_foreign(request: HttpRequest) -> bool:
    origin = request.headers.get("Origin")
    ours = {settings.SITE_ORIGIN, f"{request.scheme}://{request.get_host()}"}
    return origin is not None and origin not in ours
