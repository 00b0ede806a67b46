"""The root cause report: promised with the resolution of S, owed by the house, kept by handing it in."""

from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils.translation import override

from accounts.tests.factories import TeamFactory, make_agent, make_customer, make_lead
from outbox import clock as database_clock
from sla.models import Policy, Target
from tickets.models import CauseReport, Ticket, TicketEvent
from tickets.selectors.escalations import desk
from tickets.services import conversation, escalation, lead, moves
from tickets.services.cause_reports import report_cause
from tickets.tests.factories import MONDAY, make_ticket
from tickets.tests.test_queue_page import signed_in

pytestmark = pytest.mark.django_db
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
PARTS = {"course": "10:00 disk full", "cause": "No alert on the disk", "prevention": "Alert at 80 %, Wu Di, Friday"}


@pytest.fixture
def team():
    return TeamFactory()


@pytest.fixture
def boss(team):
    return make_lead(team)


@pytest.fixture
def agent(team, boss):
    return make_agent(team)


@pytest.fixture
def solved(team, agent):
    """Of S, resolved ten minutes after it came."""
    ticket = make_ticket(team=team, severity="S")
    resolve(ticket, agent, 10)
    return ticket


@pytest.fixture
def at(monkeypatch):
    return lambda instant: monkeypatch.setattr(database_clock, "now", lambda: instant)


def resolve(ticket, agent, minutes):
    found = {"cause": "c", "solution": "s", "verification": "customer"}
    moves.resolve_ticket(ticket=ticket, actor=agent, **found, now=MONDAY + minutes * MINUTE)


def owed(ticket) -> list[tuple]:
    """(cycle, state, hours from Monday to the due instant) of each promise of a report."""
    rows = ticket.clocks.filter(metric="root_cause").order_by("cycle", "revision")
    return [(row.cycle, row.state, (row.due_at - MONDAY) / HOUR) for row in rows]


def hand_in(ticket, agent, hours, **changed):
    return report_cause(ticket=ticket, actor=agent, **{**PARTS, **changed}, now=MONDAY + hours * HOUR)


def test_a_fresh_install_promises_it_for_s_within_48_hours_of_the_resolution(solved):
    assert owed(solved) == [(1, "running", 48 + 10 / 60)]


@pytest.mark.parametrize("severity", ["A", "B"])
def test_other_grades_owe_none_but_may_write_one(team, agent, severity):
    ticket = make_ticket(team=team, severity=severity)
    resolve(ticket, agent, 10)
    assert owed(ticket) == []
    assert hand_in(ticket, agent, 1).cause == PARTS["cause"]


def test_handing_it_in_keeps_the_promise_and_is_on_record(solved, agent):
    hand_in(solved, agent, 47)
    assert owed(solved) == [(1, "met", 48 + 10 / 60)]
    event = TicketEvent.objects.get(ticket=solved, code="ticket.cause_reported")
    assert (event.actor, event.data) == (agent, {"cycle": 1, "again": False})


def test_a_better_one_takes_its_place(solved, agent):
    hand_in(solved, agent, 1)
    hand_in(solved, agent, 2, cause="No owner of the alert")
    assert CauseReport.objects.get().cause == "No owner of the alert"
    events = TicketEvent.objects.filter(ticket=solved, code="ticket.cause_reported")
    assert sorted(events.values_list("data__again", flat=True)) == [False, True]


def test_replies_and_notes_do_not_keep_it(solved, agent):
    conversation.add_note(ticket=solved, actor=agent, body="Report follows", now=MONDAY + HOUR)
    assert owed(solved)[0][1] == "running"


def test_an_open_ticket_and_an_empty_part_are_refused(team, agent, solved):
    fresh = make_ticket(team=team, severity="S")
    with override("en"), pytest.raises(ValidationError, match="resolved"):
        hand_in(fresh, agent, 1)
    with pytest.raises(ValidationError) as refused:
        hand_in(solved, agent, 1, prevention="  ")
    assert set(refused.value.error_dict) == {"prevention"}
    with pytest.raises(IntegrityError), transaction.atomic():
        CauseReport.objects.create(resolution=solved.resolutions.get(), written_at=MONDAY, **{**PARTS, "cause": ""})


def test_a_reopening_takes_the_promise_back_and_the_next_resolution_gives_it_anew(solved, agent):
    moves.refute_solution(ticket=solved, actor=solved.requester, now=MONDAY + HOUR)
    assert owed(solved) == [(1, "cancelled", 48 + 10 / 60)]
    resolve(solved, agent, 120)
    assert owed(solved)[1:] == [(2, "running", 50)]


def test_closing_does_not_end_it(solved, agent):
    moves.confirm_solution(ticket=solved, actor=solved.requester, now=MONDAY + HOUR)
    assert owed(solved)[0][1] == "running"
    hand_in(solved, agent, 2)
    assert owed(solved)[0][1] == "met"


def test_a_missed_one_warns_escalates_and_climbs_until_it_is_handed_in(solved, boss, agent, at):
    at(MONDAY + 37 * HOUR)
    assert escalation.sweep() == 1
    at(MONDAY + 49 * HOUR)
    assert escalation.sweep() == 1
    row = desk(user=boss, now=MONDAY + 49 * HOUR).open.rows[0]
    assert row.ticket == solved
    assert "acknowledge" in row.actions and "take_over" not in row.actions
    at(MONDAY + 49.5 * HOUR)
    escalation.climb()
    assert sorted(solved.escalations.values_list("metric", "level")) == [("root_cause", 1), ("root_cause", 2)]
    hand_in(solved, agent, 50)
    at(MONDAY + 51 * HOUR)
    escalation.climb()
    assert solved.escalations.count() == 2
    assert owed(solved)[0][1] == "missed"
    lead.acknowledge(ticket=solved, actor=boss, now=MONDAY + 52 * HOUR)
    assert Ticket.objects.get(pk=solved.pk).breached_at is None


def test_what_was_missed_before_the_resolution_waits_for_no_lead_after_it(team, boss, agent, at):
    ticket = make_ticket(team=team, severity="S")
    at(MONDAY + 40 * MINUTE)
    escalation.sweep()
    assert desk(user=boss, now=MONDAY + 40 * MINUTE).open.total == 1
    resolve(ticket, agent, 50)
    assert desk(user=boss, now=MONDAY + HOUR).open.total == 0
    at(MONDAY + 2 * HOUR)
    escalation.climb()
    assert set(ticket.escalations.values_list("level", flat=True)) == {1}


def test_a_policy_may_promise_the_resolution_itself(team, agent, at):
    policy = Policy.objects.create(name="solved", position=1, team=team)
    Target.objects.create(policy=policy, metric="resolution", amount=480)
    ticket = make_ticket(team=team, severity="A")
    conversation.reply(
        ticket=ticket, actor=agent, body="Please send logs", status="pending", marks=["workaround"], now=MONDAY + HOUR
    )
    clock = ticket.clocks.get(metric="resolution")
    assert clock.state == "paused"  # only the customer stops it
    conversation.customer_message(ticket=ticket, author=ticket.requester, body="Here", now=MONDAY + 3 * HOUR)
    clock.refresh_from_db()
    assert (clock.state, clock.due_at) == ("running", MONDAY + 10 * HOUR)
    resolve(ticket, agent, 600)
    clock.refresh_from_db()
    assert clock.state == "met"


def test_the_page_takes_it_in_and_shows_it(solved, agent):
    client, address = signed_in(agent), f"/desk/tickets/{solved.number}/report-cause/"
    refused = client.post(address, {**PARTS, "cause": " "})
    assert refused.status_code == 422
    assert PARTS["course"] in refused.text
    assert client.post(address, PARTS).status_code == 302
    text = client.get(f"/desk/tickets/{solved.number}/").text
    assert PARTS["prevention"] in text
    assert signed_in(solved.requester).get(f"/tickets/{solved.number}/").text.count(PARTS["cause"]) == 0


def test_the_program_reads_and_writes_it_and_the_customer_does_not(solved, agent, team):
    path = f"/api/v1/tickets/{solved.number}/cause-report/"
    client = signed_in(agent)
    assert client.get(path).status_code == 404
    assert client.post(path, PARTS, content_type="application/json").status_code == 201
    assert client.get(path).json()["prevention"] == PARTS["prevention"]
    assert signed_in(solved.requester).get(path).status_code in (403, 404)
    assert signed_in(make_customer()).get(path).status_code == 404
    assert signed_in(solved.requester).get(f"/api/v1/tickets/{solved.number}/").json()["next_due_at"] is None
    clocks = signed_in(solved.requester).get(f"/api/v1/tickets/{solved.number}/clocks/").json()
    assert "root_cause" not in {row["metric"] for row in clocks}
