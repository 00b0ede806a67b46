"""Marks that run out by themselves: who is where right now. In Redis alone, never in the database; they may get lost.

A mark is a member of a sorted set whose score is the instant at which it runs out. Instants are the caller's, so that
one clock rules; Redis throws a forgotten set away by its own.
"""

import functools
import logging
import time
from collections.abc import Callable, Collection, Iterable
from datetime import datetime, timedelta
from typing import Any

import redis
from django.conf import settings

logger = logging.getLogger(__name__)

_TIMEOUT = 0.5  # seconds for connecting, and again for speaking: a page waits no longer for what it can do without
_SILENCE = 5.0  # seconds without another try after a failure
_FORGOTTEN = 3600  # seconds after the last mark at which Redis drops a set
_silent_until = 0.0


def put(place: str, member: str, *, now: datetime, lasts: timedelta) -> bool:
    """Set or prolong a mark; whether it is new. False, too, while Redis is away."""
    score = now.timestamp()

    def ask(pipe: Any) -> None:
        pipe.zscore(_key(place), member)
        pipe.zadd(_key(place), {member: score + lasts.total_seconds()})
        pipe.zremrangebyscore(_key(place), "-inf", score)
        pipe.expire(_key(place), _FORGOTTEN)

    before = _ask(ask)
    return before is not None and (before[0] is None or before[0] <= score)


def drop(place: str, members: Collection[str]) -> bool:
    """Take marks away; whether there was one."""
    found = _ask(lambda pipe: pipe.zrem(_key(place), *members))
    return bool(found and found[0])


def read(places: Iterable[str], *, now: datetime) -> list[list[str]]:
    """The marks of each place that have not run out, in one round trip; none while Redis is away."""
    names = list(places)

    def ask(pipe: Any) -> None:
        for place in names:
            pipe.zrangebyscore(_key(place), f"({now.timestamp()}", "+inf")

    return (_ask(ask) if names else None) or [[] for _name in names]


def _ask(build: Callable[[Any], Any]) -> list[Any] | None:
    """The answers to one pipeline; None when Redis does not answer."""
    global _silent_until
    if time.monotonic() < _silent_until:
        return None
    try:
        with _client().pipeline() as pipe:
            build(pipe)
            return pipe.execute()
    except redis.RedisError as error:
        _silent_until = time.monotonic() + _SILENCE
        logger.warning("marks are away: %s", error)
        return None


def _key(place: str) -> str:
    return f"{settings.CACHES['default']['KEY_PREFIX']}:marks:{place}"


@functools.cache
def _client() -> redis.Redis:
    return redis.Redis.from_url(
        settings.REDIS_URL,
        socket_connect_timeout=_TIMEOUT,
        socket_timeout=_TIMEOUT,
        retry=None,
        decode_responses=True,
    )
