"""`Idempotency-Key`: a caller who lost the connection may send the same request again and gets the same answer."""

import hashlib
import json
from collections.abc import Callable
from functools import wraps
from typing import Any

from django.core.exceptions import ValidationError as DjangoValidationError
from django.db import transaction
from django.utils.translation import gettext
from rest_framework.exceptions import ValidationError
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.authentication import caller
from outbox import clock
from outbox.contention import survives_deadlock
from outbox.models import KeptAnswer

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

    The key's row is in the transaction of the work: a second request waits at the unique index until the first has
    committed (then it gets the same answer) or rolled back (then it runs).
    """

    @wraps(method)
    def run(view: Any, request: Request, *args: Any, **kwargs: Any) -> Response:
        key = checked_key(request) if request.method == "POST" else ""
        if not key:
            return method(view, request, *args, **kwargs)
        return _once(request, key, lambda: method(view, request, *args, **kwargs))

    run.keyed = True  # type: ignore[attr-defined]  # the schema reads it
    return run


@survives_deadlock
@transaction.atomic
def _once(request: Request, key: str, work: Callable[[], Response]) -> Response:
    user = caller(request)
    row = KeptAnswer(user=user, key=key, fingerprint=_fingerprint(request), created_at=clock.now())
    KeptAnswer.objects.bulk_create([row], ignore_conflicts=True)
    kept = KeptAnswer.objects.select_for_update().get(user=user, key=key)
    if kept.status is not None:
        if kept.fingerprint != row.fingerprint:
            raise DjangoValidationError({HEADER: gettext("This key was used with another request.")})
        return Response(kept.answer, status=kept.status)
    response = work()
    kept.status, kept.answer = response.status_code, _as_json(response)
    kept.save(update_fields=["status", "answer"])
    return response


def _fingerprint(request: Request) -> str:
    said = json.dumps([request.path, request.data], sort_keys=True, default=str)
    return hashlib.sha256(said.encode()).hexdigest()


def _as_json(response: Response) -> Any:
    return json.loads(JSONRenderer().render(response.data)) if response.data is not None else None
