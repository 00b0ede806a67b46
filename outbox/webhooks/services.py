"""What an administrator does to webhooks: set up, change, replace the secret, send a test, send again."""

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from outbox import web
from outbox.bulk import insert_rows
from outbox.models import WebhookCall, WebhookEndpoint, WebhookHealth
from outbox.sealing import seal
from outbox.webhooks import catalogue, signing
from outbox.webhooks.announcing import Happening, call_row

#: For so long the old secret stays valid beside the new one.
BOTH_VALID = timedelta(days=1)
_NEEDED = "admin.configure"
#: What the form says; the secret has a way of its own.
_SAID = ["name", "url", "team", "hears", "is_active"]


@transaction.atomic
def save_endpoint(
    *,
    actor: Any,
    name: str,
    url: str,
    hears: Collection[str],
    team_id: int | None = None,
    is_active: bool = True,
    endpoint: WebhookEndpoint | None = None,
    now: datetime,
) -> tuple[WebhookEndpoint, str]:
    """Set an endpoint up, or change ``endpoint``; returns it and, of a new one, the secret, which is shown this once.

    Raises:
        PermissionDenied: who may not configure.
        ValidationError: an address that may not be called, no name, no event or one that does not exist.
    """
    _demand(actor)
    try:
        web.check_address(url)
    except ValidationError as refusal:
        raise ValidationError({"url": refusal}) from refusal
    unknown = set(hears) - set(catalogue.events())
    if not hears or unknown:
        raise ValidationError({"hears": _("Choose at least one event of the list.")})
    secret = ""  # nosec B105: none yet
    if endpoint is None:
        secret = signing.new_secret()
        endpoint = WebhookEndpoint(sealed_secret=seal(secret), created_at=now)
    else:  # under its lock, and without the secret: somebody may be replacing it just now
        endpoint = WebhookEndpoint.objects.select_for_update().get(pk=endpoint.pk)
    wakes = is_active and not endpoint.is_active
    endpoint.name, endpoint.url, endpoint.team_id = name.strip(), url, team_id
    endpoint.hears = [event for event in catalogue.events() if event in set(hears)]
    endpoint.is_active = is_active
    endpoint.full_clean()
    endpoint.save(update_fields=None if endpoint.pk is None else _SAID)
    if wakes:  # what failed before was somebody's to mend, and they say that it is
        rows = WebhookHealth.objects.filter(endpoint=endpoint)
        rows.update(failing_since=None, failures=0, paused_until=None)
    return endpoint, secret


@transaction.atomic
def rotate_secret(*, actor: Any, endpoint: WebhookEndpoint, seen: str = "", now: datetime) -> str:
    """A new secret, returned this once; the old one stays valid for a day beside it.

    ``seen`` is the mark of the secret that is to be replaced (`signing.mark_of`). Sent twice, a request would else
    replace the new one too, and the one that the receiver still holds would end at once.

    Raises:
        PermissionDenied: who may not configure.
        ValidationError: the secret was replaced since it was ``seen``.
    """
    _demand(actor)
    row = WebhookEndpoint.objects.select_for_update().get(pk=endpoint.pk)
    if seen and seen != signing.mark_of(row.sealed_secret):
        raise ValidationError(_("This secret was replaced just now. Make another one only if the new one is lost."))
    secret = signing.new_secret()
    row.sealed_previous, row.previous_until = row.sealed_secret, now + BOTH_VALID
    row.sealed_secret = seal(secret)
    row.save(update_fields=["sealed_secret", "sealed_previous", "previous_until"])
    return secret


def delete_endpoint(*, actor: Any, endpoint: WebhookEndpoint) -> None:
    """Forget an endpoint and its calls.

    Raises:
        PermissionDenied: who may not configure.
    """
    _demand(actor)
    endpoint.delete()


@transaction.atomic
def send_test(*, actor: Any, endpoint: WebhookEndpoint, now: datetime) -> int:
    """Write a call that tells of nothing, so that both sides see whether it arrives; returns its id.

    Raises:
        PermissionDenied: who may not configure.
    """
    _demand(actor)
    happening = Happening(catalogue.TEST, f"webhook:{endpoint.pk}", {"by": actor.pk})
    return insert_rows(WebhookCall, [call_row(endpoint_id=endpoint.pk, happening=happening, now=now)])[0]


def replay(*, actor: Any, endpoint: WebhookEndpoint, call_id: int | None = None, now: datetime) -> int:
    """Send one settled call again, or without ``call_id`` all that were given up; returns how many.

    A call keeps its id, so that a receiver who knows it need not act twice.

    Raises:
        PermissionDenied: who may not configure.
    """
    _demand(actor)
    rows = WebhookCall.objects.filter(endpoint=endpoint)
    if call_id is None:
        rows = rows.filter(state=WebhookCall.State.DEAD)
    else:
        rows = rows.filter(pk=call_id).exclude(state=WebhookCall.State.WAITING)
    return rows.update(
        state=WebhookCall.State.WAITING, attempts=0, next_attempt_at=now, locked_until=None, accepted_at=None
    )


def _demand(actor: Any) -> None:
    if not actor.may(_NEEDED):
        raise PermissionDenied
