"""Fault 14: the clocks of the machines are wrong by two hours. What is due is asked of the database's clock alone."""

from datetime import UTC, datetime, timedelta
from email.message import Message

import pytest

from accounts.tests.factories import make_customer
from helpdesk.tests.faults import ledger
from helpdesk.tests.faults.scene import (
    BOTH_WAVES,
    FIRST_WAVE,
    HALF,
    PROMISE,
    Api,
    agent_of,
    all_is_told,
    answers,
    ids,
    numbers,
    two_waves,
    wait_until_told,
)
from helpdesk.tests.processes import wait_until
from helpdesk.tests.real import free_port
from outbox import clock
from sla.models import Clock
from tickets.models import Ticket

pytestmark = [pytest.mark.proof, pytest.mark.faults, pytest.mark.django_db(transaction=True)]
WRONG = 2.0  # hours


@pytest.mark.parametrize("hours", [WRONG, -WRONG], ids=["ahead", "behind"])
def test_worker_and_web_wrong_one_way_and_beat_the_other(hours, team, running, sink):
    """Four hours lie between who rings and who hears. The mails and what the web server writes prove whose clock ran.

    The `Date` of a mail is made by the machine's own clock: it shows that the fault was there all the time.
    """
    port = free_port()
    customer = Api(f"http://127.0.0.1:{port}", make_customer())
    running.web(port, clock_hours=hours)
    running.worker(clock_hours=hours)
    running.beat(quick=True, clock_hours=-hours)
    tickets = two_waves(team)
    wait_until(lambda: answers(customer.address), "the web server answers")
    before = clock.now()
    made = customer.submit("by the clock of the database")
    ticket = Ticket.objects.get(number=made.json()["number"])
    assert before < ticket.created_at < clock.now()
    assert Clock.objects.get(ticket=ticket, metric="first_response").due_at == ticket.created_at + PROMISE
    clock.shift(FIRST_WAVE)
    wait_until(lambda: all_is_told(HALF), "the first wave is told, and nothing of what is not due")
    assert Api(customer.address, agent_of(team)).reply(ticket).status_code == 201
    clock.shift(BOTH_WAVES)
    wait_until_told()
    now = clock.now() - BOTH_WAVES
    assert {round((_date(mail) - now) / timedelta(hours=1)) for mail in sink.mails} == {hours}
    ledger.replies_are_rows([ticket.pk])
    ledger.check(accepted=[*numbers(tickets), ticket.number], escalated=ids(tickets), sink=sink)


def _date(mail: Message) -> datetime:
    """By the machine that sent it; «-0000» is UTC to the wire and naive to Python."""
    return mail["Date"].datetime.replace(tzinfo=UTC)
