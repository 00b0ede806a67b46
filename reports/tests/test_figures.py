"""Every figure of the known story, worked out by hand."""

from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest

from accounts.tests.factories import TeamFactory, make_customer, make_lead
from feedback.services.surveys import Answer, log_call
from reports.lists import TITLES, listing
from reports.selectors.backlog import backlog, load
from reports.selectors.figures import by_dimension, compliance, series, share, totals
from reports.selectors.measures import BEHIND, MEASURES, tickets_in
from reports.selectors.spans import last_days
from reports.tests.conftest import HOUR, MINUTE
from sla.choices import MetricCode
from tickets.models import Ticket
from tickets.services.conversation import add_note
from tickets.services.escalation import record_overdue
from tickets.services.grades import regrade
from tickets.services.merging import merge_ticket
from tickets.services.moves import reopen_ticket, resolve_ticket
from tickets.tests.factories import MONDAY, make_ticket

pytestmark = pytest.mark.django_db


def now_of(story, name, user=None, tickets=None):
    return totals(name, story.seen(user) if tickets is None else tickets, story.span())[0]


def test_response_time_is_the_wait_for_the_first_public_reply(story):
    # 30, 45 and 60 minutes; nine of ten: 45 + 0.8 × (60 − 45).
    assert now_of(story, "answered") == {"count": 3, "median": 45 * MINUTE, "p90": 57 * MINUTE}


def test_an_internal_note_is_no_answer(story):
    add_note(ticket=story.tickets["open"], actor=story.other_lead, body="hm", now=MONDAY + 4 * HOUR)
    assert now_of(story, "answered")["count"] == 3


def test_resolution_time_is_that_of_the_resolutions_that_stand(story):
    # «quick» 30 minutes, «late» 100; «again» is open once more.
    assert now_of(story, "resolved") == {"count": 2, "median": 65 * MINUTE, "p90": 93 * MINUTE}


def test_resolution_rate_is_the_share_of_the_new_that_is_resolved(story):
    figures = now_of(story, "created")
    assert figures == {"count": 4, "resolved": 2}
    assert share(figures["resolved"], figures["count"]) == 50


def test_compliance_counts_each_promise_once_with_its_verdict(story):
    # quick: response, report, update. again: response, update, report, update.
    # late: workaround, 2 updates; response missed.
    figures = now_of(story, "promises")
    assert figures == {"kept": 10, "missed": 1}
    assert compliance(figures) == pytest.approx(100 * 10 / 11)


def test_compliance_promise_by_promise(story):
    counted = {
        code: listing("promises", story.seen(), story.span(), now=story.now, narrow={"metric": code}).count()
        for code in MetricCode.values
    }
    assert counted == {
        "first_response": 3,
        "next_response": 0,
        "workaround": 1,
        "solution_path": 0,
        "progress_report": 2,
        "progress_update": 5,
        "resolution": 0,
        "root_cause": 0,
    }


def test_a_breach_counts_from_its_instant_on_and_once_however_late_the_answer(story):
    ticket = story.tickets["open"]
    before = now_of(story, "promises")["missed"]
    story.now = MONDAY + 8 * HOUR  # its response was due at 17:00 in Shanghai, four hours after 13:00
    record_overdue(ticket, now=story.now - MINUTE)
    missed = now_of(story, "promises")["missed"]
    assert ticket.clocks.get(metric="first_response").breached_at is not None
    rows = listing("missed", story.seen(), story.span(), now=story.now, narrow={"metric": "first_response"})
    assert sorted(line.ticket.number for line in rows.all(10)) == sorted([ticket.number, story.tickets["late"].number])
    assert missed > before
    resolve_ticket(
        ticket=ticket,
        actor=story.other_lead,
        cause="c",
        solution="s",
        verification="customer",
        now=story.now - timedelta(seconds=1),
    )
    assert now_of(story, "promises")["missed"] == missed


def test_a_promise_replaced_by_a_regrade_has_no_verdict(story):
    before = now_of(story, "promises")
    regrade(
        ticket=story.tickets["open"],
        actor=story.other_lead,
        severity="A",
        reason="more people",
        now=MONDAY + 4 * HOUR,
    )
    assert story.tickets["open"].clocks.filter(state="superseded").exists()
    assert now_of(story, "promises") == before


def test_first_contact_is_one_reply_that_held(story):
    # Three first resolutions; only «quick» was solved by its first answer and stayed so.
    assert now_of(story, "first_contact") == {"count": 3, "at_once": 1}
    reopen_ticket(ticket=story.tickets["quick"], actor=story.lead, reason="no", now=MONDAY + 4 * HOUR + MINUTE)
    assert now_of(story, "first_contact") == {"count": 3, "at_once": 0}


def test_reopen_rate_is_the_share_of_resolutions_that_did_not_hold(story):
    assert now_of(story, "reopened") == {"count": 3, "reopened": 1}
    resolve_ticket(
        ticket=story.tickets["again"],
        actor=story.lead,
        cause="c",
        solution="s",
        verification="customer",
        now=MONDAY + 4 * HOUR + 30 * MINUTE,
    )
    assert now_of(story, "reopened") == {"count": 4, "reopened": 1}


def test_an_answer_is_a_figure(story):
    assert now_of(story, "satisfaction") == {
        "resolution": 3.5,
        "speed": 3.5,
        "attitude": 4.5,
        "answers": 2,
        "solved": 1,
    }
    at = MONDAY + 4 * HOUR + MINUTE
    log_call(ticket=story.tickets["late"], answer=Answer(5, 2, 3, True), actor=story.other_lead, now=at)
    assert now_of(story, "satisfaction") == {
        "resolution": 4,
        "speed": 3,
        "attitude": 4,
        "answers": 3,
        "solved": 2,
    }


def test_what_nobody_did_is_nothing_and_not_zero_minutes(db):
    lead = make_lead(TeamFactory())
    from reports.selectors.measures import all_tickets

    span = last_days(7, now=MONDAY, zone=ZoneInfo("UTC"))
    figures = {name: totals(name, all_tickets(lead), span)[0] for name in MEASURES}
    assert figures["answered"] == {"count": 0, "median": None, "p90": None}
    assert figures["satisfaction"]["resolution"] is None
    assert compliance(figures["promises"]) is None


def test_backlog_by_status_severity_and_age(story):
    figures = backlog(story.seen(), now=story.now)
    assert (figures.total, figures.unassigned, figures.escalated) == (2, 0, 0)
    assert figures.by_status == {"new": 1, "open": 1, "pending": 0, "on_hold": 0}
    assert figures.by_severity == {"S": 0, "A": 0, "B": 2}
    assert figures.by_age == {"4h": 2, "1d": 0, "3d": 0, "7d": 0, "old": 0}  # 4 h sharp and 2 h
    later = backlog(story.seen(), now=story.now + timedelta(days=2))
    assert later.by_age == {"4h": 0, "1d": 0, "3d": 2, "7d": 0, "old": 0}


@pytest.mark.parametrize("age", [timedelta(0), 4 * HOUR, 5 * HOUR, timedelta(days=1), timedelta(days=7), timedelta(60)])
def test_every_open_ticket_has_one_age(story, age):
    figures = backlog(story.seen(), now=MONDAY + 3 * HOUR + age)
    assert sum(figures.by_age.values()) == figures.total


def test_load_is_open_tickets_against_the_capacity_of_who_is_present(story):
    rows = {row.team.code: row for row in load(story.seen(), user=story.manager, now=story.now)}
    # An agent and the lead, 10 each.
    assert (rows["alpha"].open, rows["alpha"].capacity) == (1, 20)
    assert (rows["beta"].open, rows["beta"].capacity) == (1, 20)
    agent = story.tickets["open"].assignee
    agent.on_duty = False
    agent.save()
    rows = {row.team.code: row for row in load(story.seen(), user=story.manager, now=story.now)}
    assert rows["beta"].capacity == 10


def test_a_lead_counts_what_is_in_reach_only(story):
    assert now_of(story, "created", story.lead)["count"] == 2
    assert now_of(story, "promises", story.lead) == {"kept": 7, "missed": 0}
    assert now_of(story, "answered", story.other_lead) == {"count": 1, "median": 45 * MINUTE, "p90": 45 * MINUTE}
    assert now_of(story, "satisfaction", story.other_lead)["answers"] == 0
    assert backlog(story.seen(story.lead), now=story.now).total == 1
    assert [row.team for row in load(story.seen(story.lead), user=story.lead, now=story.now)] == [story.alpha]


def test_a_lead_above_counts_the_teams_below(story):
    above = TeamFactory()
    story.alpha.next_level = above
    story.alpha.save(update_fields=["next_level"])
    assert now_of(story, "created", make_lead(above))["count"] == 2


def test_ones_own_problem_is_not_counted_by_oneself(story):
    make_ticket(team=story.alpha, requester=story.lead, now=MONDAY)
    assert now_of(story, "created", story.lead)["count"] == 2


@pytest.mark.parametrize("name", MEASURES)
@pytest.mark.parametrize("dimension", ["team", "person", "module", "severity", "organization"])
def test_the_parts_make_the_whole(story, name, dimension):
    whole = now_of(story, name)
    parts = by_dimension(name, dimension, story.seen(), story.span())
    for key in whole:
        if isinstance(whole[key], int):
            assert sum(part[key] for part in parts.values()) == whole[key]
    for key, part in parts.items():
        narrowed = tickets_in(story.seen(), {dimension: "none" if key is None else str(key)})
        assert now_of(story, name, tickets=narrowed) == part


def test_figures_by_team_person_and_severity(story):
    by_team = by_dimension("answered", "team", story.seen(), story.span())
    assert by_team[story.alpha.pk]["median"] == 45 * MINUTE  # 30 and 60
    assert by_team[story.beta.pk]["count"] == 1
    by_severity = by_dimension("promises", "severity", story.seen(), story.span())
    assert by_severity == {"B": {"kept": 7, "missed": 0}, "S": {"kept": 3, "missed": 1}}
    by_person = by_dimension("reopened", "person", story.seen(), story.span())
    assert by_person[story.tickets["again"].assignee_id] == {"count": 2, "reopened": 1}


@pytest.mark.parametrize("name", MEASURES)
def test_the_days_make_the_whole(story, name):
    whole, span = now_of(story, name), story.span()
    points = series(name, story.seen(), span)
    assert len(points) == len(span.steps) == 7
    for key, value in whole.items():
        if isinstance(value, int):
            assert sum(point[key] for point in points) == value
    assert points[-1] == whole  # everything happened on Monday


def test_a_day_begins_at_midnight_of_the_reader(story):
    make_ticket(team=story.alpha, now=MONDAY - 9 * HOUR)  # 31 May 17:00 UTC is 1 June 01:00 in Shanghai
    days = [point["count"] for point in series("created", story.seen(), story.span())]
    assert days == [0, 0, 0, 0, 0, 0, 5]
    in_utc = last_days(7, now=story.now, zone=ZoneInfo("UTC"))
    assert [point["count"] for point in series("created", story.seen(), in_utc)] == [0, 0, 0, 0, 0, 1, 4]


def test_long_periods_are_cut_into_weeks_that_begin_on_monday(story):
    span = story.span(90)
    assert all(step.weekday() == 0 for step in span.steps)
    points = series("created", story.seen(), span)
    assert len(points) == len(span.steps)
    assert (points[-1]["count"], sum(point["count"] for point in points)) == (4, 4)


def test_the_period_before_is_as_long_and_ends_at_the_same_time_of_day(story):
    week = timedelta(days=7)
    make_ticket(team=story.alpha, now=story.now - week - MINUTE)  # counted before
    make_ticket(team=story.alpha, now=story.now - week + MINUTE)  # after the cut: in neither
    make_ticket(team=story.alpha, now=story.now - 2 * week - MINUTE)  # after the first midnight of the one before
    make_ticket(team=story.alpha, now=story.now - timedelta(days=13) - 16 * HOUR)  # before it
    now, before = totals("created", story.seen(), story.span())
    assert (now["count"], before["count"]) == (4, 1)


def test_behind_every_figure_are_exactly_its_rows(story):
    sizes = {
        name: listing(name, story.seen(), story.span(), now=story.now, narrow={}).count() for name in [*BEHIND, "open"]
    }
    assert sizes == {
        "created": 4,
        "created-open": 2,
        "answered": 3,
        "resolved": 2,
        "promises": 11,
        "missed": 1,
        "first-contact": 1,
        "not-first-contact": 2,
        "reopened": 1,
        "answers": 2,
        "unsolved": 1,
        "open": 2,
    }
    assert set(sizes) == set(TITLES)
    lines = listing("reopened", story.seen(), story.span(), now=story.now, narrow={}).all(10)
    assert [line.ticket.number for line in lines] == [story.tickets["again"].number]


def test_a_customer_has_no_figures(story):
    assert story.seen(make_customer()).count() == 0
    assert Ticket.objects.count() == 4


def test_a_merged_duplicate_is_no_ticket_of_its_own_but_its_misses_stay(story):
    """Merged two hours late: it came and was solved with the other one; that nobody answered it in time is a fact."""
    target = story.tickets["open"]
    before = {name: now_of(story, name) for name in ("created", "resolved", "promises", "answered", "reopened")}
    fields = {"requester": target.requester, "assignee": target.assignee, "team": target.team}
    double = make_ticket(severity="S", now=MONDAY + 3 * HOUR, **fields)
    merge_ticket(ticket=double, into=target, actor=story.lead, words="Both go on here", now=MONDAY + 5 * HOUR - MINUTE)
    now = {name: now_of(story, name) for name in before}
    assert {name: now[name] for name in ("created", "resolved", "reopened")} == {
        name: before[name] for name in ("created", "resolved", "reopened")
    }
    assert now["answered"]["count"] == before["answered"]["count"] + 2  # both waited for these words
    assert now["promises"]["missed"] > before["promises"]["missed"]
    assert backlog(story.seen(), now=story.now).total == 2
    assert listing("created", story.seen(), story.span(), now=story.now, narrow={}).count() == 4
