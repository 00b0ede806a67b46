"""The hub's one subscription: it comes back after Redis was away, and then asks every page to refetch."""

import asyncio
import json
from urllib.parse import urlsplit

import redis.asyncio

from helpdesk.push_access import Person
from helpdesk.push_hub import RESYNC, Hub
from helpdesk.tests import loops
from outbox.push import channel


class _Wire:
    """A TCP relay to the real Redis that the test can cut and mend."""

    def __init__(self, url: str) -> None:
        self.target = urlsplit(url)
        self.open: set[asyncio.StreamWriter] = set()
        self.cut_off = False

    async def start(self) -> int:
        server = await asyncio.start_server(self._relay, "127.0.0.1", 0)
        return server.sockets[0].getsockname()[1]

    async def _relay(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.cut_off:
            writer.close()
            return
        far_reader, far_writer = await self._reach()
        self.open |= {writer, far_writer}
        await asyncio.gather(self._copy(reader, far_writer), self._copy(far_reader, writer))

    async def _reach(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """The real one, by its socket file or by its port."""
        if self.target.scheme == "unix":
            return await asyncio.open_unix_connection(self.target.path)
        return await asyncio.open_connection(self.target.hostname, self.target.port or 6379)

    async def _copy(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while data := await reader.read(4096):
                writer.write(data)
        except OSError:
            pass
        writer.close()

    def cut(self) -> None:
        self.cut_off = True
        for writer in self.open:
            writer.transport.abort()
        self.open.clear()


async def _until(condition) -> None:
    async with asyncio.timeout(20):
        while not condition():
            await asyncio.sleep(0.02)


def test_it_reconnects_and_tells_every_page_to_refetch(settings):
    real = settings.REDIS_URL

    async def story() -> None:
        wire = _Wire(real)
        port = await wire.start()
        settings.REDIS_URL = f"redis://127.0.0.1:{port}/0"  # hints know no database number
        hub = Hub()
        listener = hub.join(Person(1, "k", frozenset({"user:1"})))
        hub.start()
        await _until(lambda: hub.connected)
        wire.cut()
        await _until(lambda: not hub.connected)
        wire.cut_off = False
        async with asyncio.timeout(20):
            assert await listener.next() == RESYNC
            async with redis.asyncio.Redis.from_url(real) as speaker:
                await speaker.publish(channel(), json.dumps({"topic": "user:1"}))
            assert await listener.next() == 'data: {"topic": "user:1"}\n\n'
            await hub.stop()
            assert await listener.next() is None

    loops.run(story())
