"""Errors reported to a collector: that they arrive, and that no secret travels with them."""

import io
import logging
import os
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
import sentry_sdk
from django.core.exceptions import ImproperlyConfigured
from django.core.signals import request_finished, request_started
from django.core.wsgi import get_wsgi_application
from django.db import IntegrityError, close_old_connections, connection
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, URLResolver, get_resolver, re_path
from django.views.decorators.csrf import csrf_exempt
from sentry_sdk.envelope import Envelope
from sentry_sdk.transport import Transport

from accounts.models import User
from accounts.tests.factories import UserFactory
from helpdesk import errors_report
from helpdesk.embedded.home import PROJECT

CANARY = "kanarienvogel7gelb"
DSN = "https://key@collector.invalid/1"


class Kept(Transport):
    """What would have been sent."""

    sent: list[Envelope]

    def __init__(self, options: dict[str, Any] | None = None) -> None:
        super().__init__(options)
        Kept.sent = []

    def capture_envelope(self, envelope: Envelope) -> None:
        Kept.sent.append(envelope)


@pytest.fixture
def reported() -> Iterator[list[Envelope]]:
    errors_report.start(DSN, environment="test", transport=Kept)
    yield Kept.sent
    sentry_sdk.get_global_scope().set_client(None)


@pytest.fixture
def kept_connection() -> Iterator[None]:
    """A real handler would close the connection that holds the test's transaction."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


def told(envelopes: list[Envelope]) -> tuple[list[dict], str]:
    """The events, and every byte that would have left."""
    events = [event for envelope in envelopes if (event := envelope.get_event())]
    return events, b"".join(envelope.serialize() for envelope in envelopes).decode()


@csrf_exempt
def broken(request: HttpRequest) -> HttpResponse:
    """Touches everything secret, then fails as the request asks."""
    held = [request.body, request.COOKIES, request.headers, request.session.get("secret"), str(request.user)]
    logging.getLogger("tickets").error("Could not read %s", held)
    if "unique" in request.GET:
        User.objects.create(email=request.user.email)  # the database says the address in its own words
    raise ValueError(f"cannot use {held}")


urlpatterns = [re_path("", broken)]


def ask(client, path: str, query: str = "") -> None:
    """As a server asks: the test client has a handler of its own, which the collector's library does not know."""
    client.cookies["other"] = CANARY
    environ = client._base_environ(
        PATH_INFO=path,
        QUERY_STRING=f"{query}&q={CANARY}",
        REQUEST_METHOD="POST",
        CONTENT_TYPE="text/plain",
        CONTENT_LENGTH=str(len(CANARY)),
        HTTP_AUTHORIZATION=f"Bearer {CANARY}",
        HTTP_REFERER=f"http://testserver/t/{CANARY}/",
        HTTP_X_TOKEN=CANARY,
        **{"wsgi.input": io.BytesIO(CANARY.encode())},
    )
    answered: list[str] = []
    response = get_wsgi_application()(environ, lambda status, _headers: answered.append(status))
    response.close()
    assert answered == ["500 Internal Server Error"]


@pytest.mark.django_db
class TestARaisedError:
    @pytest.fixture(autouse=True)
    def _scene(self, settings, client, kept_connection) -> None:
        settings.ROOT_URLCONF = __name__
        client.force_login(UserFactory(email=f"{CANARY}@example.com", name=CANARY))
        session = client.session
        session["secret"] = CANARY
        session.save()

    @pytest.mark.parametrize(
        "path",
        [
            f"/t/{CANARY}/",
            f"/t/{CANARY}/reply/",
            f"/answer/{CANARY}:1wAbC:{CANARY}/",
            f"/survey/{CANARY}/",
            f"/invitation/{CANARY}/",
            f"/accounts/password/reset/key/3-{CANARY}/",
        ],
    )
    def test_carries_no_secret(self, client, reported, path) -> None:
        ask(client, path)
        events, everything = told(reported)
        assert CANARY not in everything
        raised = [event for event in events if "exception" in event]
        assert [error["type"] for error in raised[-1]["exception"]["values"]] == ["ValueError"]
        assert raised[-1]["request"]["method"] == "POST"
        assert "[token]" in raised[-1]["request"]["url"]
        frames = raised[-1]["exception"]["values"][0]["stacktrace"]["frames"]
        assert (frames[-1]["module"], frames[-1]["function"]) == (__name__, "broken")

    def test_an_error_of_the_database_does_not_repeat_the_row(self, client, reported) -> None:
        ask(client, "/", "unique=1")
        events, everything = told(reported)
        assert CANARY not in everything
        assert IntegrityError.__name__ in [error["type"] for error in events[-1]["exception"]["values"]]

    def test_a_line_of_the_log_keeps_its_sentence(self, client, reported) -> None:
        ask(client, "/")
        lines = [event["logentry"] for event in told(reported)[0] if "logentry" in event]
        assert lines == [{"message": "Could not read %s"}]


def test_what_a_job_was_given_stays_here() -> None:
    event = {
        "event_id": "1",
        "extra": {"celery-job": {"args": [CANARY]}, "sys.argv": [CANARY]},
        "user": {"email": CANARY},
        "tags": {"x": CANARY},
        "breadcrumbs": {"values": [{"message": CANARY}]},
        "contexts": {"trace": {"description": CANARY}},
        "invented_later": CANARY,
    }
    assert errors_report.harmless(event) == {"event_id": "1"}


def test_the_interpreters_words_are_told(reported) -> None:
    try:
        None.missing  # type: ignore[attr-defined]  # noqa: B018
    except AttributeError as error:
        sentry_sdk.capture_exception(error)
    events, _everything = told(reported)
    assert events[0]["exception"]["values"][0]["value"] == "'NoneType' object has no attribute 'missing'"


def private_routes() -> list[str]:
    """Addresses that hold a secret, with the canary in its place."""

    def walk(patterns: list, before: str) -> Iterator[tuple[str, set[str]]]:
        for pattern in patterns:
            route = before + str(pattern.pattern)
            if isinstance(pattern, URLResolver):
                yield from walk(pattern.url_patterns, route)
            elif isinstance(pattern, URLPattern):
                yield route, set(pattern.pattern.regex.groupindex)

    secret = {"token", "key", "secret", "signature"}
    found = [route for route, names in walk(get_resolver().url_patterns, "") if names & secret]
    plain = [f"/{route}".replace("/^", "/").replace("(?P<uidb36>[0-9A-Za-z]+)", "3") for route in found]
    return [route.replace("<str:token>", CANARY).replace("(?P<key>[^/]+)", CANARY) for route in plain]


def test_every_private_link_is_known() -> None:
    routes = private_routes()
    assert len(routes) >= 7
    assert [route for route in routes if CANARY not in route] == [], "say how its secret is written in the address"
    assert [route for route in routes if CANARY in errors_report.scrubbed(route)] == []


def test_a_wrong_address_is_refused_in_words() -> None:
    with pytest.raises(ImproperlyConfigured, match="SENTRY_DSN"):
        errors_report.start("collector", environment="test")


@pytest.mark.parametrize(("dsn", "active"), [("", "False False"), (DSN, "True True")])
def test_settings_start_it_only_when_asked(dsn: str, active: str) -> None:
    code = (
        "import sys, helpdesk.settings; loaded = 'sentry_sdk' in sys.modules; "
        "print(loaded, loaded and sys.modules['sentry_sdk'].is_initialized())"
    )
    environment = os.environ | {"SENTRY_DSN": dsn, "DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none"}
    done = subprocess.run(
        [sys.executable, "-c", code], check=True, cwd=PROJECT, env=environment, capture_output=True, text=True
    )
    assert done.stdout.strip() == active


def test_no_query_is_kept_for_a_collector(reported, db) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT %s", [CANARY])
    sentry_sdk.capture_message("Something")
    assert CANARY not in told(reported)[1]
