"""Live push: one small ASGI application that tells open pages that something changed (Server-Sent Events).

``GET /events/?topics=ticket:T100001,…`` with the session cookie. Everybody hears ``user:<id>`` and the ``team:<id>`` in
reach, with ``desk:<id>`` (who is on its tickets); a ticket only when it is visible, ``presence:<number>`` only from the
inside. Hints carry no content: the page asks again through its own rights.
One Redis connection for the whole process; who listens to what is kept in memory.
"""

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any
from urllib.parse import parse_qs

import django

django.setup()

from django.conf import settings  # noqa: E402 - Django first

from helpdesk import push_access  # noqa: E402
from helpdesk.push_hub import Hub, Listener  # noqa: E402

logger = logging.getLogger(__name__)

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

HEARTBEAT = 15.0  # seconds; proxies close what is silent for a minute
RECHECK = 30.0  # seconds in which a right taken away ends the stream
STREAMS_PER_PERSON = 20
_TOPICS = 50


class PushApp:
    """The application that uvicorn runs; `lifespan` starts and ends the hub, else the first request starts it."""

    def __init__(self) -> None:
        self.hub = Hub()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._lifespan(receive, send)
        elif scope["type"] == "http":
            await self._http(scope, receive, send)

    async def _lifespan(self, receive: Receive, send: Send) -> None:
        while True:
            message = await receive()
            if message["type"] == "lifespan.startup":
                self.hub.start()
                await send({"type": "lifespan.startup.complete"})
            else:
                await self.hub.stop()
                await send({"type": "lifespan.shutdown.complete"})
                return

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.hub.start()
        headers = {name.lower().decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        if scope["path"] == "/healthz":
            await _answer(send, 200, [], "ok" if self.hub.connected else "ok, without Redis")
            return
        if scope["path"] != "/events/":
            await _answer(send, 404)
            return
        origin = headers.get("origin")
        if origin is not None and origin not in allowed_origins():
            await _answer(send, 403)
            return
        cors = _cors(origin)
        if scope["method"] == "OPTIONS":
            await _answer(send, 204, cors)
        elif scope["method"] != "GET":
            await _answer(send, 405, [*cors, (b"allow", b"GET, OPTIONS")])
        else:
            await self._open(scope, headers, cors, receive, send)

    async def _open(self, scope: Scope, headers: dict, cors: list, receive: Receive, send: Send) -> None:
        """Check everything that may refuse the stream, then run it."""
        try:
            person = await push_access.person(headers.get("cookie", ""), _wanted(scope))
        except push_access.Unavailable:
            await _answer(send, 503, [*cors, (b"retry-after", b"5")])
            return
        if person is None:
            await _answer(send, 401, cors)
        elif not self.hub.connected:
            await _answer(send, 503, [*cors, (b"retry-after", b"5")])
        elif self.hub.streams_of(person.user_id) >= STREAMS_PER_PERSON:
            await _answer(send, 429, [*cors, (b"retry-after", b"60")])
        else:
            listener = self.hub.join(person)
            try:
                await _stream(listener, headers.get("cookie", ""), _wanted(scope), cors, receive, send)
            finally:
                self.hub.leave(listener)


async def _stream(listener: Listener, cookie: str, wanted: list[str], cors: list, receive: Receive, send: Send) -> None:
    """Send hints until the page leaves or the rights change."""
    await send({"type": "http.response.start", "status": 200, "headers": [*cors, *_STREAM_HEADERS]})
    # Spread, so that five hundred pages whose line dropped do not come back in the same instant.
    await _write(send, f"retry: {random.randrange(500, 1500)}\n\n")  # nosec B311
    gone = asyncio.ensure_future(_until_gone(receive))
    loop = asyncio.get_running_loop()
    # Spread, or five hundred pages opened after a restart would all be checked in the same second.
    check_at = loop.time() + RECHECK * random.uniform(0.5, 1)  # nosec B311
    beat_at = loop.time() + HEARTBEAT
    try:
        while not gone.done():
            hint = asyncio.ensure_future(listener.next())
            wait = max(0.0, min(check_at, beat_at) - loop.time())
            await asyncio.wait({hint, gone}, timeout=wait, return_when=asyncio.FIRST_COMPLETED)
            if hint.done():
                text = hint.result()
                if text is None:  # it could not keep up, or the process ends: the browser comes back and refetches
                    break
                await _write(send, text)
            else:
                hint.cancel()
            if loop.time() >= beat_at:
                beat_at = loop.time() + HEARTBEAT
                await _write(send, ": still here\n\n")
            if loop.time() >= check_at:
                check_at = loop.time() + RECHECK
                if not await _still_allowed(listener, cookie, wanted):
                    break
    finally:
        gone.cancel()
    await send({"type": "http.response.body", "body": b"", "more_body": False})


async def _still_allowed(listener: Listener, cookie: str, wanted: list[str]) -> bool:
    """Whether the same person may still hear the same topics; while the database is away nothing is decided."""
    try:
        return await push_access.person(cookie, wanted) == listener.person
    except push_access.Unavailable:
        return True


async def _until_gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _write(send: Send, text: str) -> None:
    await send({"type": "http.response.body", "body": text.encode(), "more_body": True})


async def _answer(send: Send, status: int, headers: list | None = None, text: str = "") -> None:
    base = [(b"content-type", b"text/plain; charset=utf-8"), (b"cache-control", b"no-store")]
    await send({"type": "http.response.start", "status": status, "headers": [*base, *(headers or [])]})
    await send({"type": "http.response.body", "body": text.encode()})


_STREAM_HEADERS = [
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-store"),
    (b"x-accel-buffering", b"no"),
    (b"x-content-type-options", b"nosniff"),
]


def _wanted(scope: Scope) -> list[str]:
    values = parse_qs(scope["query_string"].decode("latin-1"), max_num_fields=10).get("topics", [])
    return sorted({topic for value in values for topic in value.split(",") if len(topic) <= 80})[:_TOPICS]


def allowed_origins() -> set[str]:
    """The pages that may listen from another port of this host: SITE_URL, and in demo mode its loopback names."""
    origins = {settings.SITE_ORIGIN}
    if settings.DEMO:
        origins |= {f"http://{name}:{settings.SITE_PORT}" for name in ("127.0.0.1", "localhost")}
    return origins


def _cors(origin: str | None) -> list[tuple[bytes, bytes]]:
    if origin is None:
        return []
    return [
        (b"access-control-allow-origin", origin.encode("latin-1")),
        (b"access-control-allow-credentials", b"true"),
        (b"vary", b"Origin"),
    ]


app = PushApp()
