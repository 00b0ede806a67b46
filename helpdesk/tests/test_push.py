"""Live push: who may hear what, on a real server with real Redis and real sessions."""

import http.client
import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import closing

import pytest
import uvicorn
from django.conf import settings as django_settings
from django.db import connections, transaction
from django.test import Client

from accounts.models import Membership, Role, Team, User
from helpdesk import push
from helpdesk.push_access import Person
from helpdesk.push_hub import _WAITING, Hub
from helpdesk.tests import loops
from outbox import clock
from outbox.push import publish
from tickets.models import Ticket

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def server(settings) -> Iterator[int]:
    """The application under uvicorn in a thread; the port it listens at."""
    listening = socket.socket()
    listening.bind(("127.0.0.1", 0))
    listening.listen()  # at once, so that no request comes too early
    config = uvicorn.Config(push.PushApp(), log_level="warning", timeout_graceful_shutdown=1, access_log=False)
    running = uvicorn.Server(config)
    thread = threading.Thread(target=running.run, args=([listening],), daemon=True)
    thread.start()
    yield listening.getsockname()[1]
    running.should_exit = True
    thread.join(10)
    assert not thread.is_alive()
    listening.close()
    _close_pool_connections()


def _close_pool_connections() -> None:
    """The threads that ask the database keep a connection each; the test database must become free of them."""
    from helpdesk.push_access import _pool

    gate = threading.Barrier(_pool._max_workers)

    def close() -> None:
        gate.wait(5)
        connections.close_all()

    for closed in [_pool.submit(close) for _ in range(_pool._max_workers)]:
        closed.result(10)


@pytest.fixture
def people() -> dict:
    """An agent of a team, a customer with a ticket there, and a stranger."""
    team = Team.objects.create(name="甲", code="push-a")
    agent = User.objects.create_user("agent@push.example", "p", name="Agent")
    Membership.objects.create(user=agent, team=team, role=Role.objects.get(code="agent"))
    customer = User.objects.create_user("customer@push.example", "p", name="Customer")
    stranger = User.objects.create_user("stranger@push.example", "p", name="Stranger")
    now = clock.now()
    ticket = Ticket.objects.create(
        number="T900001",
        subject="x",
        requester=customer,
        channel="web",
        severity="B",
        team=team,
        created_at=now,
        updated_at=now,
        cycle_started_at=now,
    )
    return {"team": team, "agent": agent, "customer": customer, "stranger": stranger, "ticket": ticket}


def _session(user: User) -> tuple[Client, str]:
    client = Client()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    name = django_settings.SESSION_COOKIE_NAME
    return client, f"{name}={client.cookies[name].value}"


def _request(port: int, cookie: str = "", path: str = "/events/", method: str = "GET", **headers: str):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    connection.request(method, path, headers={**({"Cookie": cookie} if cookie else {}), **headers})
    return connection, connection.getresponse()


def _open(port: int, cookie: str, path: str = "/events/"):
    """An open stream; waits until the hub has found Redis."""
    deadline = time.monotonic() + 10
    while True:
        connection, response = _request(port, cookie, path)
        if response.status != 503 or time.monotonic() > deadline:
            assert response.status == 200
            return connection, response
        connection.close()


def _hints(response, count: int) -> list[dict]:
    """The next ``count`` hints of a stream."""
    found: list[dict] = []
    while len(found) < count:
        line = response.readline()
        assert line, "the stream ended"
        if line.startswith(b"data: "):
            found.append(json.loads(line[6:]))
    return found


def _publish(*topics: str) -> None:
    with transaction.atomic():
        for topic in topics:
            publish(topic, change="test")


def test_nobody_hears_without_a_session(server):
    for cookie in ("", "sessionid=", "sessionid=forged", 'sessionid="; a=b', "\x80=\x81"):
        connection, response = _request(server, cookie)
        with closing(connection):
            assert response.status == 401


def test_everybody_hears_what_they_may_see_and_nothing_else(server, people):
    number, team = people["ticket"].number, people["team"].pk
    path = f"/events/?topics=ticket:{number},ticket:T0,team:{team},user:{people['agent'].pk}"
    told = [f"ticket:{number}", f"team:{team}", f"user:{people['agent'].pk}"]
    expected = {
        "agent": told,
        "customer": [f"ticket:{number}"],
        "stranger": [],
    }
    for who, topics in expected.items():
        connection, response = _open(server, _session(people[who])[1], path)
        with closing(connection):
            last = f"user:{people[who].pk}"
            _publish(*told, "team:0", last)
            heard = [hint["topic"] for hint in _hints(response, len(topics) + 1)]
            assert heard == [*topics, last]


def test_a_hint_of_a_rolled_back_change_is_never_heard(server, people):
    connection, response = _open(server, _session(people["stranger"])[1])
    own = f"user:{people['stranger'].pk}"
    with closing(connection):
        with pytest.raises(ValueError), transaction.atomic():
            publish(own, change="never")
            raise ValueError
        _publish(own)
        assert _hints(response, 1) == [{"topic": own, "change": "test"}]


@pytest.mark.parametrize("taken", ["session", "account", "password", "membership", "ticket"])
def test_a_right_taken_away_ends_the_stream(taken, server, people, monkeypatch):
    monkeypatch.setattr(push, "RECHECK", 0.2)
    client, cookie = _session(people["agent"])
    connection, response = _open(server, cookie, f"/events/?topics=ticket:{people['ticket'].number}")
    with closing(connection):
        if taken == "session":
            client.logout()
        elif taken == "account":
            User.objects.filter(pk=people["agent"].pk).update(is_active=False)
        elif taken == "password":
            people["agent"].set_password("another")
            people["agent"].save()
        elif taken == "membership":
            Membership.objects.filter(user=people["agent"]).delete()
        else:
            Ticket.objects.filter(pk=people["ticket"].pk).update(team=None)
        while response.readline():  # ends, or the time-out of the connection fails the test
            pass
    if taken not in {"membership", "ticket"}:
        connection, response = _request(server, cookie)
        with closing(connection):
            assert response.status == 401


def test_a_silent_stream_sends_heartbeats(server, people, monkeypatch):
    monkeypatch.setattr(push, "HEARTBEAT", 0.1)
    connection, response = _open(server, _session(people["stranger"])[1])
    with closing(connection):
        lines = [response.readline() for _ in range(6)]
    assert lines.count(b": still here\n") >= 2


def test_only_our_own_pages_may_listen_from_another_port(server, people, settings):
    cookie = _session(people["stranger"])[1]
    for origin in ("https://evil.example", "null", settings.SITE_ORIGIN + ".evil.example"):
        connection, response = _request(server, cookie, Origin=origin)
        with closing(connection):
            assert response.status == 403
            assert response.getheader("Access-Control-Allow-Origin") is None
    connection, response = _request(server, method="OPTIONS", Origin=settings.SITE_ORIGIN)
    with closing(connection):
        assert response.getheader("Access-Control-Allow-Origin") == settings.SITE_ORIGIN
        assert response.getheader("Access-Control-Allow-Credentials") == "true"


def test_other_methods_and_paths_are_refused(server):
    for method, path, status in (("POST", "/events/", 405), ("GET", "/", 404), ("GET", "/healthz", 200)):
        connection, response = _request(server, path=path, method=method)
        with closing(connection):
            assert response.status == status


def test_one_person_cannot_take_every_stream(server, people, monkeypatch):
    monkeypatch.setattr(push, "STREAMS_PER_PERSON", 2)
    cookie = _session(people["stranger"])[1]
    first, second = _open(server, cookie), _open(server, cookie)
    connection, response = _request(server, cookie)
    assert response.status == 429
    for opened in (first[0], second[0], connection):
        opened.close()


def test_without_redis_it_answers_503_and_lives(people, settings, request):
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        settings.REDIS_URL = f"redis://127.0.0.1:{closed.getsockname()[1]}/0"
        port = request.getfixturevalue("server")
        for path, status in (("/events/", 503), ("/healthz", 200), ("/events/", 503)):
            connection, response = _request(port, _session(people["stranger"])[1], path)
            with closing(connection):
                assert response.status == status


def test_a_page_that_cannot_keep_up_is_sent_away():
    async def flood() -> int:
        hub = Hub()
        listener = hub.join(Person(1, "k", frozenset({"user:1"})))
        for _ in range(_WAITING * 3):
            hub.hand_out(b'{"topic":"user:1"}')
        heard = 0
        while await listener.next() is not None:
            heard += 1
        hub.leave(listener)
        assert hub.streams_of(1) == 0
        return heard

    assert loops.run(flood()) == _WAITING


@pytest.mark.parametrize("raw", [b"", b"[]", b"{}", b"7", b'{"topic":["a"]}', b"\xff", b'{"topic":null}'])
def test_nonsense_on_the_channel_harms_nobody(raw):
    Hub().hand_out(raw)
