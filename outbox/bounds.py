"""What may be sent to a page at all: how much, and how often by one sender, said beside the view.

Decided before a byte of the body is read, by `helpdesk.middleware.BodyMiddleware`: the check against forged requests
reads the whole form, so inside the view it is too late. Invalid forms count like valid ones here; what counts valid
ones (`intake.limits`) is stricter.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from django.conf import settings
from django.http import HttpRequest

from outbox import limits

#: To one page by one person or one network address: ten times what a person needs who errs often.
ATTEMPTS_AN_HOUR = 120

_View = TypeVar("_View", bound=Callable)


@dataclass(frozen=True)
class Bounds:
    """Of one page: whether it takes files, and whether what is sent to it is counted."""

    files: bool = False
    counted: bool = True


def bounded(*, files: bool = False, counted: bool = True) -> Callable[[_View], _View]:
    """Bound a view that everybody may send to. Without ``files`` it takes words only."""

    def mark(view: _View) -> _View:
        view.bounds = Bounds(files, counted)  # type: ignore[attr-defined]  # read by the middleware
        return view

    return mark


def most_bytes(bounds: Bounds | None) -> int:
    """The largest body for a page of these bounds; pages that say nothing may take files."""
    words = settings.DATA_UPLOAD_MAX_MEMORY_SIZE or 0
    if bounds is not None and not bounds.files:
        return words
    return settings.ATTACHMENT_MAX_BYTES * settings.ATTACHMENTS_PER_MESSAGE + words


def may_try(request: HttpRequest, *, page: str, now: datetime) -> bool:
    """Count one sending to ``page``; whether it is within the limit. Call it outside a transaction."""
    user: Any = request.user
    sender = f"user:{user.pk}" if user.is_authenticated else f"net:{limits.network_mark(request)}"
    return limits.allow(f"attempts:{page}:{sender}", limit=ATTEMPTS_AN_HOUR, seconds=3600, now=now)
