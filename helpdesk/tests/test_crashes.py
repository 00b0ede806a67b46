"""kill -9 of worker, beat and web in the middle of two hundred due deadlines: every one is escalated exactly once.

Real processes, real database, named places in the code; the file that a dying process leaves proves where it fell.
"""

import os
import signal
from collections import Counter
from datetime import timedelta
from decimal import Decimal

import pytest
import requests

from accounts.services.tokens import issue_token
from accounts.tests.factories import TeamFactory, make_agent, make_customer, make_lead
from helpdesk.tests.processes import processes, wait_until
from helpdesk.tests.real import free_port
from outbox import clock
from outbox.models import Delivery, Intent, MailboxMessage
from sla.models import Clock, Target
from tickets.models import Escalation, Ticket, TicketEvent
from tickets.tests.factories import make_ticket

pytestmark = [pytest.mark.proof, pytest.mark.django_db(transaction=True)]
MANY = 200
SECONDS = 4


@pytest.fixture
def team():
    team = TeamFactory()
    make_lead(team)
    agent = make_agent(team, capacity=1000)
    assert agent.on_duty
    Target.objects.filter(policy__severity="S", metric="first_response").update(amount=Decimal(SECONDS) / 60)
    return team


def due_soon(team) -> list[Ticket]:
    """Two hundred S tickets, due one after the other within a few seconds from now."""
    customer, now = make_customer(), clock.now()
    return [
        make_ticket(team=team, requester=customer, severity="S", now=now + timedelta(milliseconds=15 * place))
        for place in range(MANY)
    ]


def escalated() -> int:
    return Escalation.objects.filter(metric="first_response", level=1).count()


def nothing_waits() -> bool:
    return not Intent.objects.filter(state="pending").exists() and not Delivery.objects.filter(state="queued").exists()


def check_ledger(tickets: list[Ticket], *, mails_may_repeat: bool = False) -> None:
    """Every ticket: one breach, one escalation, one event, one intent, each told once."""
    numbers = {ticket.pk for ticket in tickets}
    rows = Escalation.objects.filter(metric="first_response", level=1)
    assert Counter(rows.values_list("ticket", flat=True)) == dict.fromkeys(numbers, 1)
    breaches = TicketEvent.objects.filter(code="clock.breached", data__metric="first_response")
    assert Counter(breaches.values_list("ticket", flat=True)) == dict.fromkeys(numbers, 1)
    assert Clock.objects.filter(metric="first_response", breached_at__isnull=False).count() == MANY
    intents = Intent.objects.filter(
        kind="ticket.escalated", payload__escalation__in=list(rows.values_list("pk", flat=True))
    )
    assert intents.count() == MANY
    assert not Intent.objects.exclude(state="resolved").exists()
    told = Delivery.objects.filter(intent__in=intents, channel="mail")
    assert told.count() == MANY
    assert set(told.values_list("state", flat=True)) == {"accepted"}
    repeated = [n for n in Counter(MailboxMessage.objects.values_list("message_id", flat=True)).values() if n > 1]
    assert repeated == [] or (mails_may_repeat and repeated == [2])


@pytest.mark.parametrize(
    "point",
    [
        "sweep-after-claim:4",
        "escalation-inserted:4",
        "sweep-before-commit:4",
        "sweep-after-commit:4",
        "after-claim:2",
        "before-send:2",
        "after-send-before-commit:2",
    ],
)
def test_a_worker_killed_at(point, team, tmp_path):
    with processes(tmp_path) as running:
        running.beat()
        first = running.worker(crash_at=point)
        tickets = due_soon(team)
        wait_until(lambda: first.poll() is not None, f"the worker died at {point}")
        assert first.returncode == -signal.SIGKILL
        assert running.crashed_at() == point.partition(":")[0]
        running.worker()
        wait_until(lambda: escalated() == MANY and nothing_waits(), "everything is escalated and told", 150)
    check_ledger(tickets, mails_may_repeat=point.startswith("after-send"))


def test_beat_killed_across_the_due_times_and_two_beats_afterwards(team, tmp_path):
    with processes(tmp_path) as running:
        beat = running.beat()
        running.worker()
        wait_until(_heart_beats, "the chain of beat and worker works")
        os.kill(beat.pid, signal.SIGKILL)
        beat.wait(20)
        tickets = due_soon(team)
        last = max(Clock.objects.filter(metric="first_response").values_list("due_at", flat=True))
        wait_until(lambda: clock.now() > last + timedelta(seconds=1), "all are overdue")
        assert escalated() < MANY
        running.beat()
        running.beat()
        wait_until(lambda: escalated() == MANY and nothing_waits(), "everything is escalated and told", 150)
    check_ledger(tickets)


def _heart_beats() -> bool:
    from outbox.models import Heartbeat

    return Heartbeat.objects.filter(name="worker").exists()


@pytest.mark.parametrize("point", ["intake-before-commit", "intake-after-commit"])
def test_a_web_server_killed_while_a_ticket_is_made(point, team, tmp_path):
    customer = make_customer()
    _row, secret = issue_token(
        actor=customer, user=customer, name="test", scopes=["tickets:write"], expires_at=None, now=clock.now()
    )
    body = {"subject": "Down", "description": "Nothing works", "requester": {"email": customer.email}}
    headers = {"Authorization": f"Bearer {secret}", "Idempotency-Key": "once"}
    with processes(tmp_path) as running:
        port = free_port()
        address = f"http://127.0.0.1:{port}"
        running.web(port, crash_at=point)
        wait_until(lambda: _answers(address), "the web server answers")
        with pytest.raises(requests.ConnectionError):
            requests.post(f"{address}/api/v1/tickets/", json=body, headers=headers, timeout=30)
        assert running.crashed_at() == point
        wait_until(lambda: _answers(address), "the next web process answers")
        again = requests.post(f"{address}/api/v1/tickets/", json=body, headers=headers, timeout=30)
        replay = requests.post(f"{address}/api/v1/tickets/", json=body, headers=headers, timeout=30)
    assert again.status_code == replay.status_code == 201
    assert again.json() == replay.json()
    assert Ticket.objects.count() == 1
    assert Intent.objects.filter(kind="ticket.acknowledged").count() == 1


def _answers(address: str) -> bool:
    try:
        return requests.get(f"{address}/healthz", timeout=5).ok
    except requests.RequestException:
        return False
