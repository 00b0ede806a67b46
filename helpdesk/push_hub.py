"""The hub of live push: one Redis subscription for the process, hints handed out in memory."""

import asyncio
import json
import logging
from collections import Counter, defaultdict
from contextlib import suppress

import redis.asyncio
from django.conf import settings
from redis.exceptions import RedisError

from helpdesk.push_access import Person
from outbox.push import channel

logger = logging.getLogger(__name__)

_WAITING = 100  # hints that one page may be behind before it is sent away to refetch
_PAUSE_FIRST, _PAUSE_LONGEST = 0.5, 5.0
_PING = 10.0  # seconds of silence after which Redis is asked whether it is still there

#: Said to every page after Redis was away: something may have been missed.
RESYNC = "event: resync\ndata: {}\n\n"


class Listener:
    """One open page: who it is and what waits to be written to it."""

    def __init__(self, person: Person) -> None:
        self.person = person
        self._queue: asyncio.Queue[str | None] = asyncio.Queue(_WAITING + 1)
        self._closed = False

    async def next(self) -> str | None:
        """The next text to write; None when the stream is to end."""
        return await self._queue.get()

    def put(self, text: str) -> None:
        """Hand over a text; a page too far behind is closed, because refetching is cheaper than catching up."""
        if self._closed:
            return
        if self._queue.qsize() >= _WAITING:
            self.close()
        else:
            self._queue.put_nowait(text)

    def close(self) -> None:
        """End the stream after what already waits."""
        if not self._closed:
            self._closed = True
            self._queue.put_nowait(None)


class Hub:
    """Who listens to which topic."""

    def __init__(self) -> None:
        self.connected = False
        self._by_topic: dict[str, set[Listener]] = defaultdict(set)
        self._everybody: set[Listener] = set()
        self._per_person: Counter[int] = Counter()
        self._reader: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to read Redis, once."""
        if self._reader is None or self._reader.done():
            self._reader = asyncio.create_task(self._read_for_ever())

    async def stop(self) -> None:
        """End every stream and the subscription."""
        for listener in list(self._everybody):
            listener.close()
        if self._reader is not None:
            self._reader.cancel()
            with suppress(asyncio.CancelledError):
                await self._reader

    def streams_of(self, user_id: int) -> int:
        """How many pages this person has open."""
        return self._per_person[user_id]

    def join(self, person: Person) -> Listener:
        """A new open page."""
        listener = Listener(person)
        self._everybody.add(listener)
        self._per_person[person.user_id] += 1
        for topic in person.topics:
            self._by_topic[topic].add(listener)
        return listener

    def leave(self, listener: Listener) -> None:
        """The page is gone."""
        self._everybody.discard(listener)
        self._per_person[listener.person.user_id] -= 1
        for topic in listener.person.topics:
            self._by_topic[topic].discard(listener)
            if not self._by_topic[topic]:
                del self._by_topic[topic]

    def hand_out(self, raw: bytes | str) -> None:
        """Give one hint of Redis to the pages that listen to its topic; nonsense is dropped."""
        try:
            topic = str(json.loads(raw)["topic"])
        except (ValueError, TypeError, KeyError):
            logger.warning("push: not a hint: %.80r", raw)
            return
        text = raw.decode() if isinstance(raw, bytes) else raw
        # JSON written by `outbox.push` has no line breaks; a stranger on the channel must not forge events.
        line = f"data: {' '.join(text.split())}\n\n"
        for listener in list(self._by_topic.get(topic, ())):
            listener.put(line)

    async def _read_for_ever(self) -> None:
        pause, was_connected = _PAUSE_FIRST, False
        while True:
            try:
                await self._read(was_connected)
            except (RedisError, OSError) as error:
                if self.connected:
                    logger.warning("push: Redis is away: %s", error)
                    pause = _PAUSE_FIRST
                was_connected = was_connected or self.connected
                self.connected = False
            await asyncio.sleep(pause)
            pause = min(pause * 2, _PAUSE_LONGEST)

    async def _read(self, was_connected: bool) -> None:
        """Subscribe and hand out until the connection breaks."""
        client = redis.asyncio.Redis.from_url(settings.REDIS_URL, socket_connect_timeout=2, socket_timeout=5)
        async with client, client.pubsub() as subscription:
            await subscription.subscribe(channel())
            self.connected = True
            if was_connected:
                for listener in list(self._everybody):
                    listener.put(RESYNC)
            asked = False
            while True:
                message = await subscription.get_message(timeout=_PING)
                if message is None:
                    # Silence: a connection that died without a word answers no ping either.
                    if asked:
                        raise ConnectionError("no answer to a ping")
                    await subscription.ping()
                    asked = True
                    continue
                asked = False
                if message["type"] == "message":
                    self.hand_out(message["data"])
