"""Figures by API: the same as on the pages, told apart, over time, with the rows behind them and as files."""

import csv
import io
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.services.tokens import issue_token
from accounts.tests.factories import OrganizationFactory, TeamFactory, make_agent, make_customer, make_lead
from outbox import clock
from reports.lists import TITLES
from reports.selectors.figures import compliance, totals
from reports.selectors.measures import DIMENSIONS, MEASURES
from tickets.models import Ticket
from tickets.services.escalation import record_overdue
from tickets.tests.factories import MONDAY, make_ticket

pytestmark = pytest.mark.django_db
MONDAYS = {"since": "2026-06-01", "until": "2026-06-01"}


def program(user) -> Client:
    _row, secret = issue_token(
        actor=user, user=user, name="t", scopes=["reports:read"], expires_at=None, now=clock.now()
    )
    return Client(HTTP_AUTHORIZATION=f"Bearer {secret}", HTTP_ACCEPT_LANGUAGE="en")


def rows_of(answer) -> list[dict[str, str]]:
    assert answer.status_code == 200 and answer["Content-Type"] == "text/csv; charset=utf-8"
    return list(csv.DictReader(io.StringIO(answer.getvalue().decode("utf-8-sig"))))


@pytest.fixture
def manager(story):
    return program(story.manager)


def ask(client, what, **asked):
    answer = client.get(f"/api/v1/reports/{what}/", MONDAYS | asked)
    assert answer.status_code == 200, answer.content
    return answer.json()


def test_teams_stand_side_by_side_with_what_they_have_open(manager, story):
    answer = ask(manager, "figures", by="team")
    assert (answer["by"], answer["days"]) == ("team", 1)
    alpha, beta = sorted(answer["results"], key=lambda row: row["key"])
    assert (alpha["key"], alpha["name"]) == ("alpha", story.alpha.name_en)
    assert (alpha["created"], alpha["resolved"], alpha["first_contact_resolution"]) == (2, 1, 50)
    assert (alpha["satisfaction_resolution"], alpha["truly_solved"], alpha["reopen_rate"]) == (3.5, 50, 50)
    assert (beta["created"], beta["promises_missed"], beta["first_response_median"]) == (2, 1, 45 * 60)
    # «again» was opened anew, «open» waits; an agent and a lead of each team hold ten tickets each.
    assert [(row["open"], row["unassigned"], row["capacity"]) for row in (alpha, beta)] == [(1, 0, 20), (1, 0, 20)]


@pytest.mark.parametrize("by", sorted(DIMENSIONS))
def test_the_groups_of_every_dimension_add_up_to_the_whole(manager, story, by):
    rows = ask(manager, "figures", by=by)["results"]
    whole, _before = zip(*(totals(name, story.seen(), story.span()) for name in MEASURES), strict=True)
    of = dict(zip(MEASURES, whole, strict=True))
    assert sum(row["created"] for row in rows) == of["created"]["count"]
    assert sum(row["promises_kept"] + row["promises_missed"] for row in rows) == sum(of["promises"].values())
    assert sum(row["open"] for row in rows) == Ticket.objects.unresolved().count()


def test_filters_take_what_the_groups_say(manager, story):
    for by in DIMENSIONS:
        for row in ask(manager, "figures", by=by)["results"]:
            if row["created"]:
                asked = {by: row["key"] or "none"}
                (only,) = ask(manager, "figures", by=by, **asked)["results"]
                assert only == row, asked


@pytest.mark.parametrize(("step", "first"), [("day", "2026-05-30"), ("week", "2026-05-25"), ("month", "2026-05-01")])
def test_over_time_every_step_is_there(manager, story, step, first):
    answer = ask(manager, "series", step=step, since="2026-05-30", until="2026-06-02")
    created = {row["first_day"]: row["created"] for row in answer["results"]}
    monday = "2026-06-01"
    assert next(iter(created)) == first
    assert {day: count for day, count in created.items() if count} == {monday: 4}
    assert len(created) == {"day": 4, "week": 2, "month": 2}[step]
    row = next(row for row in answer["results"] if row["first_day"] == monday)
    assert row["compliance"] == pytest.approx(100 * 10 / 11)
    assert row["resolution_time_median"] == 65 * 60


def test_the_rows_behind_a_figure_come_page_by_page(manager, story):
    for figure in TITLES:
        seen, asked = [], {**MONDAYS, "figure": figure, "page_size": 2}
        answer = manager.get("/api/v1/reports/tickets/", asked).json()
        count = answer["count"]
        while True:
            seen += [(row["number"], row["at"], row["detail"]) for row in answer["results"]]
            assert len(answer["results"]) <= 2
            if answer["next"] is None:
                break
            answer = manager.get(answer["next"]).json()
        assert len(seen) == count, figure
        assert seen == sorted(seen, key=lambda row: row[1], reverse=True)
    assert ask(manager, "tickets", figure="created", team="alpha")["count"] == 2
    assert ask(manager, "tickets", figure="created", team="none")["count"] == 0
    missed = ask(manager, "tickets", figure="missed", metric="first_response")["results"]
    assert [row["number"] for row in missed] == [story.tickets["late"].number]
    resolved = ask(manager, "tickets", figure="first-contact")["results"]
    assert [(row["number"], row["seconds"]) for row in resolved] == [(story.tickets["quick"].number, 1800)]


@pytest.mark.parametrize("how", [{"format": "csv"}, {"Accept": "text/csv"}])
def test_the_same_as_a_file(manager, story, how):
    headers = {"Accept": how["Accept"]} if "Accept" in how else {}
    asked = MONDAYS | ({} if headers else how)
    for what, more in (("figures", {"by": "person"}), ("series", {"step": "month"}), ("figures", {"by": "severity"})):
        answer = manager.get(f"/api/v1/reports/{what}/", asked | more, headers=headers)
        table = rows_of(answer)
        listed = ask(manager, what, **more)["results"]
        assert len(table) == len(listed)
        for row, one in zip(table, listed, strict=True):
            assert row["created"] == str(one["created"])
            assert set(row) == set(one)
    table = rows_of(manager.get("/api/v1/reports/tickets/", asked | {"figure": "resolved"}, headers=headers))
    assert [row["number"] for row in table] == [story.tickets[name].number for name in ("late", "quick")]


def test_a_name_is_no_formula_in_a_file(story):
    customer = make_customer(OrganizationFactory(name="=1+1", name_en="=1+1"))
    make_ticket(team=story.alpha, requester=customer, now=MONDAY)
    answer = program(story.manager).get("/api/v1/reports/figures/", MONDAYS | {"by": "organization", "format": "csv"})
    assert "'=1+1" in {row["name"] for row in rows_of(answer)}


def test_promises_one_by_one(story, client):
    now = clock.now()
    ticket = make_ticket(team=story.alpha, now=now - timedelta(days=3), severity="S")
    record_overdue(ticket, now=now)
    answer = program(story.manager).get("/api/v1/reports/summary/", {"days": 7}).json()
    kept = sum(row["kept"] for row in answer["promises"])
    missed = sum(row["missed"] for row in answer["promises"])
    assert (kept, missed) == (answer["current"]["promises_kept"], answer["current"]["promises_missed"])
    assert missed and answer["current"]["compliance"] == compliance({"kept": kept, "missed": missed})


@pytest.mark.parametrize("what", ["figures", "series", "tickets"])
def test_more_rows_cost_no_more_queries(story, what):
    asked = MONDAYS | {"figures": {"by": "team"}, "series": {"step": "day"}, "tickets": {"figure": "created"}}[what]
    user = program(story.manager)

    def count() -> int:
        with CaptureQueriesContext(
            connection,
        ) as found:
            assert user.get(f"/api/v1/reports/{what}/", asked).status_code == 200
        return len(found)

    count()  # the first one notes the use of the token
    before = count()
    for _ in range(5):
        team = TeamFactory()
        for _ in range(3):
            make_ticket(team=team, assignee=make_agent(team), now=MONDAY)
    assert count() == before <= 25


def test_others_see_theirs_and_nobody_more(story):
    rows = ask(program(story.lead), "figures", by="team")["results"]
    assert [row["key"] for row in rows] == ["alpha"]
    lead = program(story.lead)
    assert lead.get("/api/v1/reports/figures/", {"team": "beta"}).status_code == 400
    assert ask(lead, "tickets", figure="created")["count"] == 2
    elsewhere = program(make_lead(TeamFactory()))
    assert ask(elsewhere, "figures")["results"] == []
    assert ask(elsewhere, "tickets", figure="open")["count"] == 0


@pytest.mark.parametrize(
    ("what", "asked", "field"),
    [
        ("figures", {"by": "colour"}, "by"),
        ("figures", {"colour": "red"}, "colour"),
        ("figures", {"team": "nowhere"}, "team"),
        ("figures", {"person": "x"}, "person"),
        ("figures", {"module": "\x00"}, "module"),
        ("figures", {"days": "367"}, "days"),
        ("figures", {"since": "2026-06-01"}, "since"),
        ("figures", {"since": "2026-06-02", "until": "2026-06-01"}, "since"),
        ("figures", {"since": "2024-01-01", "until": "2026-06-01"}, "since"),
        ("figures", {"since": "2126-06-01", "until": "2126-06-02"}, "since"),
        ("figures", {"days": "3", "since": "2026-06-01", "until": "2026-06-01"}, "since"),
        ("series", {"step": "year"}, "step"),
        ("tickets", {}, "figure"),
        ("tickets", {"figure": "nothing"}, "figure"),
        ("tickets", {"figure": "missed", "metric": "x"}, "metric"),
        ("tickets", {"figure": "created", "cursor": "x"}, "cursor"),
        ("tickets", {"figure": "created", "cursor": "999999"}, "cursor"),
        ("tickets", {"figure": "created", "page_size": "201"}, "page_size"),
    ],
)
def test_what_cannot_be_is_refused_by_name(manager, what, asked, field):
    answer = manager.get(f"/api/v1/reports/{what}/", asked)
    assert answer.status_code == 400, answer.content
    assert field in answer.json()["errors"]
    as_file = manager.get(f"/api/v1/reports/{what}/", asked, headers={"Accept": "text/csv"})
    assert (as_file.status_code, as_file["Content-Type"]) == (400, "application/problem+json")
    assert as_file.json()["errors"].keys() == answer.json()["errors"].keys()
