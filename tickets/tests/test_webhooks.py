"""What webhooks hear of tickets: every event that they can choose, with a body that holds no words."""

import json
from datetime import timedelta

import pytest

from accounts.tests.factories import TeamFactory, make_administrator, make_agent, make_lead
from feedback.models import Survey
from feedback.services.surveys import Answer, answer_survey
from outbox import web
from outbox.models import WebhookCall
from outbox.webhooks import services
from tickets import webhooks
from tickets.services import assigning, conversation, grades, lead, moves, urging
from tickets.services.escalation import record_overdue
from tickets.tests.factories import MONDAY, make_ticket
from tickets.timeline.sentences import SENTENCES

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def endpoint(monkeypatch):
    monkeypatch.setattr(web, "check_address", lambda url: None)
    said = {"name": "All", "url": "https://hook.example/", "hears": list(webhooks.EVENTS)}
    return services.save_endpoint(actor=make_administrator(), now=MONDAY, **said)[0]


def _told() -> list[str]:
    return list(WebhookCall.objects.order_by("pk").values_list("event", flat=True))


def test_every_code_that_is_told_exists_and_every_event_can_happen():
    assert webhooks._TOLD.keys() <= SENTENCES.keys()
    assert set(webhooks._TOLD.values()) == set(webhooks.EVENTS)


def test_the_life_of_a_ticket_is_told_in_order():
    team = TeamFactory()
    agent, boss = make_agent(team), make_lead(team)
    ticket = make_ticket(team=team, assignee=agent, severity="A", subject="Geheimwort", description="Geheimwort")
    WebhookCall.objects.all().delete()
    at = MONDAY + timedelta(minutes=1)
    conversation.reply(ticket=ticket, actor=agent, body="Geheimwort", marks=[], now=at)
    conversation.add_note(ticket=ticket, actor=agent, body="Geheimwort", now=at)
    grades.regrade(ticket=ticket, actor=boss, severity="S", reason="Geheimwort", now=at)
    assigning.assign(ticket=ticket, actor=boss, assignee=boss, team=None, now=at)
    urging.urge(ticket=ticket, actor=ticket.requester, now=at)
    moves.resolve_ticket(ticket=ticket, actor=boss, cause="Geheimwort", solution="s", verification="customer", now=at)
    moves.refute_solution(ticket=ticket, actor=ticket.requester, comment="Geheimwort", now=at)
    told = _told()
    for event in (
        "message.public",
        "message.internal",
        "ticket.updated",
        "ticket.urged",
        "ticket.resolved",
        "ticket.reopened",
    ):
        assert event in told, event
    assert told.index("ticket.urged") < told.index("ticket.resolved") < told.index("ticket.reopened")
    for call in WebhookCall.objects.all():
        assert "geheimwort" not in json.dumps(call.body).lower()
        assert call.stream == f"ticket:{ticket.number}"


def test_a_body_names_the_ticket_the_change_and_who():
    team = TeamFactory()
    agent = make_agent(team)
    ticket = make_ticket(team=team, assignee=agent)
    created = WebhookCall.objects.get(event="ticket.created").body
    assert created["ticket"]["number"] == ticket.number
    assert created["ticket"]["url"].endswith(f"/api/v1/tickets/{ticket.number}/")
    assert created["facts"] == {"channel": "web", "severity": "B"}
    note = conversation.add_note(ticket=ticket, actor=agent, body="words", now=MONDAY)
    body = WebhookCall.objects.get(event="message.internal").body
    assert (body["change"], body["actor"], body["facts"]) == ("ticket.note", agent.pk, {"message": note.pk})


def test_a_sweep_tells_of_breach_and_escalation():
    team = TeamFactory()
    boss = make_lead(team)
    ticket = make_ticket(team=team, severity="S")
    record_overdue(ticket, now=MONDAY + timedelta(hours=5))
    told = _told()
    assert "clock.breached" in told and "escalation.raised" in told
    facts = WebhookCall.objects.filter(event="clock.breached").first().body["facts"]
    assert facts["metric"] and facts["due_at"]
    lead.acknowledge(ticket=ticket, actor=boss, now=MONDAY + timedelta(hours=5))
    assert _told()[-1] == "escalation.acknowledged"


def test_an_answered_survey_is_told_without_its_words():
    team = TeamFactory()
    agent = make_agent(team)
    ticket = make_ticket(team=team, assignee=agent)
    moves.resolve_ticket(ticket=ticket, actor=agent, cause="c", solution="s", verification="customer", now=MONDAY)
    survey = Survey.objects.create(
        ticket=ticket, cycle=1, customer=ticket.requester, created_at=MONDAY, expires_at=MONDAY + timedelta(days=9)
    )
    answer_survey(survey=survey, answer=Answer(5, 5, 5, True, suggestion="Geheimwort"), now=MONDAY)
    body = WebhookCall.objects.get(event="survey.answered").body
    assert body["facts"] == {"solved": True} and "Geheimwort" not in json.dumps(body)
