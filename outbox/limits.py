"""How often something may happen: one atomic upsert, so that parallel requests cannot slip past the limit."""

import hashlib
import hmac
import ipaddress
from datetime import UTC, datetime, timedelta

from django.conf import settings
from django.core.cache import cache
from django.db import connection
from django.http import HttpRequest

LONGEST = 86_400  # seconds; `prune` may throw away windows older than two of these

_COUNT = """
    INSERT INTO outbox_ratewindow AS w (key, window_started_at, count) VALUES (%s, %s, 1)
    ON CONFLICT (key, window_started_at) DO UPDATE SET count = w.count + 1 WHERE w.count < %s
    RETURNING count
"""
_BEFORE = "SELECT count FROM outbox_ratewindow WHERE key = %s AND window_started_at = %s"


def allow(key: str, *, limit: int, seconds: int, now: datetime, rolling: bool = False) -> bool:
    """Count one event of ``key`` in the present window of ``seconds``; whether it is within ``limit``.

    Windows are fixed (they start at multiples of ``seconds``), so that one row and one statement do. What is refused
    is not counted. Two neighbouring windows may together let twice the limit through; with ``rolling`` the window
    before counts too, so that no span of ``seconds`` ever holds more than ``limit``. Inside a transaction the row
    stays locked until its end: call it before, or late and shortly.

    Raises:
        ValueError: for a key over 160 characters, a negative limit, or seconds outside 1 to one day.
    """
    if len(key) > 160 or limit < 0 or not 0 < seconds <= LONGEST:
        raise ValueError("key up to 160 characters, limit from 0, seconds from 1 to 86400")
    start = window_start(now, seconds)
    with connection.cursor() as cursor:
        if rolling:
            cursor.execute(_BEFORE, [key, start - timedelta(seconds=seconds)])  # it is over, so nobody changes it now
            limit -= (cursor.fetchone() or (0,))[0]
        if limit <= 0:
            return False
        cursor.execute(_COUNT, [key, start, limit])
        return cursor.fetchone() is not None


def allow_reading(key: str, *, limit: int, seconds: int, now: datetime) -> bool:
    """`allow` for what only reads: counted in the cache, so that it writes nothing and without Redis nobody is held up.

    The window is part of the key, which outlives it: a counter that is raised at the very moment at which it runs out
    would begin anew without an end, and hold its network up for ever.
    """
    key = f"{key}:{int(window_start(now, seconds).timestamp())}"
    cache.add(key, 0, timeout=2 * seconds)
    try:
        return cache.incr(key) <= limit
    except ValueError:  # Redis was emptied between the two calls
        return True


def network_of(ip: str) -> str:
    """Whose door an address is, for limits: a household owns a whole /64 of IPv6, and IPv4 may come dressed as IPv6."""
    try:
        address = ipaddress.ip_address(ip)
    except ValueError:
        return ip
    if address.version == 4:
        return str(address)
    if address.ipv4_mapped:
        return str(address.ipv4_mapped)
    return str(ipaddress.ip_network((address, 64), strict=False))


def network_mark(request: HttpRequest) -> str:
    """A keyed hash of the sender's network, so that no address is stored."""
    return keyed_mark(network_of(request.META.get("REMOTE_ADDR", "")))


def keyed_mark(value: str) -> str:
    """``value`` as part of a key that tells nobody what it was."""
    key = f"outbox.limits:{settings.SECRET_KEY}".encode()
    return hmac.new(key, value.encode(), hashlib.sha256).hexdigest()[:32]


def window_start(now: datetime, seconds: int) -> datetime:
    """The start of the window of ``seconds`` that ``now`` lies in."""
    return datetime.fromtimestamp(int(now.timestamp()) // seconds * seconds, tz=UTC)


def seconds_left(now: datetime, seconds: int) -> int:
    """How long the present window of ``seconds`` lasts yet."""
    return max(1, seconds - int((now - window_start(now, seconds)).total_seconds()))


def expired_before(now: datetime) -> datetime:
    """Windows that started before this instant limit nothing any more."""
    return now - timedelta(seconds=2 * LONGEST)
