"""Faults 12 and 13: Redis is away for a minute, or loses everything while its queues are full."""

import re
import time

import pytest
import requests

from helpdesk.tests.faults import ledger
from helpdesk.tests.faults.scene import (
    BOTH_WAVES,
    FIRST_WAVE,
    HALF,
    MANY,
    all_is_told,
    answers,
    escalated,
    ids,
    numbers,
    two_waves,
    wait_until_told,
)
from helpdesk.tests.processes import processes, wait_until
from helpdesk.tests.real import free_port
from intake.limits import FOR_ONE_MAILBOX, LEAST_SECONDS
from outbox import clock
from outbox.doorbell import MOST_WAITING

pytestmark = [pytest.mark.proof, pytest.mark.faults, pytest.mark.django_db(transaction=True)]
OUTAGE = 60.0  # seconds
FORMS = 15  # at least so many in that time; more than 30 an hour is refused from one address


@pytest.fixture
def running(tmp_path, sink, valkey, static_root):
    with processes(tmp_path, EMAIL_URL=sink.url, STATIC_ROOT=static_root, **valkey.environment) as running:
        yield running


def test_forms_are_accepted_while_redis_is_away_for_a_minute(team, running, sink, valkey):
    """Strangers send the form one after the other. Deadlines that fall due wait, and are escalated once afterwards.

    The patience of each request (5 s) is the bound of its latency: waiting for Redis would be longer.
    """
    tickets = two_waves(team)
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    running.web(port)
    running.worker()
    running.beat(quick=True)
    clock.shift(FIRST_WAVE)
    wait_until(lambda: answers(address) and all_is_told(HALF), "everything works, and the first wave is told")
    valkey.kill()
    away_since = time.monotonic()
    clock.shift(BOTH_WAVES)
    accepted: list[str] = []
    while time.monotonic() < away_since + OUTAGE:
        assert _redis_seen_from(address) == "unreachable"
        accepted.append(_submit(address, f"stranger{len(accepted) // FOR_ONE_MAILBOX}@customer.example"))
    assert _redis_seen_from(address) == "unreachable"
    assert 0 < escalated() == HALF < MANY
    assert len(accepted) >= FORMS
    valkey.start()
    wait_until_told()
    assert _redis_seen_from(address) == "ok"
    ledger.check(accepted=[*numbers(tickets), *accepted], escalated=ids(tickets), sink=sink)


def test_everything_in_redis_is_lost_while_the_queues_are_full(team, running, sink, valkey):
    """Nobody listens until the queues are as full as they get; then FLUSHALL. The running beat rings on."""
    tickets = two_waves(team)
    clock.shift(FIRST_WAVE)
    running.beat(quick=True)
    queues = {"ticks", "mail"}
    wait_until(lambda: all(len(valkey.queued(name)) >= MOST_WAITING for name in queues), "the queues are full")
    # Rings for deadlines come six times as often as those for mail: that many were left out meanwhile.
    assert {name: len(valkey.queued(name)) for name in queues} == dict.fromkeys(queues, MOST_WAITING)
    valkey.client().flushall()
    running.worker()
    wait_until(lambda: all_is_told(HALF), "the first wave is told")
    clock.shift(BOTH_WAVES)
    valkey.client().flushall()  # under a worker that listens, too
    wait_until_told()
    ledger.check(accepted=numbers(tickets), escalated=ids(tickets), sink=sink)


def _redis_seen_from(address: str) -> str:
    return requests.get(f"{address}/readyz", timeout=5).json()["checks"]["redis"]


def _submit(address: str, email: str) -> str:
    """The public form, as a browser sends it; the number on the page of thanks."""
    with requests.Session() as browser:
        page = browser.get(f"{address}/submit/", timeout=5).text
        hidden = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', page))
        time.sleep(LEAST_SECONDS)  # typing: the form takes nothing that was filled in quicker, and the minute is real
        said = {"subject": "Zvb", "description": "Qwx nnm", "impact": "one", "urgency": "normal"}
        answer = browser.post(
            f"{address}/submit/",
            data={**hidden, **said, "name": "Mei Lin", "email": email},
            headers={"Referer": f"{address}/submit/"},
            timeout=5,
        )
        assert answer.url.endswith("/thanks/"), answer.text
        return re.search(r"\bT\d{6,}\b", answer.text).group()
