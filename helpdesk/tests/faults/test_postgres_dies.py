"""Fault 11: kill -9 of PostgreSQL during fifty commits. What was answered 201 is there; the rest is asked for again."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests

from accounts.tests.factories import make_customer
from helpdesk.tests.faults import ledger
from helpdesk.tests.faults.own_servers import OwnCluster
from helpdesk.tests.faults.scene import BOTH_WAVES, Api, agent_of, answers, make_team, wait_until_told
from helpdesk.tests.processes import processes, wait_until
from helpdesk.tests.real import free_port
from outbox import clock
from tickets.models import Ticket

pytestmark = [pytest.mark.proof, pytest.mark.faults]
COMMITS = 50
AT_ONCE = 8
DIES_AFTER = 15


class _Clients:
    """Fifty requests, eight at a time; the answer of the fifteenth that succeeds is PostgreSQL's death."""

    def __init__(self, api: Api, cluster: OwnCluster, requester: str) -> None:
        self.api = api
        self.cluster = cluster
        self.requester = requester
        self.accepted: dict[str, str] = {}
        self.refused: dict[str, requests.Response] = {}
        self.dead = threading.Event()
        self._lock = threading.Lock()

    def submit(self, key: str) -> None:
        began_before_the_death = not self.dead.is_set()
        answer = self.api.submit(key, requester=self.requester)
        with self._lock:
            if answer.status_code == 201:
                self.accepted[key] = answer.json()["number"]
            elif began_before_the_death:
                self.refused[key] = answer
            if len(self.accepted) == DIES_AFTER and not self.dead.is_set():
                self.cluster.kill()
                self.dead.set()


def test_postgres_killed_during_fifty_commits(database, sink, tmp_path):
    team, customer = make_team(), make_customer()
    port = free_port()
    with processes(tmp_path, EMAIL_URL=sink.url, DATABASE_URL=database.url) as running:
        all_of_them = [running.web(port, threads=AT_ONCE), running.worker(), running.beat(quick=True)]
        api = Api(f"http://127.0.0.1:{port}", agent_of(team))
        wait_until(lambda: answers(api.address), "the web server answers")
        clients = _Clients(api, database, customer.email)
        keys = [f"key-{number}" for number in range(COMMITS)]
        with ThreadPoolExecutor(AT_ONCE) as pool:
            list(pool.map(clients.submit, keys))
        before = dict(clients.accepted)
        assert 0 < len(before) < COMMITS
        assert clients.refused, "some were in the middle of their commits when it died"
        for answer in clients.refused.values():
            assert answer.status_code == 503
            assert answer.headers["Retry-After"]
            assert answer.json()["code"] == "unavailable"
        database.start()
        assert set(Ticket.objects.values_list("number", flat=True)) >= set(before.values())
        answered = [api.submit(key, requester=customer.email) for key in keys]
        assert {answer.status_code for answer in answered} == {201}
        after = {key: answer.json()["number"] for key, answer in zip(keys, answered, strict=True)}
        assert before.items() <= after.items()
        clock.shift(BOTH_WAVES)
        wait_until_told(COMMITS)
        assert [process.poll() for process in all_of_them] == [None] * 3, "nobody had to be started again"
    tickets = dict(Ticket.objects.values_list("number", "pk"))
    # The worker may have been between the mail server's 250 and its commit, with one message.
    ledger.check(accepted=list(after.values()), escalated=list(tickets.values()), sink=sink, ambiguous=1)
