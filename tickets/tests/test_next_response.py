"""The promise to answer each further message of the customer: what starts, meets and moves it, case by case."""

from datetime import timedelta

import pytest

from accounts.tests.factories import TeamFactory, make_agent, make_lead
from outbox import clock as database_clock
from sla.models import Clock, Policy, Target
from tickets.models import Escalation, Ticket, TicketEvent
from tickets.selectors.ticket_page import clocks as clocks_of_page
from tickets.services import conversation, escalation, grades, moves
from tickets.tests.factories import MONDAY, handed_over, make_ticket

pytestmark = pytest.mark.django_db
MINUTE = timedelta(minutes=1)
FOUND = {"cause": "c", "solution": "s", "verification": "customer"}


def promise(team, amount=60, severity="", **more) -> Policy:
    """A policy of ``team`` that promises a first response in 30 minutes and each further one in ``amount``."""
    policy = Policy.objects.create(name="answers", position=1, team=team, severity=severity)
    for metric, minutes in {"first_response": 30, "next_response": amount, **more}.items():
        Target.objects.create(policy=policy, metric=metric, amount=minutes)
    return policy


@pytest.fixture
def team():
    return TeamFactory()


@pytest.fixture
def agent(team):
    make_lead(team)
    return make_agent(team)


@pytest.fixture
def ticket(team, agent):
    """Promised by its own policy, created at 0 and answered at 5 minutes."""
    promise(team)
    row = make_ticket(team=team, severity="A")
    answer(row, agent, 5)
    return row


@pytest.fixture
def at(monkeypatch):
    """Set the database's clock as the sweeps read it."""
    return lambda minutes: monkeypatch.setattr(database_clock, "now", lambda: MONDAY + minutes * MINUTE)


def says(ticket, minutes, body="And now?"):
    """The customer writes."""
    conversation.customer_message(ticket=ticket, author=ticket.requester, body=body, now=MONDAY + minutes * MINUTE)


def answer(ticket, agent, minutes, **more):
    conversation.reply(ticket=ticket, actor=agent, body="So", now=MONDAY + minutes * MINUTE, **more)


def promised(ticket) -> list[tuple]:
    """(cycle, state, minutes from the start to the due instant) of each, in their order."""
    rows = ticket.clocks.filter(metric="next_response").order_by("cycle", "revision")
    return [(row.cycle, row.state, (row.due_at - MONDAY) // MINUTE) for row in rows]


def test_a_fresh_install_promises_none(team, agent):
    row = make_ticket(team=team, severity="A")
    answer(row, agent, 5)
    says(row, 10)
    assert promised(row) == []


def test_the_first_message_is_the_matter_of_the_first_response(team, agent):
    promise(team)
    row = make_ticket(team=team, severity="A")
    says(row, 3)
    assert promised(row) == []
    answer(row, agent, 5)
    assert promised(row) == []
    assert row.clocks.get(metric="first_response").state == "met"


def test_a_message_after_an_answer_starts_it_and_an_answer_meets_it(ticket, agent):
    says(ticket, 10)
    assert promised(ticket) == [(1, "running", 70)]
    answer(ticket, agent, 70)  # at the due instant: in time
    assert promised(ticket) == [(1, "met", 70)]
    event = TicketEvent.objects.get(ticket=ticket, code="clock.met", data__metric="next_response")
    assert event.data["cycle"] == 1


def test_further_messages_do_not_start_it_again_and_the_next_series_is_a_cycle_of_its_own(ticket, agent):
    says(ticket, 10)
    says(ticket, 30)
    assert promised(ticket) == [(1, "running", 70)]
    assert Ticket.objects.get(pk=ticket.pk).waiting_since == MONDAY + 10 * MINUTE
    answer(ticket, agent, 40)
    answer(ticket, agent, 41)
    says(ticket, 50)
    assert promised(ticket) == [(1, "met", 70), (2, "running", 110)]


def test_an_answer_after_the_due_instant_is_a_miss_though_no_sweep_came(ticket, agent):
    says(ticket, 10)
    answer(ticket, agent, 71)
    assert promised(ticket) == [(1, "missed", 70)]
    assert Escalation.objects.get(ticket=ticket).metric == "next_response"


def test_notes_and_automatic_messages_do_not_meet_it(ticket, agent):
    says(ticket, 10)
    conversation.add_note(ticket=ticket, actor=agent, body="looking", now=MONDAY + 11 * MINUTE)
    grades.regrade(ticket=ticket, actor=agent, severity="S", reason="All sites", now=MONDAY + 12 * MINUTE)
    assert [row for row in promised(ticket) if row[1] == "running"] == [(1, "running", 70)]


def test_nothing_pauses_it(ticket, agent):
    """Only a public reply makes a ticket wait for the customer, and that meets it; a hold is no answer."""
    says(ticket, 10)
    moves.set_status(ticket=ticket, actor=agent, status="on_hold", reason="the vendor", now=MONDAY + 15 * MINUTE)
    assert promised(ticket) == [(1, "running", 70)]
    answer(ticket, agent, 20, status="pending")
    assert promised(ticket) == [(1, "met", 70)]
    says(ticket, 100)
    assert promised(ticket)[1:] == [(2, "running", 160)]


def test_it_warns_breaches_and_climbs_as_every_promise(ticket, agent, at):
    says(ticket, 10)
    at(56)
    assert escalation.sweep() == 1
    at(71)
    assert escalation.sweep() == 1
    assert escalation.sweep() == 0
    at(87)
    escalation.climb()
    assert list(ticket.escalations.order_by("level").values_list("metric", "level")) == [
        ("next_response", 1),
        ("next_response", 2),
    ]
    assert promised(ticket) == [(1, "running", 70)]
    answer(ticket, agent, 90)
    says(ticket, 100)
    at(161)
    escalation.sweep()
    assert ticket.escalations.filter(level=1).count() == 2  # each series is a promise of its own


def test_a_regrade_carries_the_time_that_was_waited(team, agent):
    promise(team, 120, severity="B")
    promise(team, 30, severity="S")
    row = make_ticket(team=team, severity="B")
    answer(row, agent, 5)
    says(row, 10)
    grades.regrade(ticket=row, actor=agent, severity="S", reason="All sites", now=MONDAY + 25 * MINUTE)
    assert promised(row) == [(1, "superseded", 130), (1, "running", 40)]
    grades.regrade(ticket=row, actor=agent, severity="B", reason="One site", now=MONDAY + 30 * MINUTE)
    assert promised(row)[2:] == [(1, "running", 130)]
    answer(row, agent, 35)
    assert promised(row)[2:] == [(1, "met", 130)]


def test_a_regrade_that_finds_it_used_up_breaches_at_once(team, agent):
    promise(team, 120, severity="B")
    promise(team, 30, severity="S")
    row = make_ticket(team=team, severity="B")
    answer(row, agent, 5)
    says(row, 10)
    grades.regrade(ticket=row, actor=agent, severity="S", reason="All sites", now=MONDAY + 50 * MINUTE)
    missed = row.clocks.get(metric="next_response", revision=2)
    assert (missed.due_at, missed.breached_at) == (MONDAY + 50 * MINUTE, MONDAY + 50 * MINUTE)


def test_a_team_that_promises_it_takes_over_what_waits_already(team, agent):
    """The message came under a policy without this promise: its wait is carried from the message on."""
    other = TeamFactory()
    make_agent(other)
    promise(other)
    row = make_ticket(team=team, severity="A")
    answer(row, agent, 5)
    says(row, 10)
    handed_over(ticket=row, actor=agent, team=other, now=MONDAY + 30 * MINUTE)
    assert promised(row) == [(1, "running", 70)]


def test_a_team_that_promises_it_owes_nothing_where_nobody_waits(team, agent):
    other = TeamFactory()
    make_agent(other)
    promise(other)
    row = make_ticket(team=team, severity="A")
    answer(row, agent, 5)
    handed_over(ticket=row, actor=agent, team=other, now=MONDAY + 30 * MINUTE)
    assert promised(row) == []


def test_a_wait_that_was_missed_is_not_missed_again_under_another_policy(ticket, agent, team, at):
    lean = TeamFactory()
    make_agent(lean)
    says(ticket, 10)
    at(71)
    escalation.sweep()
    handed_over(ticket=ticket, actor=agent, team=lean, now=MONDAY + 80 * MINUTE)
    handed_over(ticket=ticket, actor=agent, team=team, now=MONDAY + 90 * MINUTE)
    assert promised(ticket) == [(1, "missed", 70)]
    assert Escalation.objects.filter(ticket=ticket, metric="next_response").count() == 1


def test_a_resolution_answers_and_nothing_is_left_running(ticket, agent):
    says(ticket, 10)
    moves.resolve_ticket(ticket=ticket, actor=agent, **FOUND, now=MONDAY + 20 * MINUTE)
    assert promised(ticket) == [(1, "met", 70)]
    assert not Clock.objects.filter(ticket=ticket, ended_at=None).exists()
    assert Ticket.objects.get(pk=ticket.pk).waiting_since is None


@pytest.mark.parametrize("door", ["message", "refuted"])
def test_a_reopening_is_the_matter_of_its_own_first_response(ticket, agent, door):
    moves.resolve_ticket(ticket=ticket, actor=agent, **FOUND, now=MONDAY + 20 * MINUTE)
    if door == "message":
        says(ticket, 30)
    else:
        moves.refute_solution(ticket=ticket, actor=ticket.requester, comment="Still down", now=MONDAY + 30 * MINUTE)
    says(ticket, 35)
    assert promised(ticket) == []
    assert ticket.clocks.get(metric="first_response", cycle=2).due_at == MONDAY + 60 * MINUTE
    answer(ticket, agent, 40)
    says(ticket, 45)
    assert promised(ticket) == [(1, "running", 105)]


def test_a_reopening_without_a_promised_first_response_starts_it(ticket, agent):
    Target.objects.filter(metric="first_response", policy__name="answers").delete()
    moves.resolve_ticket(ticket=ticket, actor=agent, **FOUND, now=MONDAY + 20 * MINUTE)
    says(ticket, 30)
    assert promised(ticket) == [(1, "running", 90)]


def test_it_stands_among_the_deadlines_of_the_page(ticket, agent):
    says(ticket, 10)
    shown = clocks_of_page(ticket=ticket)["open"]
    assert [row.metric for row in shown] == ["next_response"]
