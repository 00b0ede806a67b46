"""Live push: «something about this topic changed», nothing more. The page then asks again through its own rights."""

import functools
import json
import logging
import time
from typing import Any

import redis
from django.conf import settings
from django.db import transaction

from outbox import background

logger = logging.getLogger(__name__)

_TIMEOUT = 0.5  # seconds for connecting, and again for speaking
_SILENCE = 5.0  # seconds without another try after a failure
_silent_until = 0.0


def channel() -> str:
    """The one Redis channel that carries every hint."""
    return f"{settings.CACHES['default']['KEY_PREFIX']}:push"


def publish(topic: str, **hint: Any) -> None:
    """After commit, hint that ``topic`` (``ticket:T100001``, ``team:3``, ``user:7``) changed.

    Hints are small codes and ids for whoever may see the topic, never content. Best effort: never waits, never raises;
    a page that hears nothing polls.
    """
    message = json.dumps({"topic": topic, **hint}, separators=(",", ":"))
    transaction.on_commit(functools.partial(background.say, functools.partial(_send, message)), robust=True)


def _send(message: str) -> None:
    global _silent_until
    if time.monotonic() < _silent_until:
        return
    try:
        _client().publish(channel(), message)
    except redis.RedisError as error:
        _silent_until = time.monotonic() + _SILENCE
        logger.warning("push is away: %s", error)


@functools.cache
def _client() -> redis.Redis:
    return redis.Redis.from_url(
        settings.REDIS_URL, socket_connect_timeout=_TIMEOUT, socket_timeout=_TIMEOUT, retry=None, max_connections=2
    )
