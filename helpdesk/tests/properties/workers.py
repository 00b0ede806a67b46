"""Two at once, on connections of their own."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from django.db import connections, transaction
from django.test import override_settings

from helpdesk.tests.properties.house import House
from helpdesk.tests.properties.rows import Rows
from tickets.services import escalation

_PATIENCE = 60  # seconds; only a deadlock waits so long


def in_two_threads(job: Callable[[int], object]) -> None:
    """Run ``job(0)`` and ``job(1)`` from the same moment on; what they raise is raised here."""
    together = threading.Barrier(2)

    def run(place: int) -> None:
        try:
            together.wait(_PATIENCE)
            job(place)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(2) as pool:
        for done in [pool.submit(run, place) for place in (0, 1)]:
            done.result(_PATIENCE)


def two_workers_agree_with_one(house: House) -> None:
    """The same tickets twice: one worker, all rows at a time, taken back; then two that race for single rows.

    The second one climbs before it sweeps. What both of them skipped because the other held it is found by the next
    ring, as in production.
    """
    with transaction.atomic():
        escalation.sweep()
        escalation.climb()
        alone = Rows(house).final_state()
        transaction.set_rollback(True)

    def work(place: int) -> None:
        jobs = [escalation.sweep, escalation.climb]
        for job in jobs[::-1] if place else jobs:
            job()

    with override_settings(SWEEP_BATCH=1):
        in_two_threads(work)
        work(0)
    assert Rows(house).final_state() == alone
