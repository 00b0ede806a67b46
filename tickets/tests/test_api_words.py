"""What programs write: refused as a whole rather than half understood."""

import pytest

from accounts.services.tokens import issue_token
from accounts.tests.factories import TeamFactory, make_agent, make_customer
from outbox import clock
from tickets.models import Message
from tickets.tests.factories import make_ticket

pytestmark = pytest.mark.django_db


@pytest.fixture
def team():
    return TeamFactory()


@pytest.fixture
def write(client):
    def send(user, ticket, body, language="en"):
        scopes = ["tickets:read", "tickets:write"]
        _token, secret = issue_token(
            actor=user, user=user, name="program", scopes=scopes, expires_at=None, now=clock.now()
        )
        return client.post(
            f"/api/v1/tickets/{ticket.number}/messages/",
            body,
            content_type="application/json",
            headers={"authorization": f"Bearer {secret}", "accept-language": language},
        )

    return send


def test_a_note_that_would_move_the_ticket_is_refused(write, team):
    agent = make_agent(team)
    ticket = make_ticket(team=team, assignee=agent)
    before = Message.objects.count()
    answer = write(agent, ticket, {"body": "look", "kind": "note", "status": "pending", "marks": ["workaround"]})
    assert answer.status_code == 400 and set(answer.json()["errors"]) == {"status", "marks"}
    assert Message.objects.count() == before
    assert write(agent, ticket, {"body": "look", "kind": "note"}).status_code == 201


@pytest.mark.parametrize("given", [{"kind": "note"}, {"status": "pending"}, {"marks": ["workaround"]}])
def test_a_customer_s_program_writes_only_as_a_customer(write, team, given):
    customer = make_customer()
    ticket = make_ticket(team=team, requester=customer)
    before = Message.objects.count()
    assert write(customer, ticket, {"body": "for you only", **given}).status_code == 403
    assert Message.objects.count() == before
    assert write(customer, ticket, {"body": "thank you"}).json()["kind"] == "customer"


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ('{"body": ', "line 1, column"),
        ("[" * 100_000, "nested too deeply"),
        (b'{"body": "\xff"}', "UTF-8"),
        ('{"body": NaN}', "not valid JSON"),
    ],
)
def test_a_body_that_cannot_be_read_is_told_in_the_caller_s_language(write, team, body, words):
    customer = make_customer()
    ticket = make_ticket(team=team, requester=customer)
    answer = write(customer, ticket, body)
    assert answer.status_code == 400 and answer["Content-Type"] == "application/problem+json"
    assert words in answer.json()["detail"]
    assert "JSON parse error" not in write(customer, ticket, body, "zh-hans").json()["detail"]
