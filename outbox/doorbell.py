"""The doorbell: tells a worker that the outbox has something due, so that nobody waits for the next tick.

It may stay unheard. The sweep every few seconds finds the same rows.
"""

import os
import threading

from celery import current_app

from outbox import background

TASK = "outbox.tasks.deliver_due"
QUEUE = "mail"
_EXPIRES = 30  # seconds; an old ring tells nothing that the sweep does not know

_pending = threading.Event()


def ring() -> None:
    """Ring soon, without waiting; many rings before the first was heard are one."""
    if not _pending.is_set():
        _pending.set()
        background.say(_ring_now)


def _ring_now() -> None:
    # Cleared first: a row committed from here on deserves a ring of its own.
    _pending.clear()
    current_app.send_task(TASK, queue=QUEUE, expires=_EXPIRES, retry=False, ignore_result=True)


def _forget() -> None:
    """A forked child has a thread of its own to ring with, and nothing pending in it."""
    global _pending
    _pending = threading.Event()


os.register_at_fork(after_in_child=_forget)
