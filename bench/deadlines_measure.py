"""One run of `deadlines.py`, in the process and the database that it was given: our sweep, or the floor."""

import json
import os
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import django
from django.db import connection, transaction

from bench.deadlines import ASK, BEHIND, FLOOR, IDLE_SWEEPS, peak_mb

WARM = """
    SELECT count(*) FROM sla_clock c JOIN tickets_ticket t ON t.id = c.ticket_id
    LEFT JOIN tickets_escalation e ON e.ticket_id = t.id
    WHERE c.state = 'running' AND c.breached_at IS NULL AND c.due_at < now() AND t.tokens IS NOT NULL
"""


def measure(who: str, *, idle: bool, meet: Path) -> dict:
    """Milliseconds, queries, escalations and memory of one run; of the quickest of many when nothing is due.

    Sweeps that run side by side begin when all of them are ready, each with a file of its own in ``meet``.
    """
    django.setup()
    from outbox import clock

    if idle:
        clock.shift(-BEHIND)
    with connection.cursor() as cursor:
        cursor.execute(WARM)
    work: Callable[[], object] = sweep if who == "ours" else ask if idle else prepare_floor()
    before = peak_mb()
    if idle:
        work()  # the first one only finds its way
    _await_others(meet)
    times, queries, busy, began = [], 0, _cpu(), time.monotonic()
    for _ in range(IDLE_SWEEPS if idle else 1):
        spent, queries = _timed(work)
        times.append(spent * 1000)
    ended = time.monotonic()
    busy = _cpu() - busy
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM tickets_escalation")
        escalations = cursor.fetchone()[0]
    return {
        "ms": min(times),
        "began": began,
        "ended": ended,
        "cpu_ms": busy * 1000,
        "queries": queries,
        "escalations": escalations,
        "peak_mb": peak_mb(),
        "grown_mb": peak_mb() - before,
    }


def _await_others(meet: Path) -> None:
    (meet / str(os.getpid())).touch()
    while len(list(meet.iterdir())) < int(os.environ["SWEEPS"]):
        time.sleep(0.01)


def _cpu() -> float:
    """Seconds of processor that this process and its side of the server have used."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        fields = Path(f"/proc/{cursor.fetchone()[0]}/stat").read_text().rpartition(")")[2].split()
    return time.process_time() + sum(map(int, fields[11:13])) / os.sysconf("SC_CLK_TCK")


def _timed(work: Callable[[], object]) -> tuple[float, int]:
    """Seconds, and how many statements were sent (not counting the commits)."""
    sent = 0

    def count(execute, *arguments):
        nonlocal sent
        sent += 1
        return execute(*arguments)

    with connection.execute_wrapper(count):
        began = time.perf_counter()
        work()
        return time.perf_counter() - began, sent


def sweep() -> int:
    from tickets.services import escalation

    return escalation.sweep()


def ask() -> None:
    """What a sweep has to ask at least when nothing is due."""
    from outbox import clock

    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(ASK, [clock.now()])


def prepare_floor() -> Callable[[], None]:
    """The floor with what it is spared: the arithmetic of working time."""
    from outbox import clock

    now = clock.now()
    sql, parameters = FLOOR.read_text(), {"now": now, "plans": json.dumps(_plans(now))}

    def write() -> None:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(sql, parameters)

    return write


def _plans(now: datetime) -> list[dict]:
    """The next cycle of every repeating promise, if it begins now."""
    from sla import schedule
    from sla.metrics import REPEATING
    from sla.models import Clock
    from sla.selectors import calendar_of

    promises = Clock.objects.filter(metric__in=REPEATING).values_list(
        "target_amount", "target_unit", "warn_share", "calendar_version_id"
    )
    rows = []
    for amount, unit, share, version in promises.distinct():
        plan = schedule.plan(schedule.Promise(amount, unit, share, calendar_of(version)), start=now)
        rows.append(
            {
                "amount": str(amount),
                "unit": unit,
                "warn_share": str(share),
                "version": version,
                "due_at": plan.due_at.isoformat(),
                "warn_at": plan.warn_at.isoformat(),
            }
        )
    return rows
