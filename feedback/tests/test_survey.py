"""The survey behind the link: shown by GET, answered once by POST, refused when forged, late or repeated."""

from datetime import timedelta

import pytest
from django.urls import reverse

from accounts.tests.factories import make_customer
from feedback.models import Survey
from feedback.services.surveys import send_due_surveys, survey_token
from feedback.tests.conftest import FULL
from outbox import clock
from outbox.models import Intent
from tickets.models import Ticket
from tickets.services.merging import merge_ticket
from tickets.services.moves import confirm_solution, reopen_ticket, resolve_ticket
from tickets.tests.factories import make_ticket

pytestmark = pytest.mark.django_db


def test_looking_changes_nothing(client, link, survey):
    for _ in range(2):
        assert client.get(link).status_code == 200
    assert client.head(link).status_code == 200
    survey.refresh_from_db()
    assert survey.answered_at is None


def test_no_sign_in_no_trace_for_others(client, link):
    answer = client.get(link)
    assert "noindex" in answer["X-Robots-Tag"]
    assert answer["Referrer-Policy"] == "same-origin"
    assert "no-store" in answer["Cache-Control"]
    assert b'name="robots"' in answer.content


def test_an_answer_is_written_once(client, link, survey):
    answer = client.post(link, FULL)
    assert answer.status_code == 200
    assert answer.context["state"] == "solved"
    survey.refresh_from_db()
    assert (survey.resolution_score, survey.speed_score, survey.attitude_score) == (5, 4, 3)
    assert (survey.is_solved, survey.suggestion, survey.hidden_need) == (True, "Answer sooner", "Training")
    assert (survey.via, survey.logged_by) == ("link", None)

    again = client.post(link, FULL | {"is_solved": "no", "resolution_score": "1"})
    assert (again.status_code, again.context["state"]) == (410, "spent")
    assert client.get(link).status_code == 410
    survey.refresh_from_db()
    assert (survey.resolution_score, survey.is_solved) == (5, True)


def test_what_is_missing_is_said_beside_the_field_and_nothing_typed_is_lost(client, link, survey):
    typed = {"resolution_score": "4", "suggestion": "Please <b>call</b> first", "hidden_need": "A mirror site"}
    answer = client.post(link, typed)
    assert answer.status_code == 422
    page = answer.content.decode()
    assert set(answer.context["form"].errors) == {"is_solved", "speed_score", "attitude_score"}
    assert page.count("Please choose a number from 1 to 5.") == 2
    assert "Please &lt;b&gt;call&lt;/b&gt; first" in page
    assert "A mirror site" in page
    assert answer.context["form"]["resolution_score"].value() == "4"
    survey.refresh_from_db()
    assert survey.answered_at is None


@pytest.mark.parametrize("has_account", [True, False])
def test_the_pages_lead_into_the_ticket_and_promise_no_answer_to_mails(client, link, survey, has_account):
    if not has_account:
        survey.customer.set_unusable_password()
        survey.customer.save()
    solved = client.post(link, FULL)
    way = solved.context["link"]
    assert way in solved.content.decode() and "write to us in the ticket" in solved.content.decode()
    assert has_account or client.get(way).context["ticket"] == survey.ticket
    spent = client.get(link).content.decode()
    assert "Write to us in the ticket" in spent and "/t/" not in spent
    own_page = reverse("portal:ticket", args=[survey.ticket.number])
    assert own_page in spent if has_account else "in every mail" in spent
    for text in (solved.content.decode(), spent):
        assert "our mails" not in text


@pytest.mark.parametrize("wrong", ["0", "6", "-1", "4.5", "five", ""])
def test_a_score_is_a_whole_number_from_1_to_5(client, link, survey, wrong):
    assert client.post(link, FULL | {"speed_score": wrong}).status_code == 422
    survey.refresh_from_db()
    assert survey.answered_at is None


def test_not_solved_opens_the_ticket_and_tells_the_lead(client, link, survey):
    answer = client.post(link, FULL | {"is_solved": "no"})
    assert answer.context["state"] == "reopened"
    assert "the team lead has been told" in answer.content.decode()
    survey.ticket.refresh_from_db()
    assert (survey.ticket.status, survey.ticket.cycle) == ("open", 2)
    assert Intent.objects.filter(kind="ticket.reopened", payload__ticket=survey.ticket_id).count() == 1
    assert survey.ticket.clocks.filter(cycle=2, metric="first_response", state="running").count() == 1


def test_not_solved_about_an_older_solution_does_not_open_the_newer_one(client, link, survey, agent):
    ticket = survey.ticket
    reopen_ticket(ticket=ticket, actor=agent, reason="again")
    resolve_ticket(ticket=ticket, actor=agent, cause="c", solution="better", verification="customer")
    answer = client.post(link, FULL | {"is_solved": "no"})
    assert answer.context["state"] == "noted"
    ticket.refresh_from_db()
    assert (ticket.status, ticket.cycle) == ("resolved", 2)


def test_not_solved_opens_a_closed_ticket_too(client, solve):
    ticket = solve()
    confirm_solution(ticket=ticket, actor=ticket.requester)
    send_due_surveys()
    token = survey_token(Survey.objects.get(ticket=ticket))
    client.post(reverse("feedback:survey", args=[token]), FULL | {"is_solved": "no"})
    ticket.refresh_from_db()
    assert ticket.status == "open"


@pytest.mark.parametrize("forge", [lambda token: token[:-1] + "-", lambda token: "x" + token, lambda token: "abc"])
def test_a_forged_link_is_not_found(client, survey, forge):
    link = reverse("feedback:survey", args=[forge(survey_token(survey))])
    assert client.get(link).status_code == 404
    assert client.post(link, FULL).status_code == 404


def test_an_expired_link_is_not_found(client, link, survey):
    Survey.objects.filter(pk=survey.pk).update(expires_at=clock.now() - timedelta(seconds=1))
    assert client.get(link).status_code == 404
    assert client.post(link, FULL).status_code == 404


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_it_speaks_the_customers_language_unless_another_was_chosen(client, solve, settings, language):
    ticket = solve(requester=make_customer(language=language))
    send_due_surveys()
    link = reverse("feedback:survey", args=[survey_token(Survey.objects.get(ticket=ticket))])
    other = {"zh-hans": "en", "en": "zh-hans"}[language]
    answer = client.get(link, headers={"Accept-Language": other})
    assert f'<html lang="{language}"' in answer.content.decode()
    assert answer["Content-Language"] == language
    client.cookies[settings.LANGUAGE_COOKIE_NAME] = other
    assert f'<html lang="{other}"' in client.get(link).content.decode()


def test_a_post_without_the_token_against_forgery_is_refused(link):
    from django.test import Client

    assert Client(enforce_csrf_checks=True).post(link, FULL).status_code == 403


def test_a_merged_ticket_is_not_asked_about_but_an_earlier_solution_of_it_still_is(client, link, survey, agent):
    ticket = survey.ticket
    reopen_ticket(ticket=ticket, actor=agent, reason="It is back")
    target = make_ticket(team=ticket.team, requester=ticket.requester, now=clock.now())
    merge_ticket(ticket=ticket, into=target, actor=agent, words="Both go on here.")
    Ticket.objects.filter(pk=ticket.pk).update(resolved_at=clock.now() - timedelta(hours=49))
    assert send_due_surveys() == 0
    assert client.post(link, FULL | {"is_solved": "no"}).status_code == 200
    ticket.refresh_from_db()
    survey.refresh_from_db()
    assert survey.is_solved is False
    assert (ticket.status, ticket.merged_into) == ("closed", target)
