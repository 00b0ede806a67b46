"""Rings for the jobs that take in what was kept at the door. It may stay unheard: beat rings every few seconds."""

from celery import current_app

from outbox import background
from outbox.doorbell import may_ring

#: The workers of mails and hooks; deadlines have their own, which nothing from outside may fill.
QUEUE = "mail"


def ring(task: str) -> None:
    """Ring soon, without waiting and without failing."""
    background.say(lambda: _ring_now(task))


def _ring_now(task: str) -> None:
    with current_app.producer_pool.acquire(block=True) as producer:
        if may_ring(producer, QUEUE):
            current_app.send_task(task, queue=QUEUE, producer=producer, retry=False, ignore_result=True)
