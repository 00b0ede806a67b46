"""The dashboard, the lists behind it, the exports and the API: who sees them, of what, at what price."""

import csv
import io
import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import translation
from django.utils.translation import ngettext

from accounts.services.tokens import issue_token
from accounts.tests.factories import (
    OrganizationFactory,
    TeamFactory,
    make_administrator,
    make_agent,
    make_customer,
    make_lead,
    make_manager,
)
from feedback.services.surveys import Answer, log_call
from outbox import clock
from reports.exports import cell
from tickets.services.moves import resolve_ticket
from tickets.tests.factories import make_ticket

pytestmark = pytest.mark.django_db
PAGE, LIST, EXPORT = "/desk/reports/", "/desk/reports/tickets/", "/desk/reports/export/"
API = "/api/v1/reports/summary/"
HOUR = timedelta(hours=1)


@pytest.fixture
def team():
    return TeamFactory()


@pytest.fixture
def lead(team):
    return make_lead(team)


def solved(team, agent, **fields):
    """A ticket that came an hour ago and was solved at once."""
    at = clock.now() - HOUR
    ticket = make_ticket(team=team, assignee=agent, now=at, **fields)
    resolve_ticket(
        ticket=ticket, actor=agent, cause="c", solution="s", verification="customer", now=at + timedelta(minutes=6)
    )
    return ticket


def rows_of(response):
    text = b"".join(response.streaming_content).decode()
    assert text.startswith("\ufeff")
    return list(csv.reader(io.StringIO(text.removeprefix("\ufeff"))))


@pytest.mark.parametrize("address", [PAGE, f"{LIST}?figure=created", EXPORT, f"{EXPORT}?figure=created"])
def test_who_sees_figures(client, team, address):
    assert client.get(address).status_code == 302
    for person in (make_customer(), make_agent(team)):
        client.force_login(person)
        assert client.get(address).status_code == 404
    for person in (make_lead(team), make_manager(), make_administrator()):
        client.force_login(person)
        assert client.get(address).status_code == 200
        assert client.post(address).status_code == 405


def test_an_empty_house_says_so(client, lead):
    client.force_login(lead)
    page = client.get(PAGE).content.decode()
    assert "Nothing happened in this period" in page
    assert "Load of the teams" in page


def test_an_answer_to_the_survey_is_a_figure_of_the_dashboard(client, team, lead):
    agent = make_agent(team)
    ticket = solved(team, agent)
    client.force_login(lead)
    assert [row["value"] for row in client.get(PAGE).context["board"].scores()] == [None, None, None]
    log_call(ticket=ticket, answer=Answer(4, 5, 3, True), actor=agent, now=clock.now() - timedelta(minutes=1))
    answer = client.get(PAGE)
    assert [row["value"] for row in answer.context["board"].scores()] == [4, 5, 3]
    assert answer.context["tiles"][-1].value == 100


def test_each_number_leads_to_as_many_rows(client, team, lead):
    agent = make_agent(team)
    for severity in "SAB":
        solved(team, agent, severity=severity)
    make_ticket(team=team, now=clock.now() - HOUR)
    make_ticket(team=TeamFactory(), now=clock.now() - HOUR)
    client.force_login(lead)
    answer = client.get(PAGE, {"by": "severity"})
    assert [row["created"] for row in answer.context["groups"]] == [2, 1, 1]
    for row in answer.context["groups"]:
        for name in ("created", "resolved", "missed"):
            page = client.get(row["href"][name])
            assert (page.context["count"], len(page.context["lines"])) == (row[name], row[name])
    backlog = answer.context["backlog"]
    assert backlog["figures"].total == client.get(backlog["href"]).context["count"] == 1
    for _label, count, href in backlog["ages"] + backlog["statuses"] + backlog["severities"]:
        assert client.get(href).context["count"] == count
    for tile in answer.context["tiles"]:
        assert client.get(tile.href).status_code == 200


def test_filters_narrow_everything(client, team, lead):
    agent = make_agent(team)
    solved(team, agent, severity="S")
    solved(team, agent, severity="B")
    client.force_login(lead)
    assert client.get(PAGE, {"severity": "S"}).context["board"].totals["created"][0]["count"] == 1
    assert client.get(PAGE, {"person": agent.pk}).context["board"].totals["created"][0]["count"] == 2
    assert client.get(PAGE, {"person": "none"}).context["board"].totals["created"][0]["count"] == 0
    assert client.get(PAGE, {"module": "none"}).context["board"].totals["created"][0]["count"] == 2


@pytest.mark.parametrize(
    "asked", [{"days": "8"}, {"days": "x"}, {"severity": "Z"}, {"by": "colour"}, {"person": "0"}, {"team": "9" * 30}]
)
def test_what_does_not_exist_is_refused_and_shows_no_figures(client, lead, asked):
    client.force_login(lead)
    answer = client.get(PAGE, asked)
    assert answer.status_code == 400
    assert "tiles" not in answer.context
    assert client.get(EXPORT, asked).status_code == 404


def test_a_team_out_of_reach_cannot_be_asked_for(client, lead):
    other = TeamFactory()
    client.force_login(lead)
    assert client.get(PAGE, {"team": other.pk}).status_code == 400
    assert client.get(LIST, {"figure": "created", "team": other.pk}).status_code == 404
    assert client.get(EXPORT, {"team": other.pk}).status_code == 404
    client.force_login(make_manager())
    assert client.get(PAGE, {"team": other.pk}).status_code == 200


def test_a_list_that_does_not_exist_is_not_found(client, lead):
    client.force_login(lead)
    for asked in ({}, {"figure": "gold"}, {"figure": "created", "after": "1'--"}, {"figure": "created", "after": "99"}):
        assert client.get(LIST, asked).status_code == 404, asked


def test_pages_of_a_list_follow_each_other(client, team, lead, monkeypatch):
    from reports import lists

    monkeypatch.setattr(lists.Listing.page, "__defaults__", (2,))
    at = clock.now() - HOUR
    made = [make_ticket(team=team, now=at).number for _ in range(5)]
    client.force_login(lead)
    found, after = [], ""
    while True:
        page = client.get(LIST, {"figure": "created", "after": after})
        found += [line.ticket.number for line in page.context["lines"]]
        after = page.context["after"]
        if not after:
            break
    assert found == made[::-1]


def test_figures_cost_the_same_queries_whatever_there_is(client, team, lead, django_assert_num_queries):
    agent = make_agent(team)
    solved(team, agent)
    client.force_login(lead)
    client.get(PAGE)
    with CaptureQueriesContext(connection) as few:
        client.get(PAGE)
    with CaptureQueriesContext(connection) as few_rows:
        client.get(LIST, {"figure": "created"})
    assert len(few) <= 40
    for _ in range(4):
        other = make_agent(team)
        solved(team, other, requester=make_customer(OrganizationFactory()))
        make_ticket(team=team, now=clock.now() - HOUR)
    with django_assert_num_queries(len(few)):
        client.get(PAGE)
    with django_assert_num_queries(len(few_rows)):
        client.get(LIST, {"figure": "created"})


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r"])
def test_text_in_a_file_is_never_a_formula(start):
    assert cell(f"{start}1+1") == f"'{start}1+1"
    assert (cell(-1), cell(-0.5), cell(None), cell("a=1")) == (-1, -0.5, "", "a=1")


def test_exported_tickets_run_nothing_in_a_spreadsheet(client, team, lead):
    evil = OrganizationFactory(name='@SUM(A1)"', name_en="")
    make_ticket(team=team, requester=make_customer(evil), subject='=HYPERLINK("http://x")', now=clock.now() - HOUR)
    client.force_login(lead)
    answer = client.get(EXPORT, {"figure": "created"})
    assert answer["Content-Type"].startswith("text/csv")
    head, row = rows_of(answer)
    row = dict(zip(head, row, strict=True))
    assert (row["subject"], row["organization"]) == ('\'=HYPERLINK("http://x")', "'@SUM(A1)\"")


def test_exported_figures_say_what_the_page_says(client, team, lead):
    solved(team, make_agent(team))
    client.force_login(lead)
    head, row = rows_of(client.get(EXPORT, {"by": "team"}))
    row = dict(zip(head, row, strict=True))
    assert row["team"] == team.name_en
    assert (row["created"], row["resolved"], row["first_response"], row["resolution_rate"]) == (
        "1",
        "1",
        "360",
        "100.0",
    )
    assert (row["first_contact"], row["answers"], row["solved"]) == ("100.0", "0", "")


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_both_languages(client, team, language):
    solved(team, make_agent(team))
    lead = make_lead(team, language=language)
    client.force_login(lead)
    page = client.get(PAGE).content.decode()
    assert f'<html lang="{language}"' in page
    assert (team.name if language == "zh-hans" else team.name_en) in page
    with translation.override(language):
        assert f">{ngettext('%d day', '%d days', 90) % 90}<" in page


def test_the_page_holds_no_inline_style_or_script(client, team, lead):
    solved(team, make_agent(team))
    client.force_login(lead)
    page = client.get(PAGE).content.decode()
    assert not re.search(r"<[^>]+\sstyle=|\son[a-z]+=", page)


def test_programs_get_the_summary(client, team, lead):
    agent = make_agent(team)
    ticket = solved(team, agent, severity="S")
    log_call(ticket=ticket, answer=Answer(5, 4, 3, True), actor=agent, now=clock.now() - timedelta(minutes=1))
    make_ticket(team=team, now=clock.now() - HOUR)
    make_ticket(team=TeamFactory(), now=clock.now() - HOUR)
    _row, secret = issue_token(
        actor=lead, user=lead, name="t", scopes=["reports:read"], expires_at=None, now=clock.now()
    )
    headers = {"Authorization": f"Bearer {secret}"}
    answer = client.get(API, headers=headers).json()
    now = answer["current"]
    assert (answer["days"], now["created"], now["resolved"], now["resolution_rate"]) == (30, 2, 1, 50.0)
    assert (now["first_response_median"], now["first_contact_resolution"]) == (360.0, 100.0)
    assert (now["satisfaction_resolution"], now["satisfaction_speed"], now["satisfaction_attitude"]) == (5.0, 4.0, 3.0)
    assert (now["answers"], now["truly_solved"], answer["previous"]["created"]) == (1, 100.0, 0)
    assert (answer["backlog"]["total"], answer["backlog"]["by_severity"]) == (1, {"S": 0, "A": 0, "B": 1})
    assert client.get(API, {"severity": "B"}, headers=headers).json()["current"]["resolved"] == 0
    assert client.get(API, {"team": team.code}, headers=headers).json()["current"]["created"] == 2


def test_programs_are_refused(client, team, lead):
    assert client.get(API).status_code == 401
    _row, secret = issue_token(
        actor=lead, user=lead, name="t", scopes=["tickets:read"], expires_at=None, now=clock.now()
    )
    assert client.get(API, headers={"Authorization": f"Bearer {secret}"}).status_code == 403
    client.force_login(make_agent(team))
    assert client.get(API).status_code == 403
    client.force_login(lead)
    for asked in ({"days": "8"}, {"severity": "Z"}, {"team": TeamFactory().code}, {"colour": "red"}):
        assert client.get(API, asked).status_code == 400, asked
