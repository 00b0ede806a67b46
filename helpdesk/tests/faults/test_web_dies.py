"""Fault 10: kill -9 of the web server in the middle of a request; the client asks again with the same key."""

import pytest
import requests

from accounts.tests.factories import make_customer
from helpdesk.tests.faults import ledger
from helpdesk.tests.faults.scene import (
    BOTH_WAVES,
    Api,
    agent_of,
    answers,
    escalated,
    ids,
    nothing_waits,
    numbers,
    two_waves,
    wait_until_told,
)
from helpdesk.tests.processes import wait_until
from helpdesk.tests.real import free_port
from outbox import clock
from tickets.models import Escalation, Ticket

pytestmark = [pytest.mark.proof, pytest.mark.faults, pytest.mark.django_db(transaction=True)]


def test_a_web_server_killed_while_a_reply_meets_its_own_breach(team, running, sink):
    """A reply records the breach it comes too late for. The server dies in it; then sweep and reply race for it."""
    tickets = two_waves(team)
    port = free_port()
    api = Api(f"http://127.0.0.1:{port}", agent_of(team))
    running.web(port, crash_at="escalation-inserted:2")
    clock.shift(BOTH_WAVES)
    wait_until(lambda: answers(api.address), "the web server answers")
    assert api.reply(tickets[0]).status_code == 201
    with pytest.raises(requests.ConnectionError):
        api.reply(tickets[-1])
    assert running.crashed_at() == "escalation-inserted"
    assert list(Escalation.objects.values_list("ticket", flat=True)) == [tickets[0].pk]
    running.beat()
    running.worker()
    wait_until(lambda: answers(api.address), "the next web process answers")
    wait_until(lambda: escalated() > 1, "the sweep is at work")
    assert api.reply(tickets[-1]).status_code == 201
    wait_until_told()
    ledger.replies_are_rows([tickets[0].pk, tickets[-1].pk])
    ledger.check(accepted=numbers(tickets), escalated=ids(tickets), sink=sink)


@pytest.mark.parametrize("point", ["intake-before-commit", "intake-after-commit"])
def test_a_web_server_killed_while_a_ticket_is_made(point, team, running, sink):
    port = free_port()
    api = Api(f"http://127.0.0.1:{port}", make_customer())
    running.web(port, crash_at=point)
    wait_until(lambda: answers(api.address), "the web server answers")
    with pytest.raises(requests.ConnectionError):
        api.submit("once")
    assert running.crashed_at() == point
    assert Ticket.objects.count() == (point == "intake-after-commit")
    wait_until(lambda: answers(api.address), "the next web process answers")
    again, replay = api.submit("once"), api.submit("once")
    assert again.status_code == replay.status_code == 201
    assert again.json() == replay.json()
    running.beat()
    running.worker()
    wait_until(nothing_waits, "its mails are sent")
    assert sink.to(api.person.email) == 1
    ledger.check(accepted=[again.json()["number"]], escalated=[], sink=sink)
