"""What customers said: who reads it, filters, pages, averages, and the same for programs."""

import pytest
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.services.tokens import issue_token
from accounts.tests.factories import TeamFactory, make_administrator, make_agent, make_customer, make_lead, make_manager
from feedback import views
from feedback.models import Survey
from feedback.services.surveys import Answer, log_call
from feedback.tests.conftest import FULL
from outbox import clock

pytestmark = pytest.mark.django_db
PAGE = "/desk/feedback/"
API = "/api/v1/surveys/"


@pytest.fixture
def said(solve, agent):
    """Log answers by (resolution, speed, attitude, solved, suggestion, need)."""

    def say(*answers):
        return [log_call(ticket=solve(), answer=Answer(*answer), actor=agent) for answer in answers]

    return say


@pytest.fixture
def three(said):
    return said((5, 5, 5, True), (2, 4, 3, True, "quicker please"), (4, 4, 4, False, "", "training"))


def shown(client, **asked):
    return [row.pk for row in client.get(PAGE, asked).context["page"]]


def test_averages_and_the_newest_first(client, lead, three):
    client.force_login(lead)
    answer = client.get(PAGE)
    assert [row.pk for row in answer.context["page"]] == [row.pk for row in reversed(three)]
    figures = answer.context["figures"]
    assert figures["resolution"] == pytest.approx(11 / 3)
    assert (figures["speed"], figures["attitude"]) == (pytest.approx(13 / 3), 4)
    assert (figures["answers"], figures["solved"], answer.context["solved_share"]) == (3, 2, 67)


def test_filters(client, lead, three, team):
    good, slow, bad = (row.pk for row in three)
    client.force_login(lead)
    assert shown(client, score="low") == [slow]
    assert shown(client, score="high") == [bad, good]
    assert shown(client, solved="no") == [bad]
    assert shown(client, solved="yes") == [slow, good]
    assert shown(client, words="suggestion") == [slow]
    assert shown(client, words="need") == [bad]
    assert shown(client, team=team.pk) == [bad, slow, good]
    assert client.get(PAGE, {"score": "high", "solved": "yes"}).context["figures"]["answers"] == 1


def test_a_filter_that_does_not_exist_shows_nothing_and_says_so(client, lead, three):
    client.force_login(lead)
    answer = client.get(PAGE, {"score": "purple"})
    assert (answer.status_code, answer.context["page"]) == (400, [])
    assert client.get(PAGE, {"team": TeamFactory().pk}).status_code == 400


def test_pages_follow_each_other_without_gap_or_repetition(client, lead, three, monkeypatch):
    monkeypatch.setattr(views, "_PAGE", 2)
    client.force_login(lead)
    first = client.get(PAGE)
    second = client.get(PAGE, {"after": first.context["after"]})
    assert [row.pk for page in (first, second) for row in page.context["page"]] == [row.pk for row in reversed(three)]
    assert second.context["after"] == ""
    assert client.get(PAGE, {"after": "1 or 1=1"}).context["page"] == []


def test_another_teams_answers_are_not_seen(client, three):
    client.force_login(make_lead(TeamFactory()))
    answer = client.get(PAGE)
    assert (answer.context["page"], answer.context["figures"]["answers"]) == ([], 0)
    assert "Nobody has answered yet" in answer.content.decode()


def test_who_reads_it(client, team, three):
    assert client.get(PAGE).status_code == 302
    for person in (make_customer(), make_agent(team)):
        client.force_login(person)
        assert client.get(PAGE).status_code == 404
    for person in (make_manager(), make_administrator()):
        client.force_login(person)
        assert len(client.get(PAGE).context["page"]) == 3


def test_words_of_customers_run_nothing(client, lead, said):
    said((3, 3, 3, True, "<script>alert(1)</script>"))
    client.force_login(lead)
    page = client.get(PAGE).content.decode()
    assert "<script>alert(1)" not in page
    assert "&lt;script&gt;alert(1)" in page


def test_as_many_queries_for_one_answer_as_for_many(client, lead, said, django_assert_num_queries):
    from django.db import connection

    client.force_login(lead)
    said((5, 5, 5, True, "a", "b"))
    client.get(PAGE)
    with CaptureQueriesContext(connection) as few:
        client.get(PAGE)
    said(*[(4, 4, 4, True, "a", "b")] * 4)
    with django_assert_num_queries(len(few)):
        client.get(PAGE)


def test_programs_read_surveys_they_may_see(client, lead, three, agent):
    client.force_login(lead)
    rows = client.get(API).json()["results"]
    assert [row["id"] for row in rows] == [row.pk for row in reversed(three)]
    assert rows[0]["hidden_need"] == "training"
    assert [row["is_solved"] for row in client.get(API, {"solved": "false"}).json()["results"]] == [False]
    assert client.get(API, {"colour": "red"}).status_code == 400
    client.force_login(make_lead(TeamFactory()))
    assert client.get(API).json()["results"] == []
    assert client.get(f"{API}{three[0].pk}/").status_code == 404
    client.force_login(three[0].customer)
    assert client.get(API).json()["results"] == []
    client.logout()
    assert client.get(API).status_code == 401


@pytest.mark.parametrize(("scope", "status"), [("reports:read", 200), ("tickets:read", 200), ("articles:read", 403)])
def test_either_scope_is_good(client, lead, three, scope, status):
    _row, secret = issue_token(actor=lead, user=lead, name="t", scopes=[scope], expires_at=None, now=clock.now())
    assert client.get(API, headers={"Authorization": f"Bearer {secret}"}).status_code == status
    assert client.post(API, {}, headers={"Authorization": f"Bearer {secret}"}).status_code in (403, 405)


def test_an_open_survey_is_not_an_answer(client, lead, survey):
    client.force_login(lead)
    assert client.get(PAGE).context["figures"]["answers"] == 0
    assert [row["answered_at"] for row in client.get(API).json()["results"]] == [None]
    assert client.get(API, {"answered": "true"}).json()["results"] == []
    client.post(reverse("feedback:survey", args=[_token(survey)]), FULL)
    assert client.get(PAGE).context["figures"]["answers"] == 1
    assert Survey.objects.filter(answered_at__isnull=False).count() == 1


def _token(survey):
    from feedback.services.surveys import survey_token

    return survey_token(survey)
