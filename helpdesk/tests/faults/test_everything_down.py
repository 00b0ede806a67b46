"""Fault 7: everything is down across due times. At the restart all that is overdue is escalated once, and grouped."""

import pytest

from helpdesk.tests.faults import ledger
from helpdesk.tests.faults.scene import (
    BOTH_WAVES,
    FIRST_WAVE,
    HALF,
    MANY,
    Api,
    agent_of,
    all_is_told,
    answers,
    escalated,
    ids,
    numbers,
    two_waves,
    wait_until_told,
)
from helpdesk.tests.processes import wait_until
from helpdesk.tests.real import free_port
from outbox import clock
from sla.models import Clock

pytestmark = [pytest.mark.proof, pytest.mark.faults, pytest.mark.django_db(transaction=True)]


def test_a_night_off_escalates_once_and_does_not_bury_the_lead(team, running, sink):
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    down = [running.web(port), running.worker(), running.beat(quick=True)]
    tickets = two_waves(team)
    clock.shift(FIRST_WAVE)
    wait_until(lambda: answers(address) and all_is_told(HALF), "all three work, and the first wave is told")
    running.kill(*down)
    clock.shift(BOTH_WAVES)
    assert not answers(address)
    assert 0 < escalated() == HALF < MANY
    assert Clock.objects.filter(state="running", breached_at=None, due_at__lt=clock.now()).count() == MANY - HALF
    before = sink.to(team.lead.email)
    running.web(port)
    running.worker()
    running.beat()
    wait_until_told()
    assert 0 < sink.to(team.lead.email) - before <= 3  # a hundred escalations, in a message or two
    wait_until(lambda: answers(address), "the web server answers")
    assert Api(address, agent_of(team)).reply(tickets[0]).status_code == 201
    ledger.replies_are_rows([tickets[0].pk])
    ledger.check(accepted=numbers(tickets), escalated=ids(tickets), sink=sink)
