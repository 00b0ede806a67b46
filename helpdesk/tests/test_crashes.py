"""kill -9 of worker, beat and web in the middle of two hundred due deadlines: every one is escalated exactly once.

Real processes, real database, named places in the code. The file that a dying process leaves proves where it fell, the
rows at its death prove that it fell in the middle. The test clock makes the deadlines fall due, in two waves.
"""

import signal
from collections import Counter
from datetime import timedelta
from decimal import Decimal

import pytest
import requests

from accounts.services.tokens import issue_token
from accounts.tests.factories import TeamFactory, make_agent, make_customer, make_lead
from helpdesk.celery import app as celery_app
from helpdesk.tests.processes import SWEEP_BATCH, Processes, processes, wait_until
from helpdesk.tests.real import free_port
from outbox import clock
from outbox.models import Delivery, Intent, MailboxMessage
from sla.models import Clock, Target
from tickets.models import Escalation, Message, Ticket, TicketEvent
from tickets.tests.factories import make_ticket

pytestmark = [pytest.mark.proof, pytest.mark.django_db(transaction=True)]
MANY = 200
HALF = MANY // 2
PROMISE = timedelta(minutes=10)
LEAD_OF_FIRST_WAVE = timedelta(minutes=5)
#: Where the test clock stands when the first wave is overdue, when all are, and when the leases of the dead ran out.
#: It stays short of the next rung, which hears 15 minutes after the first.
FIRST_WAVE, BOTH_WAVES, LEASES_OVER = timedelta(minutes=6), timedelta(minutes=11), timedelta(minutes=12)
SWEEP = "tickets.tasks.sweep_deadlines"
MAIL = "ticket.escalated"


@pytest.fixture
def team():
    team = TeamFactory()
    make_lead(team)
    make_agent(team, capacity=1000)
    minutes = Decimal(PROMISE.total_seconds()) / 60
    Target.objects.filter(policy__severity="S", metric="first_response").update(amount=minutes)
    return team


@pytest.fixture
def running(tmp_path):
    with processes(tmp_path) as running:
        yield running


def two_waves(team) -> list[Ticket]:
    """Two hundred S tickets, due one after the other in two waves."""
    customer, now = make_customer(), clock.now()
    begins = [
        now + timedelta(milliseconds=15 * place) - (LEAD_OF_FIRST_WAVE if place < HALF else timedelta())
        for place in range(MANY)
    ]
    return [make_ticket(team=team, requester=customer, severity="S", now=begun) for begun in begins]


def escalated() -> int:
    return Escalation.objects.filter(metric="first_response", level=1).count()


def nothing_waits() -> bool:
    return not Intent.objects.filter(state="pending").exists() and not Delivery.objects.filter(state="queued").exists()


def all_is_told(number: int = MANY) -> bool:
    return escalated() == number and nothing_waits()


def told() -> Counter[str]:
    """How many escalation mails are in which state."""
    return Counter(Delivery.objects.filter(intent__kind=MAIL, channel="mail").values_list("state", flat=True))


def check_ledger(tickets: list[Ticket], *, mails_may_repeat: bool = False) -> None:
    """Every ticket: one breach, one escalation, one event, one intent, each told once."""
    numbers = {ticket.pk for ticket in tickets}
    rows = Escalation.objects.filter(metric="first_response", level=1)
    assert Counter(rows.values_list("ticket", flat=True)) == dict.fromkeys(numbers, 1)
    assert Escalation.objects.count() == MANY
    for code in ("clock.breached", "ticket.escalated"):
        events = TicketEvent.objects.filter(code=code, data__metric="first_response")
        assert Counter(events.values_list("ticket", flat=True)) == dict.fromkeys(numbers, 1)
    assert Clock.objects.filter(metric="first_response", breached_at__isnull=False).count() == MANY
    intents = Intent.objects.filter(kind=MAIL, payload__escalation__in=list(rows.values_list("pk", flat=True)))
    assert intents.count() == Intent.objects.filter(kind=MAIL).count() == MANY
    assert not Intent.objects.exclude(state="resolved").exists()
    assert told() == {"accepted": MANY}
    repeated = [n for n in Counter(MailboxMessage.objects.values_list("message_id", flat=True)).values() if n > 1]
    assert repeated == ([2] if mails_may_repeat else [])


def died(running: Processes, process, point: str) -> None:
    """Wait for the death by SIGKILL, and see by the note where it fell."""
    wait_until(lambda: process.poll() is not None, f"a process dies at {point}")
    assert process.returncode == -signal.SIGKILL
    assert running.crashed_at() == point.partition(":")[0]


@pytest.mark.parametrize(
    ("point", "batches"),
    [
        ("sweep-after-claim:4", 3),
        ("escalation-inserted:4", 3),
        ("sweep-before-commit:4", 3),
        ("sweep-after-commit:4", 4),
    ],
)
def test_a_worker_killed_while_it_escalates(point, batches, team, running):
    """All two hundred are due; the death falls into the fourth batch, which is done whole or not at all."""
    running.beat(quick=True)
    first = running.worker(crash_at=point)
    tickets = two_waves(team)
    clock.shift(BOTH_WAVES)
    died(running, first, point)
    assert 0 < escalated() == batches * SWEEP_BATCH < MANY
    running.worker()
    wait_until(all_is_told, "everything is escalated and told", 150)
    check_ledger(tickets)


@pytest.mark.parametrize("place", ["after-claim", "before-send", "after-send-before-commit"])
def test_a_worker_killed_while_it_tells(place, team, running):
    """The mails of the first wave went out; the death falls on those of the second."""
    point = f"{place}@{MAIL}:2"
    running.beat(quick=True)
    first = running.worker(crash_at=point)
    tickets = two_waves(team)
    clock.shift(FIRST_WAVE)
    wait_until(lambda: all_is_told(HALF), "the first wave is told")
    assert told() == {"accepted": HALF}
    clock.shift(BOTH_WAVES)
    died(running, first, point)
    at_death = told()
    assert at_death["accepted"] == HALF
    assert 0 < at_death["queued"] <= MANY - HALF
    clock.shift(LEASES_OVER)
    running.worker()
    wait_until(all_is_told, "everything is escalated and told", 150)
    check_ledger(tickets, mails_may_repeat=place.startswith("after-send"))


def test_beat_killed_between_the_waves_and_two_beats_afterwards(team, running):
    """The first tick escalates the first wave; beat dies with the second in its hand, which nobody hears."""
    tickets = two_waves(team)
    clock.shift(FIRST_WAVE)
    point = f"before-ring@{SWEEP}:2"
    running.worker()
    wait_until(lambda: celery_app.control.ping(timeout=1), "the worker listens, so that it hears the first tick")
    beat = running.beat(crash_at=point)
    # Told, not only escalated: the worker does one thing at a time, so its sweep is over and cannot meet the second.
    wait_until(lambda: all_is_told(HALF), "the first wave is told")
    clock.shift(BOTH_WAVES)
    died(running, beat, point)
    assert 0 < escalated() == HALF < MANY
    running.beat()
    running.beat()
    wait_until(all_is_told, "everything is escalated and told", 150)
    check_ledger(tickets)


def test_a_web_server_killed_while_a_reply_meets_its_own_breach(team, running):
    """A reply records the breach it comes too late for. The server dies in it; then sweep and reply race for it."""
    tickets = two_waves(team)
    headers = _token(team.memberships.get(role__code="agent").user)
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    running.web(port, crash_at="escalation-inserted:2")
    clock.shift(BOTH_WAVES)
    wait_until(lambda: _answers(address), "the web server answers")

    def reply(ticket: Ticket) -> requests.Response:
        path = f"{address}/api/v1/tickets/{ticket.number}/messages/"
        return requests.post(path, json={"body": "We look at it."}, headers=headers, timeout=30)

    assert reply(tickets[0]).status_code == 201
    with pytest.raises(requests.ConnectionError):
        reply(tickets[-1])
    assert running.crashed_at() == "escalation-inserted"
    assert list(Escalation.objects.values_list("ticket", flat=True)) == [tickets[0].pk]
    running.beat()
    running.worker()
    wait_until(lambda: _answers(address), "the next web process answers")
    wait_until(lambda: escalated() > 1, "the sweep is at work")
    assert reply(tickets[-1]).status_code == 201
    wait_until(all_is_told, "everything is escalated and told", 150)
    check_ledger(tickets)
    replies = Message.objects.filter(kind="public", ticket__in=tickets)
    assert sorted(replies.values_list("ticket", flat=True)) == [tickets[0].pk, tickets[-1].pk]


@pytest.mark.parametrize("point", ["intake-before-commit", "intake-after-commit"])
def test_a_web_server_killed_while_a_ticket_is_made(point, team, running):
    customer = make_customer()
    headers = {**_token(customer), "Idempotency-Key": "once"}
    body = {"subject": "Down", "description": "Nothing works", "requester": {"email": customer.email}}
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    running.web(port, crash_at=point)
    wait_until(lambda: _answers(address), "the web server answers")
    with pytest.raises(requests.ConnectionError):
        requests.post(f"{address}/api/v1/tickets/", json=body, headers=headers, timeout=30)
    assert running.crashed_at() == point
    assert Ticket.objects.count() == (point == "intake-after-commit")
    wait_until(lambda: _answers(address), "the next web process answers")
    again = requests.post(f"{address}/api/v1/tickets/", json=body, headers=headers, timeout=30)
    replay = requests.post(f"{address}/api/v1/tickets/", json=body, headers=headers, timeout=30)
    assert again.status_code == replay.status_code == 201
    assert again.json() == replay.json()
    assert Ticket.objects.count() == 1
    assert Intent.objects.filter(kind="ticket.acknowledged").count() == 1


def _token(person) -> dict[str, str]:
    """The header of a token that may write tickets."""
    scopes = ["tickets:write"]
    _row, secret = issue_token(actor=person, user=person, name="test", scopes=scopes, expires_at=None, now=clock.now())
    return {"Authorization": f"Bearer {secret}"}


def _answers(address: str) -> bool:
    try:
        return requests.get(f"{address}/healthz", timeout=5).ok
    except requests.RequestException:
        return False
