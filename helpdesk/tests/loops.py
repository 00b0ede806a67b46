"""An event loop of one's own, whatever runs in this thread."""

import asyncio
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any


def run(story: Coroutine) -> Any:
    """`asyncio.run` in another thread: after a journey, Playwright's loop stays in this one."""
    with ThreadPoolExecutor(max_workers=1) as thread:
        return thread.submit(asyncio.run, story).result()
