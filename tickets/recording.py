"""Pages on which a customer may record the screen: everywhere else the browser is told that nobody may."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http.response import HttpResponseBase

_ALLOWED = "camera=(), geolocation=(), display-capture=(self), microphone=(self)"

#: A recording ends by itself; at the recorder's rate this is about what one file may weigh.
MINUTES = 5

View = Callable[..., HttpResponseBase]


def may_record(view: View) -> View:
    """Let the page of ``view`` ask for the screen and, if the customer wants to speak, for the microphone."""

    @wraps(view)
    def allowed(*args: Any, **kwargs: Any) -> HttpResponseBase:
        response = view(*args, **kwargs)
        response.headers["Permissions-Policy"] = _ALLOWED
        return response

    return allowed
