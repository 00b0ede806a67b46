"""Fields that nobody was asked for change nothing, whatever a request carries (hardening.md, «mass assignment»)."""

import json
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import User
from accounts.tests.factories import TeamFactory, make_agent, make_customer
from knowledge.models import Article
from knowledge.tests.factories import published
from outbox import clock
from sla.models import Clock
from tickets.models import Ticket
from tickets.tests.factories import make_ticket

pytestmark = pytest.mark.django_db
_PAST = "2001-01-01T00:00:00Z"
_TICKET = {
    "severity": "S", "status": "closed", "team": "other", "assignee": 1, "number": "T1", "created_at": _PAST,
    "due_at": _PAST, "next_due_at": _PAST, "closed_at": _PAST, "channel": "alert", "organization": 1, "revision": 99,
}  # fmt: skip
_PERSON = {
    "is_staff": "on", "is_superuser": "on", "is_active": "", "role": "administrator", "memberships": "1",
    "organization": "1", "sees_organization": "on", "capacity": "999", "email": "boss@example.org", "password": "x",
    "date_joined": _PAST,
}  # fmt: skip


def client_of(user: User) -> Client:
    client = Client()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client


def row_of(row: object) -> dict:
    """The row as the database has it now."""
    return type(row)._default_manager.filter(pk=row.pk).values().get()  # type: ignore[attr-defined]


def test_the_profile_changes_name_language_and_zone_only():
    person = make_customer()
    client = client_of(person)
    before = row_of(person)
    sent = {"name": "Anna", "language": "en", "time_zone": "Asia/Shanghai"}
    assert client.post(reverse("profile"), sent | _PERSON).status_code == 302
    after = row_of(person)
    assert {name for name in after if after[name] != before[name]} <= set(sent)
    assert after["name"] == "Anna"
    assert [grant.role.code for grant in User.objects.get(pk=person.pk).grants] == ["customer"]


def test_a_submission_by_the_api_with_more_fields_is_refused():
    person = make_customer()
    said = {"subject": "s", "description": "d", "requester": {"email": person.email}}
    for name, value in (_TICKET | _PERSON).items():
        body = json.dumps(said | {name: value})
        answer = client_of(person).post(reverse("api-ticket-list"), body, content_type="application/json")
        assert answer.status_code == 400, name
        assert name in answer.json()["errors"]
    assert not Ticket.objects.filter(requester=person).exists()


def test_the_form_reads_its_questions_only():
    person, now = make_customer(), clock.now()
    sent = {"subject": "s", "description": "qwx zvb", "impact": "one", "urgency": "normal"}
    answer = client_of(person).post(reverse("intake:submit"), sent | _TICKET)
    assert answer.status_code == 302
    ticket = Ticket.objects.get(requester=person)
    assert (ticket.severity, ticket.status, ticket.channel, ticket.revision < 99) == ("B", "new", "portal", True)
    assert ticket.created_at >= now - timedelta(minutes=1)
    assert not Clock.objects.filter(ticket=ticket, due_at__lt=now).exists()


@pytest.mark.parametrize("name", ["write", "properties", "status", "take"])
def test_actions_of_agents_change_what_they_are_for(name):
    team = TeamFactory()
    agent = make_agent(team)
    ticket = make_ticket(team=team, assignee=agent, now=clock.now())
    before = row_of(ticket)
    clocks = list(Clock.objects.filter(ticket=ticket).order_by("pk").values("pk", "due_at", "started_at"))
    sent = _TICKET | {"body": "A word.", "kind": "note", "status": "open", "tags": ""}
    answer = client_of(agent).post(reverse(f"workspace:{name}", args=[ticket.number]), sent)
    assert answer.status_code in (302, 422)
    after = row_of(ticket)
    kept = set(_TICKET) - {"status", "team", "assignee", "organization", "due_at", "revision"}
    kept |= {"team_id", "assignee_id", "organization_id", "requester_id", "cycle"} - {"next_due_at"}
    assert {column for column in kept if column in after and after[column] != before[column]} == set()
    assert list(Clock.objects.filter(ticket=ticket).order_by("pk").values("pk", "due_at", "started_at")) == clocks


def test_a_patch_of_an_article_changes_what_it_may():
    agent = make_agent(TeamFactory())
    article = published(agent)
    before = row_of(article)
    body = {"base": 1, "state": "archived", "author": 1, "slug": "mine", "published_at": _PAST, "helpful_count": 99}
    answer = client_of(agent).patch(
        reverse("api-article-detail", args=[article.pk]), json.dumps(body), content_type="application/json"
    )
    assert answer.status_code in (200, 400)
    after = Article.objects.filter(pk=article.pk).values().get()
    assert {name for name in after if after[name] != before[name]} <= {"updated_at", "proposed"}


def test_nobody_raises_themselves_by_the_api():
    agent = make_agent(TeamFactory())
    for method in ("put", "patch", "post", "delete"):
        for name, args in (("api-me", []), ("api-user-detail", [agent.pk]), ("api-user-list", [])):
            send = getattr(client_of(agent), method)
            answer = send(reverse(name, args=args), json.dumps(_PERSON), content_type="application/json")
            assert answer.status_code in (403, 405), (method, name)
    fresh = User.objects.get(pk=agent.pk)
    assert (fresh.is_staff, fresh.is_superuser, [grant.role.code for grant in fresh.grants]) == (
        False,
        False,
        ["agent"],
    )
