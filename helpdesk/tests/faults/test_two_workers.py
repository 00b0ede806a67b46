"""Fault 9: two workers on the same due work. A lock on the escalations holds each in the middle of its batch."""

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg2
import pytest
from django.db import connection

from helpdesk.celery import app as celery_app
from helpdesk.tests.faults import ledger
from helpdesk.tests.faults.scene import (
    BOTH_WAVES,
    SWEEP,
    agent_of,
    escalated,
    ids,
    numbers,
    two_waves,
    wait_until_told,
)
from helpdesk.tests.processes import SWEEP_BATCH, processes, wait_until
from outbox import clock
from outbox.models import Heartbeat
from sla.choices import MetricCode
from sla.models import Clock
from tickets.models import Escalation
from tickets.tests.factories import make_ticket

pytestmark = [pytest.mark.proof, pytest.mark.faults, pytest.mark.django_db(transaction=True)]
_WAITING = """
    SELECT count(*) FROM pg_locks l JOIN pg_class c ON c.oid = l.relation JOIN pg_database d ON d.oid = l.database
    WHERE c.relname = 'tickets_escalation' AND NOT l.granted AND d.datname = current_database()
"""
_CLAIMED = "SELECT count(*) FROM (SELECT id FROM sla_clock WHERE breached_at IS NULL FOR UPDATE SKIP LOCKED) AS free"


@pytest.fixture
def running(tmp_path, sink):
    with processes(tmp_path, EMAIL_URL=sink.url, DATABASE_LOCK_SECONDS="60") as running:
        yield running


def test_two_workers_on_many_tickets(team, running, sink):
    """Both hold a batch of their own at the same moment, and neither has written anything."""
    tickets = two_waves(team)
    clock.shift(BOTH_WAVES)
    with _nobody_escalates():
        running.worker(queues="ticks")
        running.worker(queues="ticks")
        running.beat(quick=True)
        wait_until(lambda: _number(_WAITING) == 2, "both workers stand in the middle of a batch")
        assert _number(_CLAIMED) == Clock.objects.filter(breached_at=None).count() - 2 * SWEEP_BATCH
        assert escalated() == 0
    running.worker(queues="mail")
    wait_until_told()
    ledger.check(accepted=numbers(tickets), escalated=ids(tickets), sink=sink)


def test_two_workers_on_one_ticket(team, running, sink):
    """One stands in the middle of it; the other sweeps meanwhile, and goes past it without waiting."""
    ticket = make_ticket(team=team, severity="S", now=clock.now())
    due = {MetricCode.FIRST_RESPONSE, MetricCode.WORKAROUND}
    Clock.objects.filter(ticket=ticket).exclude(metric__in=due).delete()
    now = clock.now()
    Clock.objects.filter(ticket=ticket).update(due_at=now, warn_at=now)
    with _nobody_escalates():
        running.worker(queues="ticks")
        running.worker(queues="ticks")
        celery_app.send_task(SWEEP, queue="ticks")
        wait_until(lambda: _number(_WAITING) == 1, "one worker stands in the middle of the ticket")
        since = clock.now()
        celery_app.send_task(SWEEP, queue="ticks")
        celery_app.send_task("outbox.tasks.beat", queue="ticks")  # heard after the sweep, by the only worker left
        wait_until(lambda: Heartbeat.objects.filter(name="worker", beat_at__gt=since).exists(), "the other has swept")
        assert _number(_WAITING) == 1
        assert escalated() == 0
    running.worker(queues="mail")
    running.beat()
    wait_until_told(1)
    assert Escalation.objects.filter(missed_by=agent_of(team)).count() == 2
    ledger.inputs_are_rows([ticket.number])
    ledger.escalations_equal_model({(ticket.pk, metric, 1, 1) for metric in due})
    ledger.mails_arrived_once(sink)
    ledger.nothing_due_is_left()
    ledger.events_fold_to_state()


@contextmanager
def _nobody_escalates() -> Iterator[None]:
    """While this lasts, an INSERT of an escalation waits, and with it the transaction that claimed the clock."""
    session = psycopg2.connect(**connection.get_connection_params())
    try:
        with session, session.cursor() as cursor:
            cursor.execute("LOCK TABLE tickets_escalation IN SHARE MODE")
            yield
    finally:
        session.close()


def _number(statement: str) -> int:
    with connection.cursor() as cursor:
        cursor.execute(statement)
        return cursor.fetchone()[0]
