"""Hostile and odd texts everywhere: kept as they came, shown as words, never an error of the server.

The texts are those of the shared data (`fuzz/`). Chromium renders them with eyes open: no dialog, no script, nothing
that the policy had to block. The API is walked by its own published schema.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from django.conf import settings as django_settings
from django.core.signals import request_finished, request_started
from django.db import close_old_connections
from django.test import Client
from django.urls import reverse
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import content_type_conformance, status_code_conformance

from accounts.services.tokens import issue_token
from accounts.tests.factories import TeamFactory, make_administrator, make_agent, make_customer
from helpdesk.wsgi import application
from outbox import clock
from tickets.models import Message, Ticket
from tickets.services.conversation import add_note, customer_message
from tickets.services.links import mint_status_link
from tickets.tests.factories import make_ticket

pytestmark = [pytest.mark.proof]
_CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance]
_LIVE = """() => {
  const bad = [];
  const scheme = /^\\s*(javascript|vbscript|data:text)/i;
  for (const item of document.querySelectorAll("main *")) {
    if (["SCRIPT", "IFRAME", "OBJECT", "EMBED", "STYLE", "BASE"].includes(item.tagName)) bad.push(item.outerHTML);
    for (const one of item.attributes) {
      if ((/^on/i.test(one.name) || scheme.test(one.value)) && !one.name.startsWith("data-")) bad.push(item.outerHTML);
    }
  }
  return bad;
}"""


@pytest.fixture(scope="module")
def texts(test_data: Path) -> list[str]:
    """Every text of the folder."""
    folder = test_data / "fuzz"
    found = [row["payload"] for row in json.loads((folder / "xss.json").read_text())]
    found += json.loads((folder / "blns.json").read_text())
    for listed in json.loads((folder / "other_injections.json").read_text()).values():
        found += [text for text in listed if isinstance(text, str)]
    return list(dict.fromkeys(found))


@pytest.fixture
def api(db) -> tuple[Client, Any]:
    administrator = make_administrator()
    _token, secret = issue_token(
        actor=administrator,
        user=administrator,
        name="fuzz",
        scopes=["tickets:read", "tickets:write", "articles:read", "articles:write", "reports:read"],
        expires_at=None,
        now=clock.now(),
    )
    return Client(HTTP_AUTHORIZATION=f"Bearer {secret}"), administrator


@pytest.fixture(autouse=True)
def _without_limit(monkeypatch) -> None:
    """Hundreds of calls a minute are the point here; the limit has its own test."""
    import helpdesk.urls  # noqa: F401  # first, or the framework's settings and our API import each other

    monkeypatch.setattr("helpdesk.api.RequestLimit.per_minute", {"token": 10**6, "person": 10**6, "address": 10**6})


def test_the_api_keeps_every_text_or_says_why_not(api, texts):
    client, _person = api
    agent = make_agent(TeamFactory())
    ticket = make_ticket(assignee=agent)
    address = reverse("api-ticket-messages", args=[ticket.number])
    for text in texts:
        body = json.dumps({"body": text, "kind": "note"})
        response = client.post(address, body, content_type="application/json")
        if response.status_code == 201:
            kept = Message.objects.get(pk=response.json()["id"]).body
            assert kept.strip() == text.strip()
        else:
            assert response.status_code == 400, (text, response.content)
            assert not text.strip() or "\x00" in text or len(text) > 50_000, text
    subject = {"description": "d", "requester": {"email": "a@b.example"}}
    for text in texts[::5]:
        response = client.post(
            reverse("api-ticket-list"), json.dumps(subject | {"subject": text[:200]}), content_type="application/json"
        )
        assert response.status_code in (201, 400), (text, response.content)
        if response.status_code == 201:
            assert Ticket.objects.get(number=response.json()["number"]).subject.strip() == text[:200].strip()


def test_forms_and_searches_never_break(texts, db):
    customer, agent = make_customer(), make_agent(TeamFactory())
    portal, desk = Client(), Client()
    portal.force_login(customer, backend="django.contrib.auth.backends.ModelBackend")
    desk.force_login(agent, backend="django.contrib.auth.backends.ModelBackend")
    boxes = [
        (portal, "knowledge:home", "q"),
        (portal, "knowledge:suggest", "text"),
        (desk, "workspace:search", "q"),
        (desk, "knowledge:desk", "q"),
        *[(desk, "workspace:queue", field) for field in ("q", "after", "sort", "view", "team")],
    ]
    for number, text in enumerate(texts):  # each text goes into one box, each box gets every ninth text
        client, name, field = boxes[number % len(boxes)]
        response = client.get(reverse(name), {field: text})
        assert response.status_code < 500, (name, field, text)
        if number % 4 == 0:
            response = portal.post(reverse("intake:submit"), {"subject": text, "description": text, "impact": text})
            assert response.status_code in (302, 422, 429), (text, response.status_code)


@pytest.mark.browser
@pytest.mark.django_db(transaction=True)
def test_every_text_is_shown_as_words(context, live_server, settings, texts):
    """The agent's and the customer's page of a ticket that holds all of them."""
    settings.SITE_URL = live_server.url
    team = TeamFactory()
    agent, customer, now = make_agent(team), make_customer(name="<img src=x onerror=alert(1)>"), clock.now()
    ticket = make_ticket(team=team, requester=customer, assignee=agent, now=now, subject=texts[0][:200])
    add_note(ticket=ticket, actor=agent, body=texts[1])
    customer_message(ticket=ticket, author=customer, body=texts[2])
    said = [text.replace("\x00", "") for text in texts if text.strip("\x00 \n\t")]
    Message.objects.bulk_create(
        Message(ticket=ticket, kind=kind, author=author, body=text, channel="portal", created_at=now)
        for text in said
        for kind, author in (("customer", customer), ("public", agent))
    )
    heard: list[str] = []
    page = context.new_page()
    page.on("dialog", lambda dialog: (heard.append(dialog.message), dialog.dismiss()))
    page.on("pageerror", lambda error: heard.append(str(error)))
    page.on("console", lambda line: heard.append(line.text) if "Content Security" in line.text else None)
    client = Client()
    client.force_login(agent, backend="django.contrib.auth.backends.ModelBackend")
    name = django_settings.SESSION_COOKIE_NAME
    context.add_cookies([{"name": name, "value": client.cookies[name].value, "url": live_server.url}])
    for address in (
        f"{live_server.url}/desk/tickets/{ticket.number}/?all=1",
        f"{live_server.url}/desk/?view=all",
        mint_status_link(ticket=ticket, user=customer, now=now),
    ):
        page.goto(address)
        assert page.evaluate(_LIVE) == []
        assert page.evaluate("typeof window.__xss") == "undefined"
    assert heard == []


@pytest.fixture
def schema(api) -> Iterator[Any]:
    client, _person = api
    # As Django's own test client does: a request must not close the connection that holds the test's transaction.
    signals = (request_started, request_finished)
    for signal in signals:
        signal.disconnect(close_old_connections)
    try:
        loaded = schemathesis.openapi.from_wsgi("/api/schema?format=json", application)
        loaded.token = client.defaults["HTTP_AUTHORIZATION"]
        yield loaded
    finally:
        for signal in signals:
            signal.connect(close_old_connections)


@pytest.mark.django_db
def test_the_api_answers_as_its_schema_says(schema):
    """Schemathesis makes requests from the published schema, right ones and wrong ones."""
    make_ticket(assignee=make_agent(TeamFactory()))
    wrong: list[str] = []
    for result in schema.get_all_operations():
        operation = result.ok()
        try:
            _walk(operation, schema.token)
        except (Exception, BaseExceptionGroup) as error:  # noqa: BLE001  # each operation is tried, then all is told
            wrong.append(f"{operation.label}: {str(error)[:600]}")
    assert not wrong, "\n\n".join(wrong)


def _walk(operation: Any, token: str) -> None:
    """Some requests to one operation."""
    bounds = hypothesis_settings(
        max_examples=8, deadline=None, database=None, derandomize=True, suppress_health_check=list(HealthCheck)
    )

    @bounds
    @given(data=st.data())
    def walk(data: st.DataObject) -> None:
        case = data.draw(operation.as_strategy())
        response = case.call(headers={"Authorization": token})
        case.validate_response(response, checks=_CHECKS)

    walk()
