"""Fault 5: the process dies between its commit and the doorbell. Nobody was told to look, and everything is found."""

import pytest
import requests

from accounts.tests.factories import make_customer
from helpdesk.tests.faults import ledger
from helpdesk.tests.faults.scene import (
    BOTH_WAVES,
    MANY,
    Api,
    answers,
    died,
    escalated,
    ids,
    nothing_waits,
    numbers,
    two_waves,
    wait_until_told,
)
from helpdesk.tests.processes import SWEEP_BATCH, wait_until
from helpdesk.tests.real import free_port
from outbox import clock
from outbox.models import Delivery, Intent
from tickets.models import Ticket

pytestmark = [pytest.mark.proof, pytest.mark.faults, pytest.mark.django_db(transaction=True)]
POINT = "before-doorbell"


def test_a_worker_killed_before_it_rings_for_its_escalations(team, running, sink):
    running.beat(quick=True)
    first = running.worker(crash_at=f"{POINT}:4")
    tickets = two_waves(team)
    clock.shift(BOTH_WAVES)
    died(running, first, f"{POINT}:4")
    assert 0 < escalated() == 4 * SWEEP_BATCH < MANY
    assert Intent.objects.filter(kind="ticket.escalated", state="pending").count() == escalated()
    running.worker()
    wait_until_told()
    ledger.check(accepted=numbers(tickets), escalated=ids(tickets), sink=sink)


def test_a_web_server_killed_before_it_rings_for_a_new_ticket(team, running, sink):
    """The ticket is there, its caller heard nothing, its mails wait: the caller asks again, the sweep finds them."""
    port = free_port()
    api = Api(f"http://127.0.0.1:{port}", make_customer())
    running.web(port, crash_at=POINT)
    wait_until(lambda: answers(api.address), "the web server answers")
    with pytest.raises(requests.ConnectionError):
        api.submit("once")
    assert running.crashed_at() == POINT
    assert Ticket.objects.count() == 1
    assert Intent.objects.filter(state="pending").count() == 2
    assert not Delivery.objects.exists()
    wait_until(lambda: answers(api.address), "the next web process answers")
    again = api.submit("once")
    assert again.status_code == 201
    running.beat()
    running.worker()
    wait_until(nothing_waits, "its mails are sent")
    assert sink.to(api.person.email) == 1
    ledger.check(accepted=[again.json()["number"]], escalated=[], sink=sink)
