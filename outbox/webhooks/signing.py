"""The signature of a call, by which its receiver knows that it comes from here and is not old.

``X-Helpdesk-Signature: t=1764230400,v1=<hex>``: HMAC-SHA256 of ``<t>.<body>`` with the endpoint's secret. While a
secret is replaced there is a ``v1`` for each; any that fits will do.
"""

import hashlib
import hmac
import secrets
from datetime import datetime

from outbox.models import WebhookEndpoint
from outbox.sealing import unseal

HEADER = "X-Helpdesk-Signature"
PREFIX = "whsec_"


def new_secret() -> str:
    """256 random bits, as the receiver holds them."""
    return PREFIX + secrets.token_urlsafe(32)


def mark_of(sealed: str) -> str:
    """What tells one sealed secret from another without telling anything of it."""
    return hashlib.sha256(sealed.encode()).hexdigest()[:16]


def signature(*, endpoint: WebhookEndpoint, body: bytes, now: datetime) -> str:
    """The header's value for ``body`` sent at ``now``.

    Raises:
        Unreadable: SECRET_KEY was changed, so that nobody knows the secret any more.
    """
    instant = int(now.timestamp())
    signed = f"{instant}.".encode() + body
    values = [hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest() for secret in _valid(endpoint, now)]
    return ",".join([f"t={instant}", *(f"v1={value}" for value in values)])


def _valid(endpoint: WebhookEndpoint, now: datetime) -> list[str]:
    """Raises:
    Unreadable: SECRET_KEY was changed.
    """
    sealed = [endpoint.sealed_secret]
    if endpoint.previous_until is not None and endpoint.previous_until > now:
        sealed.append(endpoint.sealed_previous)
    return [unseal(one) for one in sealed]
