"""`Idempotency-Key`: a caller who lost the connection may send the same request again and gets the same answer."""

import hashlib
import json
from collections.abc import Callable
from functools import wraps
from typing import Any

from django.utils.translation import gettext
from rest_framework.exceptions import ValidationError
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.authentication import caller
from outbox import clock
from outbox.once import once

HEADER = "Idempotency-Key"


def checked_key(request: Request) -> str:
    """The key of a request, empty when it has none.

    Raises:
        ValidationError: too long, or with what cannot be printed.
    """
    key = request.headers.get(HEADER, "").strip()
    if len(key) > 120 or not key.isprintable():
        raise ValidationError({HEADER: [gettext("At most 120 printable characters.")]})
    return key


def keyed(method: Callable[..., Response]) -> Callable[..., Response]:
    """Let a view's POST run at most once for a key; a refusal keeps nothing, so that it may be mended and sent again.

    The answer is kept as it is, so a secret is added after it (as the private link of a new ticket is).
    """

    @wraps(method)
    def run(view: Any, request: Request, *args: Any, **kwargs: Any) -> Response:
        key = checked_key(request) if request.method == "POST" else ""
        if not key:
            return method(view, request, *args, **kwargs)
        return _once(request, key, lambda: method(view, request, *args, **kwargs))

    run.keyed = True  # type: ignore[attr-defined]  # the schema reads it
    return run


def _once(request: Request, key: str, work: Callable[[], Response]) -> Response:
    def make() -> tuple[int, Any]:
        response = work()
        return response.status_code, _as_json(response)

    fingerprint = _fingerprint(request)
    status, answer, _replayed = once(
        user_id=caller(request).pk, key=key, fingerprint=fingerprint, now=clock.now(), make=make
    )
    return Response(answer, status=status)


def _fingerprint(request: Request) -> str:
    said = json.dumps([request.path, request.data], sort_keys=True, default=str)
    return hashlib.sha256(said.encode()).hexdigest()


def _as_json(response: Response) -> Any:
    return json.loads(JSONRenderer().render(response.data)) if response.data is not None else None
