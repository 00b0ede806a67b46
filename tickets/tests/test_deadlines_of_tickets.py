"""The promises of a fresh install, and what meets, pauses, breaches and climbs them."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError
from django.utils import translation

from accounts.tests.factories import TeamFactory, make_agent, make_customer, make_lead, make_manager
from outbox import clock as database_clock
from outbox.models import Delivery, Intent
from outbox.resolving import resolve_due
from sla.models import Clock, EscalationStep, Policy, Target
from tickets.models import Escalation, Ticket, TicketEvent
from tickets.services import conversation, escalation, grades, lead, moves
from tickets.tests.factories import MONDAY, handed_over, make_ticket

pytestmark = pytest.mark.django_db
MINUTE = timedelta(minutes=1)


@pytest.fixture
def team():
    return TeamFactory()


@pytest.fixture
def agent(team):
    return make_agent(team)


@pytest.fixture
def team_lead(team):
    return make_lead(team)


@pytest.fixture
def at(monkeypatch):
    """Set the database's clock as the sweeps read it."""

    def move(instant):
        monkeypatch.setattr(database_clock, "now", lambda: instant)

    move(MONDAY)
    return move


def clock_of(ticket, metric) -> Clock:
    return Clock.objects.filter(ticket=ticket, metric=metric).latest("cycle", "revision")


@pytest.mark.parametrize(
    ("severity", "promised"),
    [
        ("S", {"first_response": 30, "workaround": 120, "progress_update": 120}),
        ("A", {"first_response": 120, "solution_path": 240, "progress_update": 120}),
        ("B", {"first_response": 240, "progress_report": 24 * 60, "progress_update": 120}),
    ],
)
def test_a_fresh_install_promises_what_the_mission_says(severity, promised, team, agent):
    ticket = make_ticket(team=team, severity=severity)
    found = {c.metric: (c.due_at - c.started_at) // MINUTE for c in ticket.clocks.all()}
    assert ticket.severity == severity
    assert found == promised
    assert all(c.warn_share == Decimal("0.75") for c in ticket.clocks.all())


def test_b_progress_report_is_due_at_the_same_local_time_of_the_next_working_day(team, agent):
    friday_noon = datetime(2026, 9, 30, 4, 0, tzinfo=UTC)  # 12:00 in Shanghai, the eve of National Day
    ticket = make_ticket(team=team, severity="B", now=friday_noon)
    assert clock_of(ticket, "progress_report").due_at == datetime(2026, 10, 8, 4, 0, tzinfo=UTC)


def test_a_public_reply_meets_the_first_response_and_a_note_does_not(team, agent):
    ticket = make_ticket(team=team, severity="S")
    conversation.add_note(ticket=ticket, actor=agent, body="looking", now=MONDAY + MINUTE)
    assert clock_of(ticket, "first_response").state == "running"
    conversation.reply(ticket=ticket, actor=agent, body="We are on it", now=MONDAY + 2 * MINUTE)
    assert clock_of(ticket, "first_response").state == "met"
    assert clock_of(ticket, "workaround").state == "running"
    ticket.refresh_from_db()
    assert ticket.status == "open"
    assert ticket.first_response_at == MONDAY + 2 * MINUTE


def test_marks_meet_their_milestone(team, agent):
    ticket = make_ticket(team=team, severity="S")
    conversation.reply(ticket=ticket, actor=agent, body="Restart it", marks=["workaround"], now=MONDAY + MINUTE)
    assert clock_of(ticket, "workaround").state == "met"


def test_a_reply_at_the_due_instant_is_in_time_and_a_millisecond_later_is_a_breach(team, agent):
    on_time = make_ticket(team=team, severity="S")
    conversation.reply(ticket=on_time, actor=agent, body="Hello", now=MONDAY + 30 * MINUTE)
    assert clock_of(on_time, "first_response").state == "met"
    late = make_ticket(team=team, severity="S")
    conversation.reply(ticket=late, actor=agent, body="Hello", now=MONDAY + 30 * MINUTE + timedelta(milliseconds=1))
    assert clock_of(late, "first_response").state == "missed"
    assert Escalation.objects.filter(ticket=late, level=1).count() == 1


def test_the_sweep_warns_then_breaches_once_and_tells_the_lead(team, agent, team_lead, at):
    ticket = make_ticket(team=team, severity="S")
    at(MONDAY + 23 * MINUTE)
    assert escalation.sweep() == 1
    assert Intent.objects.filter(kind="ticket.warning").count() == 1
    at(MONDAY + 31 * MINUTE)
    assert escalation.sweep() == 1
    assert escalation.sweep() == 0
    assert Escalation.objects.filter(ticket=ticket).count() == 1
    assert Intent.objects.filter(kind="ticket.escalated").count() == 1
    ticket.refresh_from_db()
    assert ticket.breached_at == MONDAY + 31 * MINUTE
    assert ticket.next_due_at == MONDAY + 30 * MINUTE


def test_the_ladder_climbs_after_fifteen_minutes_unless_acknowledged(team, agent, team_lead, at):
    first = make_ticket(team=team, severity="S")
    second = make_ticket(team=team, severity="S")
    at(MONDAY + 31 * MINUTE)
    escalation.sweep()
    lead.acknowledge(ticket=second, actor=team_lead, now=MONDAY + 32 * MINUTE)
    at(MONDAY + 46 * MINUTE)
    escalation.climb()
    assert list(first.escalations.order_by("level").values_list("level", flat=True)) == [1, 2]
    assert list(second.escalations.values_list("level", flat=True)) == [1]
    at(MONDAY + 61 * MINUTE)
    escalation.climb()
    escalation.climb()
    assert list(first.escalations.order_by("level").values_list("level", flat=True)) == [1, 2, 3]


def test_waiting_for_the_customer_pauses_milestones_but_never_the_first_response(team, agent):
    ticket = make_ticket(team=team, severity="A")
    conversation.reply(ticket=ticket, actor=agent, body="Which version?", status="pending", now=MONDAY + 60 * MINUTE)
    path = clock_of(ticket, "solution_path")
    assert path.state == "paused"
    customer = ticket.requester
    conversation.customer_message(ticket=ticket, author=customer, body="4.2", now=MONDAY + 160 * MINUTE)
    path.refresh_from_db()
    assert path.state == "running"
    assert path.due_at == MONDAY + (240 + 100) * MINUTE
    ticket.refresh_from_db()
    assert ticket.status == "open"


def test_regrading_carries_elapsed_time_and_breaches_at_once_what_is_past(team, agent, team_lead):
    ticket = make_ticket(team=team, severity="B")
    grades.regrade(ticket=ticket, actor=agent, severity="S", reason="Everybody is down", now=MONDAY + 45 * MINUTE)
    response = clock_of(ticket, "first_response")
    assert response.revision == 2
    assert (response.due_at, response.breached_at) == (MONDAY + 45 * MINUTE, MONDAY + 45 * MINUTE)
    row = Escalation.objects.get(ticket=ticket)
    assert (row.metric, row.severity, row.created_at) == ("first_response", "S", MONDAY + 45 * MINUTE)
    assert clock_of(ticket, "workaround").due_at == MONDAY + 120 * MINUTE
    assert clock_of(ticket, "progress_report").state == "superseded"


def test_a_promise_is_missed_once_however_often_the_grade_changes(team, agent, team_lead, at):
    """S → A → S after a missed workaround: the miss stays on record, and no second one joins it."""
    ticket = make_ticket(team=team, severity="S")
    conversation.reply(ticket=ticket, actor=agent, body="We look at it", now=MONDAY + MINUTE)
    at(MONDAY + 125 * MINUTE)
    escalation.sweep()
    grades.regrade(ticket=ticket, actor=agent, severity="A", reason="One site", now=MONDAY + 130 * MINUTE)
    grades.regrade(ticket=ticket, actor=agent, severity="S", reason="All sites", now=MONDAY + 135 * MINUTE)
    at(MONDAY + 136 * MINUTE)
    escalation.sweep()
    assert [clock.state for clock in ticket.clocks.filter(metric="workaround")] == ["missed"]
    assert TicketEvent.objects.filter(code="clock.breached", data__metric="workaround").count() == 1
    assert ticket.clocks.get(metric="solution_path").state == "superseded"


def test_the_ladder_is_that_of_the_present_grade_under_a_policy_of_all_grades(team, agent):
    Policy.objects.all().delete()
    policy = Policy.objects.create(name="All", severity="")
    Target.objects.create(policy=policy, metric="first_response", amount=60)
    ticket = make_ticket(team=team, severity="B")
    grades.regrade(ticket=ticket, actor=agent, severity="S", reason="Down", now=MONDAY + MINUTE)
    assert clock_of(ticket, "first_response").severity == "S"
    assert clock_of(ticket, "first_response").due_at == MONDAY + 60 * MINUTE


def test_a_hold_stops_the_progress_updates_and_no_milestone(team, agent):
    ticket = make_ticket(team=team, severity="S")
    conversation.reply(ticket=ticket, actor=agent, body="We look at it", now=MONDAY + MINUTE)
    moves.set_status(ticket=ticket, actor=agent, status="on_hold", reason="the vendor", now=MONDAY + 2 * MINUTE)
    states = dict(ticket.clocks.exclude(state="met").values_list("metric", "state"))
    assert states == {"workaround": "running", "progress_update": "paused"}


def test_a_hold_does_not_lengthen_a_milestone_that_begins_late(team, agent):
    """Grade B promises no milestone here; S does, counted from the beginning with the hold."""
    Target.objects.filter(policy__severity="B", metric="progress_report").delete()
    ticket = make_ticket(team=team, severity="B")
    moves.set_status(ticket=ticket, actor=agent, status="on_hold", reason="the vendor", now=MONDAY + 10 * MINUTE)
    moves.set_status(ticket=ticket, actor=agent, status="open", now=MONDAY + 40 * MINUTE)
    grades.regrade(ticket=ticket, actor=agent, severity="S", reason="Down", now=MONDAY + 45 * MINUTE)
    assert clock_of(ticket, "workaround").due_at == MONDAY + 120 * MINUTE


def test_working_days_are_counted_whole():
    target = Target.objects.get(policy__severity="B", metric="progress_report")
    target.amount = Decimal("0.5")
    with translation.override("en"), pytest.raises(ValidationError, match="counted whole"):
        target.validate_constraints()


def test_who_stood_in_for_the_lead_is_not_asked_again_on_the_next_rung(team, team_lead, at):
    """The lead is away: the deputy hears on the first rung, the team above on the second."""
    above = TeamFactory()
    chief, deputy = make_lead(above), make_lead(team)
    type(team).objects.filter(pk=team.pk).update(lead=team_lead, deputy=deputy, next_level=above)
    type(team_lead).objects.filter(pk=team_lead.pk).update(on_duty=False)
    make_ticket(team=team, severity="S")
    for minutes in (31, 47):
        at(MONDAY + minutes * MINUTE)
        escalation.sweep()
        escalation.climb()
        resolve_due(now=MONDAY + minutes * MINUTE)
    told = Delivery.objects.filter(intent__kind="ticket.escalated", channel="mail").order_by("pk")
    assert list(told.values_list("user", flat=True)) == [deputy.pk, chief.pk]


def test_a_name_left_on_the_teams_row_is_passed_over(team, at):
    """Whom the ladder tells must be able to act; a former lead is not."""
    former, manager = make_agent(team), make_manager()
    type(team).objects.filter(pk=team.pk).update(lead=former)
    make_ticket(team=team, severity="S")
    at(MONDAY + 31 * MINUTE)
    escalation.sweep()
    resolve_due(now=MONDAY + 31 * MINUTE)
    told = Delivery.objects.filter(intent__kind="ticket.escalated", channel="mail")
    assert set(told.values_list("user", flat=True)) == {manager.pk}


def test_severity_down_and_up_again_escalates_once(team, agent, team_lead, at):
    ticket = make_ticket(team=team, severity="S")
    at(MONDAY + 31 * MINUTE)
    escalation.sweep()
    grades.regrade(ticket=ticket, actor=agent, severity="A", reason="Only one site", now=MONDAY + 32 * MINUTE)
    grades.regrade(ticket=ticket, actor=agent, severity="S", reason="All sites", now=MONDAY + 33 * MINUTE)
    at(MONDAY + 34 * MINUTE)
    escalation.sweep()
    assert Escalation.objects.filter(ticket=ticket, metric="first_response").count() == 1


def test_another_grade_does_not_undo_a_miss(team, agent, team_lead, at):
    ticket = make_ticket(team=team, severity="S")
    at(MONDAY + 31 * MINUTE)
    escalation.sweep()
    grades.regrade(ticket=ticket, actor=agent, severity="A", reason="Only one site", now=MONDAY + 32 * MINUTE)
    conversation.reply(ticket=ticket, actor=agent, body="Hello", now=MONDAY + 33 * MINUTE)
    response = clock_of(ticket, "first_response")
    assert (response.severity, response.state, response.breached_at) == ("A", "missed", MONDAY + 31 * MINUTE)
    at(MONDAY + 125 * MINUTE)
    escalation.sweep()
    assert Escalation.objects.filter(ticket=ticket, metric="first_response").count() == 1


def test_missed_progress_updates_are_all_recorded_and_escalate_once_until_acknowledged(team, agent, team_lead, at):
    ticket = make_ticket(team=team, severity="S")
    conversation.reply(ticket=ticket, actor=agent, body="Restart", marks=["workaround"], now=MONDAY + MINUTE)
    for hours in (3, 6, 9):
        at(MONDAY + timedelta(hours=hours))
        escalation.sweep()
    assert Clock.objects.filter(ticket=ticket, metric="progress_update", state="missed").count() == 3
    assert Escalation.objects.filter(ticket=ticket, metric="progress_update", level=1).count() == 1
    lead.acknowledge(ticket=ticket, actor=team_lead, now=MONDAY + timedelta(hours=9, minutes=1))
    at(MONDAY + timedelta(hours=12))
    escalation.sweep()
    assert Escalation.objects.filter(ticket=ticket, metric="progress_update", level=1).count() == 2


def test_reopening_is_a_new_cycle_and_never_an_instant_breach(team, agent, at):
    ticket = make_ticket(team=team, severity="S")
    moves.resolve_ticket(
        ticket=ticket, actor=agent, cause="Full disk", solution="Cleaned", verification="customer", now=MONDAY + MINUTE
    )
    assert Clock.objects.get(ticket=ticket, ended_at=None).metric == "root_cause"
    later = MONDAY + timedelta(days=1)
    moves.refute_solution(ticket=ticket, actor=ticket.requester, comment="Still down", now=later)
    response = clock_of(ticket, "first_response")
    assert (response.cycle, response.state, response.due_at) == (2, "running", later + 30 * MINUTE)
    at(later)
    assert escalation.sweep() == 0


def test_silence_closes_after_three_working_days(team, agent, at):
    ticket = make_ticket(team=team, severity="B")
    moves.resolve_ticket(
        ticket=ticket, actor=agent, cause="Setting", solution="Changed it", verification="customer", now=MONDAY
    )
    at(MONDAY + timedelta(days=3) - MINUTE)
    assert moves.close_silent() == 0
    at(MONDAY + timedelta(days=3))
    assert moves.close_silent() == 1
    assert moves.close_silent() == 0
    assert Ticket.objects.get(pk=ticket.pk).status == "closed"


def test_events_refuse_update_delete_and_truncate(team, agent):
    from django.db import connection, transaction
    from django.db.utils import InternalError

    make_ticket(team=team)
    for statement in ("UPDATE {} SET code = 'x'", "DELETE FROM {}", "TRUNCATE {}"):
        with pytest.raises(InternalError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement.format(TicketEvent._meta.db_table))


def test_an_answer_of_a_customer_after_two_weeks_starts_a_linked_ticket(team, agent):
    customer = make_customer()
    ticket = make_ticket(team=team, requester=customer)
    moves.resolve_ticket(ticket=ticket, actor=agent, cause="c", solution="s", verification="customer", now=MONDAY)
    moves.confirm_solution(ticket=ticket, actor=customer, now=MONDAY + MINUTE)
    message = conversation.customer_message(
        ticket=ticket, author=customer, body="It is back", now=MONDAY + timedelta(days=20)
    )
    assert message.ticket.follow_up_of == ticket
    assert message.ticket.status == "new"


def test_a_missed_update_after_reopening_escalates_though_the_old_round_was_never_acknowledged(
    team, agent, team_lead, at
):
    ticket = make_ticket(team=team, severity="S")
    conversation.reply(ticket=ticket, actor=agent, body="Restart", marks=["workaround"], now=MONDAY + MINUTE)
    at(MONDAY + timedelta(hours=3))
    escalation.sweep()
    found = {"cause": "c", "solution": "s", "verification": "customer"}
    moves.resolve_ticket(ticket=ticket, actor=agent, **found, now=MONDAY + timedelta(hours=4))
    moves.refute_solution(ticket=ticket, actor=ticket.requester, now=MONDAY + timedelta(hours=5))
    conversation.reply(
        ticket=ticket, actor=agent, body="Again", marks=["workaround"], now=MONDAY + timedelta(hours=5, minutes=1)
    )
    at(MONDAY + timedelta(hours=8))
    escalation.sweep()
    assert Escalation.objects.filter(ticket=ticket, metric="progress_update", level=1).count() == 2


def _promise_less(team) -> Policy:
    """A policy of ``team`` that promises a first response and nothing else."""
    policy = Policy.objects.create(name="lean", position=1, team=team)
    Target.objects.create(policy=policy, metric="first_response", amount=600)
    return policy


def test_a_promise_that_a_policy_dropped_comes_back_with_the_policy(team, agent):
    """Moved to a team that promises no milestone and back, the ticket has its milestone again, time carried."""
    lean = TeamFactory()
    make_agent(lean)
    _promise_less(lean)
    ticket = make_ticket(team=team, severity="S")
    handed_over(ticket=ticket, actor=agent, team=lean, now=MONDAY + 10 * MINUTE)
    assert clock_of(ticket, "workaround").state == "superseded"
    handed_over(ticket=ticket, actor=agent, team=team, now=MONDAY + 20 * MINUTE)
    workaround = clock_of(ticket, "workaround")
    assert (workaround.state, workaround.revision, workaround.due_at) == ("running", 2, MONDAY + 120 * MINUTE)
    assert clock_of(ticket, "progress_update").state == "running"


def test_a_promise_that_was_kept_does_not_come_back(team, agent):
    lean = TeamFactory()
    make_agent(lean)
    _promise_less(lean)
    ticket = make_ticket(team=team, severity="S")
    conversation.reply(ticket=ticket, actor=agent, body="Restart", marks=["workaround"], now=MONDAY + MINUTE)
    handed_over(ticket=ticket, actor=agent, team=lean, now=MONDAY + 10 * MINUTE)
    handed_over(ticket=ticket, actor=agent, team=team, now=MONDAY + 20 * MINUTE)
    assert clock_of(ticket, "workaround").state == "met"
    assert clock_of(ticket, "first_response").state == "met"


def test_a_promise_that_comes_while_the_customer_is_waited_for_stands_still(team, agent):
    lean = TeamFactory()
    make_agent(lean)
    _promise_less(lean)
    ticket = make_ticket(team=lean, severity="S")
    conversation.reply(ticket=ticket, actor=agent, body="Which version?", status="pending", now=MONDAY + MINUTE)
    handed_over(ticket=ticket, actor=agent, team=team, now=MONDAY + 30 * MINUTE)
    assert clock_of(ticket, "workaround").state == "paused"
    assert not Clock.objects.filter(ticket=ticket, state="running").exists()


def test_a_missed_milestone_stays_a_miss_when_the_grade_asks_for_another(team, agent, team_lead, at):
    ticket = make_ticket(team=team, severity="S")
    at(MONDAY + timedelta(hours=2, minutes=1))
    escalation.sweep()
    grades.regrade(
        ticket=ticket, actor=agent, severity="A", reason="One site", now=MONDAY + timedelta(hours=2, minutes=5)
    )
    assert clock_of(ticket, "workaround").state == "missed"
    assert clock_of(ticket, "solution_path").state == "running"


def test_what_a_lead_gives_away_is_dealt_with_and_what_the_move_misses_is_new(team, agent, team_lead, at):
    """The tighter promise of the other team breaks in that instant: its lead hears, who had the ticket is asked."""
    other = TeamFactory()
    receiver = make_agent(other)
    team_lead.memberships.create(team=other, role=team_lead.memberships.get().role)
    policy = Policy.objects.create(name="tight", position=1, team=other)
    Target.objects.create(policy=policy, metric="first_response", amount=5)
    ticket = make_ticket(team=team, severity="B", assignee=agent)
    handed_over(ticket=ticket, actor=team_lead, assignee=receiver, team=other, now=MONDAY + 20 * MINUTE)
    rung = Escalation.objects.get(ticket=ticket)
    assert (rung.team, rung.acknowledged_at, rung.missed_by) == (other, None, agent)
    ticket.refresh_from_db()
    assert (ticket.breached_at, ticket.assignee) == (MONDAY + 20 * MINUTE, receiver)


def test_what_waits_for_a_lead_climbs_by_the_ladder_of_the_present_grade(team, agent, at):
    EscalationStep.objects.filter(severity="B", level__gt=1).delete()
    ticket = make_ticket(team=team, severity="B", assignee=agent)
    at(MONDAY + 241 * MINUTE)
    escalation.sweep()
    assert Escalation.objects.get(ticket=ticket, metric="first_response").climbs_at is None
    grades.regrade(ticket=ticket, actor=agent, severity="S", reason="All sites", now=MONDAY + 245 * MINUTE)
    at(MONDAY + 257 * MINUTE)
    escalation.climb()
    second = Escalation.objects.get(ticket=ticket, metric="first_response", level=2)
    assert second.severity == "S"
