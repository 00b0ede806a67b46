"""One thread per process for words that may get lost: doorbells and push hints.

Nothing here is the truth: rows are, and sweeps and polling find them. So whoever commits never waits for Redis,
be it dead, slow or frozen; what cannot be said at once is dropped.
"""

import atexit
import logging
import os
import queue
import threading
import time
from collections.abc import Callable

logger = logging.getLogger(__name__)

_ROOM = 1000  # more than this waiting means that Redis is away; the newest words are dropped then
_COMPLAIN_EVERY = 10.0  # seconds between two such log lines
_LAST_WORDS = 0.5  # seconds that a process which ends gives to what is still waiting


class _Speaker:
    """The queue and its thread; each process makes its own."""

    def __init__(self) -> None:
        self.waiting: queue.Queue[Callable[[], None]] = queue.Queue(_ROOM)
        threading.Thread(target=self._run, name="outbox-background", daemon=True).start()

    def _run(self) -> None:
        while True:
            job = self.waiting.get()
            try:
                job()
            except Exception as error:  # noqa: BLE001 - whatever it is, the next word must still be said
                logger.warning("not said: %s", error)
            finally:
                self.waiting.task_done()

    def idle(self, timeout: float) -> bool:
        """Wait until everything was said or dropped, at most ``timeout`` seconds."""
        with self.waiting.all_tasks_done:
            return self.waiting.all_tasks_done.wait_for(lambda: not self.waiting.unfinished_tasks, timeout)


_complained_at = float("-inf")
_lock = threading.Lock()
_speaker: _Speaker | None = None


def say(job: Callable[[], None]) -> None:
    """Run ``job`` soon in the background; never waits, never raises."""
    global _speaker
    with _lock:
        if _speaker is None:
            _speaker = _Speaker()
        speaker = _speaker
    try:
        speaker.waiting.put_nowait(job)
    except queue.Full:
        _complain()


def _complain() -> None:
    """Once in a while: a flood of words must not become a flood of log lines."""
    global _complained_at
    if time.monotonic() - _complained_at > _COMPLAIN_EVERY:
        _complained_at = time.monotonic()
        logger.warning("too much is waiting to be said; words are dropped")


def flush(timeout: float) -> bool:
    """Wait up to ``timeout`` seconds until nothing waits; whether that came true."""
    speaker = _speaker
    return speaker is None or speaker.idle(timeout)


def _forget() -> None:
    """In a forked child: the parent's lock may be held and its thread did not come along."""
    global _lock, _speaker
    _lock, _speaker = threading.Lock(), None


atexit.register(flush, _LAST_WORDS)
os.register_at_fork(after_in_child=_forget)
