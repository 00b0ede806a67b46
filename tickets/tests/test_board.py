"""The team board: whose team, who is there, how full, what falls due, and handing tickets on."""

import json
from datetime import timedelta

import pytest
from django.conf import settings
from django.urls import reverse

from accounts.models import Absence, Role
from accounts.tests.factories import TeamFactory, make_agent, make_customer, make_lead, make_manager
from outbox import clock
from tickets.models import Ticket
from tickets.selectors.board import COLUMNS, MOST_DUE, STEP
from tickets.services import conversation
from tickets.tests.factories import make_ticket

pytestmark = pytest.mark.django_db
PAGE = "/desk/board/"
MINUTE = timedelta(minutes=1)


@pytest.fixture
def team():
    return TeamFactory()


@pytest.fixture
def agent(team):
    return make_agent(team, name="Wang Wei", capacity=4)


@pytest.fixture
def lead(team, agent):
    return make_lead(team, name="Li Na")


@pytest.fixture
def signed_in(client, lead):
    client.force_login(lead)
    return client


def line_of(client, person):
    return next(line for line in client.get(PAGE).context["board"].lines if line.person == person)


def duty_address(team, person) -> str:
    return reverse("workspace:board_duty", args=[team.pk, person.pk])


def test_who_gets_in(client, team, agent, lead):
    assert client.get(PAGE).status_code == 302
    client.force_login(make_customer())
    assert client.get(PAGE).status_code == 404
    for person in (agent, lead, make_manager()):
        client.force_login(person)
        assert client.get(PAGE, {"team": team.pk}).status_code == 200


def test_another_team_is_not_there(signed_in, team):
    other = TeamFactory()
    stranger = make_agent(other)
    assert signed_in.get(PAGE, {"team": other.pk}).status_code == 404
    assert signed_in.get(PAGE, {"team": "0 or 1"}).status_code == 404
    assert signed_in.post(duty_address(other, stranger), {"on_duty": "0"}).status_code == 404
    assert signed_in.post(duty_address(team, stranger), {"on_duty": "0"}).status_code == 404
    assert signed_in.get(reverse("workspace:board_member", args=[other.pk, stranger.pk])).status_code == 404
    stranger.refresh_from_db()
    assert stranger.on_duty


def test_a_lead_above_chooses_among_the_teams_below(client, team):
    top = TeamFactory()
    team.next_level = top
    team.save(update_fields=["next_level"])
    client.force_login(make_lead(top))
    answer = client.get(PAGE, {"team": team.pk})
    assert answer.context["board"].team == team
    assert str(team.name_en) in answer.text


def test_load_counts_open_tickets_of_every_team(signed_in, team, agent):
    for _each in range(2):
        make_ticket(team=team, assignee=agent, now=clock.now())
    make_ticket(team=TeamFactory(), assignee=agent, now=clock.now())
    line = line_of(signed_in, agent)
    assert (line.load, line.capacity) == (3, 4)
    assert "3 of 4" in signed_in.get(PAGE).text


def test_the_longest_wait_is_of_the_customer_who_spoke_last(signed_in, team, agent):
    now = clock.now()
    answered = make_ticket(team=team, assignee=agent, now=now - 50 * MINUTE)
    conversation.reply(ticket=answered, actor=agent, body="We look at it", now=now - 40 * MINUTE)
    waiting = make_ticket(team=team, assignee=agent, now=now - 30 * MINUTE)
    make_ticket(team=team, assignee=agent, now=now - 20 * MINUTE)
    line = line_of(signed_in, agent)
    assert line.waiting_ticket == waiting
    assert line.waiting_since == now - 30 * MINUTE
    conversation.customer_message(ticket=answered, author=answered.requester, body="And?", now=now - 10 * MINUTE)
    assert line_of(signed_in, agent).waiting_ticket == waiting


def test_the_next_two_hours_in_columns_of_five_minutes(signed_in, team, agent):
    ticket = make_ticket(team=team, severity="S", assignee=agent, now=clock.now())
    board = signed_in.get(PAGE).context["board"]
    line = next(line for line in board.lines if line.person == agent)
    marks = {mark.clock.metric: mark for mark in line.marks}
    for mark in marks.values():
        begins = board.starts[0] + mark.column * STEP
        assert begins <= mark.clock.due_at < begins + STEP
    assert 0 <= marks["first_response"].column < COLUMNS
    assert "resolution" not in marks  # later than in two hours
    assert line.overdue == 0
    text = signed_in.get(PAGE).text
    assert f"board-at-{marks['first_response'].column}" in text
    assert f"{ticket.number}, </span>first response" in text


def test_overdue_tickets_stand_at_the_left_edge_once_each(signed_in, team, agent):
    make_ticket(team=team, severity="S", assignee=agent, now=clock.now() - timedelta(hours=30))
    line = line_of(signed_in, agent)
    assert line.overdue == 1  # more than one promise of it passed
    assert line.late[0].metric == "first_response"
    assert "first_response" not in {mark.clock.metric for mark in line.marks}


def test_many_marks_are_counted_instead_of_drawn(signed_in, team, agent):
    for _each in range(MOST_DUE + 2):
        make_ticket(team=team, severity="S", assignee=agent, now=clock.now())
    line = line_of(signed_in, agent)
    assert len(line.marks_shown) == MOST_DUE
    assert line.marks_more == len(line.marks) - MOST_DUE > 0
    assert f"and {line.marks_more} more" in signed_in.get(PAGE).text


def test_only_who_works_on_tickets_is_a_place_to_drop_one(signed_in, team, agent):
    text = signed_in.get(PAGE).text
    assert f'data-drop="{agent.pk}"' in text
    Role.objects.filter(code="agent").update(permissions=["workspace.enter"])
    assert f'data-drop="{agent.pk}"' not in signed_in.get(PAGE).text


def test_an_assignment_is_undone_while_nobody_changed_it(signed_in, team, agent, lead):
    ticket = make_ticket(team=team, assignee=agent, now=clock.now())
    give, back = (reverse("workspace:board_act", args=[ticket.number, name]) for name in ("reassign", "give-back"))
    asked = {"headers": {"HX-Request": "true"}}
    signed_in.post(give, {"to": f"u{lead.pk}"}, **asked)
    answer = signed_in.post(back, {"held_by": lead.pk, "to": agent.pk}, **asked)
    assert json.loads(answer["HX-Trigger"])["toast"]["kind"] == "success"
    ticket.refresh_from_db()
    assert ticket.assignee == agent
    late = signed_in.post(back, {"held_by": lead.pk, "to": ""}, **asked)  # the agent has it meanwhile
    assert json.loads(late["HX-Trigger"])["toast"]["kind"] == "error"
    ticket.refresh_from_db()
    assert ticket.assignee == agent
    signed_in.post(back, {"held_by": agent.pk, "to": ""}, **asked)
    ticket.refresh_from_db()
    assert ticket.assignee is None


def test_what_somebody_got_meanwhile_is_not_given_away_from_an_old_board(signed_in, team, agent, lead):
    ticket, other = make_ticket(team=team, now=clock.now()), make_agent(team)
    Ticket.objects.filter(pk=ticket.pk).update(assignee=None)
    give = reverse("workspace:board_act", args=[ticket.number, "reassign"])
    assert '<input type="hidden" name="held_by" value="0"' in signed_in.get(give).text
    Ticket.objects.filter(pk=ticket.pk).update(assignee=other)
    answer = signed_in.post(give, {"to": f"u{agent.pk}", "held_by": "0"}, headers={"HX-Request": "true"})
    assert json.loads(answer["HX-Trigger"])["toast"]["kind"] == "error"
    ticket.refresh_from_db()
    assert ticket.assignee == other
    signed_in.post(give, {"to": f"u{agent.pk}", "held_by": other.pk})
    ticket.refresh_from_db()
    assert ticket.assignee == agent


def test_of_each_person_the_customer_who_waits_longest_is_named(signed_in, team, agent):
    rows = [make_ticket(team=team, assignee=agent, now=clock.now() - at * MINUTE) for at in (9, 20, 15)]
    conversation.reply(ticket=rows[1], actor=agent, body="We look at it.")
    line = line_of(signed_in, agent)
    assert (line.waiting_ticket, line.waiting_since) == (rows[2], rows[2].created_at)


def test_who_may_not_assign_sees_no_button_for_it(client, team, agent, lead):
    ticket = make_ticket(team=team, now=clock.now())
    Ticket.objects.filter(pk=ticket.pk).update(assignee=None)
    held = make_ticket(team=team, assignee=lead, now=clock.now())
    Role.objects.filter(code="agent").update(permissions=["workspace.enter", "ticket.view_team", "ticket.work"])
    client.force_login(agent)
    assert reverse("workspace:board_act", args=[ticket.number, "take"]) in client.get(PAGE).text
    assert reverse("workspace:board_act", args=[ticket.number, "reassign"]) not in client.get(PAGE).text
    members = client.get(reverse("workspace:board_member", args=[team.pk, lead.pk])).text
    assert held.number in members
    assert reverse("workspace:board_act", args=[held.number, "reassign"]) not in members


def test_who_is_away_is_not_there(signed_in, team, agent):
    now = clock.now()
    Absence.objects.create(user=agent, starts_at=now - MINUTE, ends_at=now + timedelta(days=2))
    board = signed_in.get(PAGE).context["board"]
    assert board.present == 1  # the lead
    assert board.lines[-1].person == agent


def test_a_lead_switches_duty_and_an_agent_only_their_own(client, team, agent, lead):
    colleague = make_agent(team)
    client.force_login(lead)
    client.post(duty_address(team, agent), {"on_duty": "0"})
    client.post(duty_address(team, agent), {"on_duty": "0"})
    agent.refresh_from_db()
    assert not agent.on_duty
    client.force_login(agent)
    assert client.post(duty_address(team, colleague), {"on_duty": "0"}).status_code == 404
    client.post(duty_address(team, agent), {"on_duty": "1"})
    agent.refresh_from_db()
    colleague.refresh_from_db()
    assert agent.on_duty
    assert colleague.on_duty
    text = client.get(PAGE).text
    assert duty_address(team, agent) in text
    assert duty_address(team, colleague) not in text


def test_unassigned_tickets_are_taken_and_assigned_from_here(client, team, agent, lead):
    ticket = make_ticket(team=team, now=clock.now())
    Ticket.objects.filter(pk=ticket.pk).update(assignee=None)
    client.force_login(agent)
    text = client.get(PAGE).text
    take = reverse("workspace:board_act", args=[ticket.number, "take"])
    assert take in text
    assert "Take over" not in text
    client.post(take)
    ticket.refresh_from_db()
    assert ticket.assignee == agent
    client.force_login(lead)
    refused = client.post(take, follow=True)
    assert "Wang Wei has taken this ticket already." in refused.text
    client.post(reverse("workspace:board_act", args=[ticket.number, "reassign"]), {"to": f"u{lead.pk}"})
    ticket.refresh_from_db()
    assert ticket.assignee == lead


def test_a_members_tickets_are_listed_to_be_handed_on(signed_in, team, agent):
    ticket = make_ticket(team=team, assignee=agent, now=clock.now())
    text = signed_in.get(reverse("workspace:board_member", args=[team.pk, agent.pk])).text
    assert ticket.number in text
    assert reverse("workspace:board_act", args=[ticket.number, "reassign"]) in text


def test_the_live_part_comes_only_when_something_changed(signed_in, team, agent):
    asked = {"headers": {"HX-Request": "true"}}
    first = signed_in.get(PAGE, {"team": team.pk}, **asked)
    assert "<html" not in first.text
    shown = {"team": team.pk, "shown": first.context["board"].fingerprint}
    assert signed_in.get(PAGE, shown, **asked).status_code == 204
    make_ticket(team=team, now=clock.now())
    assert signed_in.get(PAGE, shown, **asked).status_code == 200


def test_queries_do_not_grow_with_people_or_tickets(signed_in, team, agent, django_assert_max_num_queries):
    Ticket.objects.filter(pk=make_ticket(team=team, now=clock.now()).pk).update(assignee=None)
    make_ticket(team=team, assignee=agent, now=clock.now())
    signed_in.get(PAGE)
    with django_assert_max_num_queries(33) as few:
        signed_in.get(PAGE)
    for _each in range(4):
        make_ticket(team=team, assignee=make_agent(team), now=clock.now())
        unassigned = make_ticket(team=team, now=clock.now())
        Ticket.objects.filter(pk=unassigned.pk).update(assignee=None)
    with django_assert_max_num_queries(len(few)):
        board = signed_in.get(PAGE).context["board"]
    assert len(board.lines) == 6
    assert len(board.unassigned) == 5


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_both_languages(signed_in, team, language):
    other = TeamFactory(next_level=team)
    signed_in.cookies[settings.LANGUAGE_COOKIE_NAME] = language
    text = signed_in.get(PAGE).text
    assert f'lang="{language}"' in text
    assert (other.name if language == "zh-hans" else other.name_en) in text
