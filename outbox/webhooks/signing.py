"""The signature of a call, by which its receiver knows that it comes from here and is not old.

``X-Helpdesk-Signature: t=1764230400,v1=<hex>``: HMAC-SHA256 of ``<t>.<body>`` with the endpoint's secret. While a
secret is replaced, and while the installation's own key is, there is a ``v1`` for each; any that fits will do.
"""

import base64
import hashlib
import hmac
import secrets
from datetime import datetime

from django.conf import settings

from outbox.models import WebhookEndpoint

HEADER = "X-Helpdesk-Signature"
PREFIX = "whsec_"


def new_seed() -> str:
    """A random seed of 256 bits, from which a secret is derived."""
    return secrets.token_hex(32)


def secret_of(seed: str, *, key: str | None = None) -> str:
    """The secret that belongs to ``seed``, as the receiver holds it."""
    derived = hmac.new((key or settings.SECRET_KEY).encode(), f"outbox.webhook:{seed}".encode(), hashlib.sha256)
    return PREFIX + base64.urlsafe_b64encode(derived.digest()).decode().rstrip("=")


def mark_of(seed: str) -> str:
    """What tells one secret from another without telling anything of it."""
    return hashlib.sha256(f"outbox.webhook.mark:{seed}".encode()).hexdigest()[:16]


def signature(*, endpoint: WebhookEndpoint, body: bytes, now: datetime) -> str:
    """The header's value for ``body`` sent at ``now``."""
    instant = int(now.timestamp())
    signed = f"{instant}.".encode() + body
    values = [hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest() for secret in _valid(endpoint, now)]
    return ",".join([f"t={instant}", *(f"v1={value}" for value in values)])


def _valid(endpoint: WebhookEndpoint, now: datetime) -> list[str]:
    seeds = [endpoint.seed]
    if endpoint.previous_until is not None and endpoint.previous_until > now:
        seeds.append(endpoint.previous_seed)
    keys = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
    return [secret_of(seed, key=key) for key in keys for seed in seeds]
