"""`ETag` and `If-Match` (RFC 9110, 13.1.1): a write that names the version it was decided by is refused when stale.

The header may be left out: then the last one wins, as far as the service lets it.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any, Protocol

from django.db import transaction
from django.utils.translation import gettext
from rest_framework.request import Request
from rest_framework.response import Response


class StaleVersion(Exception):
    """Somebody changed it since the caller read it."""

    problem_status = 412
    problem_code = "precondition_failed"


class _Conditional(Protocol):
    def locked_version(self) -> str: ...


def etag(version: object) -> str:
    """The value of `ETag` for the version of a row."""
    return f'"{version}"'


def conditional(method: Callable[..., Response]) -> Callable[..., Response]:
    """Refuse a view's write whose `If-Match` is not the present version; the view's `locked_version` says which it is.

    The row stays locked until the write is done, so that nobody comes in between.
    """

    @wraps(method)
    def run(view: Any, request: Request, *args: Any, **kwargs: Any) -> Response:
        if request.method == "GET" or "If-Match" not in request.headers:
            return method(view, request, *args, **kwargs)
        with transaction.atomic():
            _demand_match(request, view)
            return method(view, request, *args, **kwargs)

    run.conditional = True  # type: ignore[attr-defined]  # the schema reads it
    return run


def _demand_match(request: Request, view: _Conditional) -> None:
    """Raises:
    StaleVersion: when none of the versions that the header names is the present one.
    """
    present = etag(view.locked_version())
    wanted = [part.strip() for part in request.headers["If-Match"].split(",")]
    if "*" not in wanted and present not in wanted:  # a weak tag never matches here
        raise StaleVersion(gettext("Somebody changed this meanwhile. Read it again."))
