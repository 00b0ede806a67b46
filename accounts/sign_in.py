"""How often sign-in, second factor and password reset may be tried: counted in PostgreSQL by one atomic statement.

allauth counts in the cache, which forgets everything while Redis is away; these limits hold then too.
"""

import hashlib

from django.db.models import F

from outbox import clock, limits
from outbox.models import RateWindow

WINDOW = 300  # seconds
ATTEMPTS_PER_ADDRESS = 10  # per e-mail address: somebody guesses one person's password
ATTEMPTS_PER_CLIENT = 100  # per network address: somebody tries one password on many; an office shares one address
CODES_PER_PERSON = 10  # a six-digit code, three of which are valid at a time
RESETS_PER_ADDRESS = (3, 3600)
RESETS_PER_CLIENT = (30, 3600)


def allow_attempt(*, ip: str, email: str) -> bool:
    """Count one sign-in; whether its password may be looked at."""
    now = clock.now()
    return limits.allow(
        _key("client", limits.network_of(ip)), limit=ATTEMPTS_PER_CLIENT, seconds=WINDOW, now=now
    ) and limits.allow(_key("address", email), limit=ATTEMPTS_PER_ADDRESS, seconds=WINDOW, now=now)


def give_back(*, ip: str, email: str) -> None:
    """A success is no guess: take its own count back, and no other, or one known password would reset the rest."""
    start = limits.window_start(clock.now(), WINDOW)
    keys = [_key("client", limits.network_of(ip)), _key("address", email)]
    RateWindow.objects.filter(key__in=keys, window_started_at=start, count__gt=0).update(count=F("count") - 1)


def allow_code(*, user_id: int) -> bool:
    """Count one try of a second factor."""
    return limits.allow(_key("code", str(user_id)), limit=CODES_PER_PERSON, seconds=WINDOW, now=clock.now())


def allow_reset(*, ip: str, email: str) -> bool:
    """Count one request for a reset link; whether a mail leaves."""
    now = clock.now()
    (per_client, client_seconds), (per_address, address_seconds) = RESETS_PER_CLIENT, RESETS_PER_ADDRESS
    return limits.allow(
        _key("reset-client", limits.network_of(ip)), limit=per_client, seconds=client_seconds, now=now
    ) and limits.allow(_key("reset-address", email), limit=per_address, seconds=address_seconds, now=now)


def _key(kind: str, value: str) -> str:
    return f"sign-in:{kind}:{hashlib.sha256(value.strip().lower().encode()).hexdigest()[:40]}"
