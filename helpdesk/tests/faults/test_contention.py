"""Fault 24: a deadlock is survived by a bounded number of attempts; a full or stuck database is a 503 at once."""

import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import psycopg2
import pytest
import requests

from accounts.tests.factories import make_customer
from helpdesk.tests.faults import ledger
from helpdesk.tests.faults.own_servers import OwnCluster
from helpdesk.tests.faults.scene import Api, agent_of, answers, make_team, nothing_waits
from helpdesk.tests.processes import processes, wait_until
from helpdesk.tests.real import free_port
from tickets.models import Ticket
from tickets.tests.factories import make_ticket

pytestmark = [pytest.mark.proof, pytest.mark.faults]
_BLOCKED = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
_DEADLOCKS = "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"
_MANY = 500  # more sessions than the server takes


@pytest.fixture
def running(database, sink, static_root, tmp_path):
    # A deadlock is looked for after three seconds, a wait for a lock ends after eight.
    environment = {"DATABASE_URL": database.url, "DATABASE_LOCK_SECONDS": "8", "STATIC_ROOT": static_root}
    with processes(tmp_path, EMAIL_URL=sink.url, **environment) as running:
        yield running


@pytest.fixture
def address(running) -> str:
    port = free_port()
    running.web(port)
    address = f"http://127.0.0.1:{port}"
    wait_until(lambda: answers(address), "the web server answers")
    return address


def test_a_deadlock_is_survived(database, running, address, sink):
    """A reply holds its ticket and wants its author, somebody else holds the author and wants the ticket.

    The other one never looks for deadlocks, so that it is the reply that PostgreSQL rolls back.
    """
    team = make_team()
    ticket = make_ticket(team=team, severity="S")
    agent = agent_of(team)
    api = Api(address, agent)
    with _session(database) as watch:
        name = watch.info.dbname
        _ask(watch, f"ALTER DATABASE \"{name}\" SET deadlock_timeout = '3s'")
        assert _ask(watch, _DEADLOCKS) == 0
        answered: list[requests.Response] = []
        replying = threading.Thread(target=lambda: answered.append(api.reply(ticket)))
        with _session(database) as other, _transaction(other):
            _ask(other, "SET LOCAL deadlock_timeout = '1h'")
            _ask(other, "SELECT id FROM accounts_user WHERE id = %s FOR UPDATE", agent.pk)
            replying.start()
            wait_until(lambda: _ask(watch, _BLOCKED) == 1, "the reply holds its ticket and wants its author")
            _ask(other, "SELECT id FROM tickets_ticket WHERE id = %s FOR UPDATE", ticket.pk)
        replying.join(30)
        wait_until(lambda: _ask(watch, _DEADLOCKS) == 1, "the statistics of PostgreSQL show the one deadlock")
    assert [answer.status_code for answer in answered] == [201]
    ledger.replies_are_rows([ticket.pk])
    running.worker()
    running.beat(quick=True)
    wait_until(nothing_waits, "its mails are sent")
    ledger.mails_arrived_once(sink)
    ledger.events_fold_to_state()


def test_a_row_that_somebody_holds_for_ever_is_a_503(database, running, address):
    team = make_team()
    ticket = make_ticket(team=team, severity="S")
    api = Api(address, agent_of(team))
    with _session(database) as other, _transaction(other):
        _ask(other, "SELECT id FROM tickets_ticket WHERE id = %s FOR UPDATE", ticket.pk)
        _is_busy(api.reply(ticket, timeout=20))
    assert api.reply(ticket).status_code == 201
    ledger.replies_are_rows([ticket.pk])


def test_a_server_that_takes_no_more_connections_is_a_503_at_once(database, running, address, sink):
    """No request has a connection yet and none is to be had: a problem for programs, a page for people, no waiting."""
    team, customer = make_team(), make_customer()
    api = Api(address, agent_of(team))
    with ExitStack() as held:
        assert _take_all(database, held) > 0
        _is_busy(api.submit("once", requester=customer.email, timeout=5))
        page = requests.get(f"{address}/submit/", timeout=5)
        assert page.status_code == 503
        assert page.headers["Retry-After"]
        assert page.headers["Content-Type"].startswith("text/html")
        assert answers(address), "nobody kills a web process for this"
        ready = requests.get(f"{address}/readyz", timeout=5)
        assert (ready.status_code, ready.json()["checks"]["database"]) == (503, "unreachable")
    made = api.submit("once", requester=customer.email)
    assert made.status_code == 201
    running.worker()
    running.beat(quick=True)
    wait_until(nothing_waits, "its mails are sent")
    assert Ticket.objects.count() == 1
    ledger.check(accepted=[made.json()["number"]], escalated=[], sink=sink)


def _is_busy(answer: requests.Response) -> None:
    assert answer.status_code == 503
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.headers["Retry-After"]
    assert answer.json()["code"] == "unavailable"


def _take_all(database: OwnCluster, held: ExitStack) -> int:
    """Open sessions until the server refuses; how many it took."""
    for taken in range(_MANY):
        try:
            held.enter_context(_session(database))
        except psycopg2.OperationalError as full:
            assert "too many clients" in str(full)
            return taken
    raise AssertionError("it took them all")


@contextmanager
def _session(database: OwnCluster) -> Iterator["psycopg2.extensions.connection"]:
    session = database.connect()
    try:
        yield session
    finally:
        session.close()


@contextmanager
def _transaction(session: "psycopg2.extensions.connection") -> Iterator[None]:
    _ask(session, "BEGIN")
    yield
    _ask(session, "COMMIT")


def _ask(session: "psycopg2.extensions.connection", statement: str, *parameters: object) -> object:
    """The first value of the answer, None when there is none."""
    with session.cursor() as cursor:
        cursor.execute(statement, parameters)
        return cursor.fetchone()[0] if cursor.description else None
