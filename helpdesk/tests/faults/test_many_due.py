"""Fault 25: five thousand tickets fall due within one second, then ten times as many."""

import time
from datetime import timedelta

import pytest

from helpdesk.tests.faults import ledger
from helpdesk.tests.faults.scene import BOTH_WAVES, copies, escalated, ids, make_team, nothing_waits, numbers
from helpdesk.tests.processes import processes, wait_until
from outbox import clock
from sla.models import Clock
from tickets.models import Ticket
from tickets.tests.factories import make_ticket

pytestmark = [pytest.mark.proof, pytest.mark.faults, pytest.mark.django_db(transaction=True)]
SECOND = timedelta(seconds=1)
#: So many messages may tell one lead of everything: what one process resolves while the other sends is one more.
FEW = 10


@pytest.fixture
def running(tmp_path, sink):
    # As in production: batches of five hundred, and leases longer than a message to one lead of fifty thousand.
    with processes(tmp_path, EMAIL_URL=sink.url, SWEEP_BATCH="500", OUTBOX_LEASE_SECONDS="240") as running:
        yield running


@pytest.mark.parametrize("many", [5_000, 50_000])
def test_all_are_escalated_once_by_two_workers(many, running, sink, transactional_db, record_testsuite_property):
    team = make_team()
    first = make_ticket(team=team, severity="S", now=clock.now())
    copies(first, many - 1, apart=SECOND / many)
    tickets = list(Ticket.objects.all())
    due = Clock.objects.filter(metric="first_response").values_list("due_at", flat=True)
    assert len(due) == many
    assert max(due) - min(due) < SECOND
    running.worker(queues="ticks")
    running.worker(queues="ticks")
    running.worker(queues="mail")
    running.worker(queues="mail")
    clock.shift(BOTH_WAVES)
    running.beat(quick=True)
    began = time.monotonic()
    wait_until(lambda: escalated() == many, "all are escalated", 240)
    record_testsuite_property(f"{many}: seconds until all were escalated", time.monotonic() - began)
    wait_until(nothing_waits, "everything is told", 400)
    record_testsuite_property(f"{many}: seconds until all was told", time.monotonic() - began)
    assert 0 < sink.to(team.lead.email) <= FEW
    ledger.check(accepted=numbers(tickets), escalated=ids(tickets), sink=sink)
