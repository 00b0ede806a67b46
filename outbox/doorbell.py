"""The doorbell: tells a worker that the outbox has something due, so that nobody waits for the next tick.

It may stay unheard. The sweep every few seconds finds the same rows.
"""

import os
import threading
from typing import Any

from celery import current_app
from kombu import Producer

from outbox import background
from outbox.crash import crash_point

TASK = "outbox.tasks.deliver_due"
QUEUE = "mail"
#: So many rings may wait in one queue; a worker that comes back hears no more. Bounded by number and not by `expires`,
#: which compares the clocks of two machines: where one is wrong by minutes, no ring is heard (decision 0006).
MOST_WAITING = 20

_pending = threading.Event()


def ring() -> None:
    """Ring soon, without waiting; many rings before the first was heard are one."""
    crash_point("before-doorbell")
    if not _pending.is_set():
        _pending.set()
        background.say(_ring_now)


def may_ring(producer: Producer, queue: str) -> bool:
    """Whether ``queue`` has room for one more ring; what waits there finds the same rows."""
    # Declared, not looked at (`passive`): kombu looks for the queue without its key prefix and never finds it.
    channel: Any = producer.channel
    return channel.queue_declare(queue=queue).message_count < MOST_WAITING


def _ring_now() -> None:
    # Cleared first: a row committed from here on deserves a ring of its own.
    _pending.clear()
    with current_app.producer_pool.acquire(block=True) as producer:
        if may_ring(producer, QUEUE):
            current_app.send_task(TASK, queue=QUEUE, producer=producer, retry=False, ignore_result=True)


def _forget() -> None:
    """A forked child has a thread of its own to ring with, and nothing pending in it."""
    global _pending
    _pending = threading.Event()


os.register_at_fork(after_in_child=_forget)
