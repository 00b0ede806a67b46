"""A follow-up by phone instead of the link: who may log it, about what, once."""

import pytest
from django.urls import reverse

from accounts.tests.factories import TeamFactory, make_administrator, make_agent, make_customer, make_manager
from feedback.models import Survey
from feedback.services.surveys import answer_survey, log_call, send_due_surveys
from feedback.tests.conftest import FULL
from feedback.views import AnswerForm
from tickets.tests.factories import make_ticket

pytestmark = pytest.mark.django_db


def address(ticket):
    return reverse("feedback:log_call", args=[ticket.number])


def test_an_agent_logs_a_call(client, solve, agent):
    ticket = solve()
    client.force_login(agent)
    assert client.get(address(ticket)).status_code == 200
    answer = client.post(address(ticket), FULL)
    assert answer.status_code == 302
    survey = Survey.objects.get(ticket=ticket)
    assert (survey.via, survey.logged_by, survey.is_solved, survey.resolution_score) == ("call", agent, True, 5)


def test_not_solved_by_phone_opens_the_ticket(client, solve, agent):
    ticket = solve()
    client.force_login(agent)
    client.post(address(ticket), FULL | {"is_solved": "no"})
    ticket.refresh_from_db()
    assert ticket.status == "open"


def test_what_is_missing_is_said(client, solve, agent):
    ticket = solve()
    client.force_login(agent)
    answer = client.post(address(ticket), {"suggestion": "kept"})
    assert answer.status_code == 422
    assert "kept" in answer.content.decode()
    assert not Survey.objects.exists()


def test_a_resolution_is_asked_about_once(client, survey, agent):
    form = AnswerForm(FULL)
    assert form.is_valid()
    answer_survey(survey=survey, answer=form.answer)
    client.force_login(agent)
    assert "answered already" in client.get(address(survey.ticket)).content.decode()
    assert client.post(address(survey.ticket), FULL | {"resolution_score": "1"}).status_code == 422
    survey.refresh_from_db()
    assert (survey.resolution_score, survey.via) == (5, "link")


def test_without_a_resolution_there_is_nothing_to_ask(client, team, agent):
    ticket = make_ticket(team=team)
    client.force_login(agent)
    assert client.post(address(ticket), FULL).status_code == 302
    assert not Survey.objects.exists()


def test_who_may_not_finds_nothing(client, solve):
    ticket = solve()
    assert client.get(address(ticket)).status_code == 302
    for person in (make_customer(), ticket.requester, make_agent(TeamFactory()), make_manager()):
        client.force_login(person)
        assert client.get(address(ticket)).status_code == 404, person
        assert client.post(address(ticket), FULL).status_code == 404, person
    client.force_login(make_administrator())
    assert client.get(address(ticket)).status_code == 200


def test_a_call_that_could_not_be_written_leaves_the_survey_to_be_sent(solve, agent, monkeypatch):
    ticket = solve()
    form = AnswerForm(FULL)
    assert form.is_valid()

    def fail(**event):
        raise RuntimeError("the process dies here")

    with monkeypatch.context() as patch:
        patch.setattr("feedback.services.surveys.record", fail)
        with pytest.raises(RuntimeError):
            log_call(ticket=ticket, answer=form.answer, actor=agent)
    assert not Survey.objects.exists()
    assert send_due_surveys() == 1
