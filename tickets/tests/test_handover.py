"""Handing a case to another team with its note: who may, what is kept, who is told, what the receiver answers."""

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError, transaction

from accounts.tests.factories import TeamFactory, make_agent, make_lead
from outbox import clock
from outbox.models import Delivery
from outbox.resolving import resolve_due
from tickets.models import Handover, Participant, Ticket
from tickets.services import assigning, handover, moves
from tickets.tests.factories import handed_over, make_ticket
from tickets.tests.test_queue_page import numbers, signed_in

pytestmark = pytest.mark.django_db
NOTE = {"symptom": "It stands still.", "tried": "Restarted it.", "asked": "Read the dump."}


@pytest.fixture
def team():
    return TeamFactory(name_en="First desk")


@pytest.fixture
def other():
    return TeamFactory(name_en="Second desk")


@pytest.fixture
def giver(team):
    return make_agent(team, name="Li Na")


@pytest.fixture
def receiver(other):
    return make_agent(other, name="Wu Di")


@pytest.fixture
def ticket(team, giver, receiver):
    return make_ticket(team=team, assignee=giver, now=clock.now(), subject="Kafka writes twice")


def address(ticket, action="") -> str:
    return f"/desk/tickets/{ticket.number}/{action}{'/' if action else ''}"


def told(kind) -> list:
    resolve_due(now=clock.now())
    return [row.user for row in Delivery.objects.filter(intent__kind=kind, channel="page")]


def test_a_case_goes_with_its_note_and_is_acknowledged(ticket, giver, receiver, team, other):
    client = signed_in(giver)
    form = client.get(address(ticket, "hand-over")).content.decode()
    assert "Kafka writes twice" in form  # the symptom is known already
    assert client.post(address(ticket, "hand-over"), NOTE | {"to": f"t{other.pk}", "asked": " "}).status_code == 422
    client.post(address(ticket, "hand-over"), NOTE | {"to": f"t{other.pk}"})
    ticket.refresh_from_db()
    assert (ticket.team, ticket.assignee) == (other, receiver)
    assert told("ticket.handed_over") == [receiver]
    # The giver still sees it, waits for the answer, and cannot give it.
    mine = client.get("/desk/?view=handed_over")
    assert numbers(mine) == [ticket.number]
    shown = client.get(address(ticket)).content.decode()
    assert "nobody of Second desk has acknowledged it yet" in shown
    assert "I have understood it" not in shown
    assert client.post(address(ticket, "understand")).status_code == 404
    theirs = signed_in(receiver)
    assert "I have understood it" in theirs.get(address(ticket)).content.decode()
    theirs.post(address(ticket, "understand"))
    row = ticket.handovers.get()
    assert (row.state, row.answered_by, row.from_team, row.to_team) == ("acknowledged", receiver, team, other)
    assert told("ticket.handover.acknowledged") == [giver]
    assert numbers(client.get("/desk/?view=handed_over")) == []
    assert "Read the dump." in theirs.get(address(ticket)).content.decode()  # the note outlives its answer
    history = theirs.get(address(ticket, "timeline")).content.decode()
    assert "handed it over from First desk to Second desk" in history
    assert "has understood the hand-over" in history


def test_asking_back_returns_it_to_the_giver_with_the_question(ticket, giver, receiver, team, other):
    handed_over(ticket=ticket, actor=giver, team=other)
    client = signed_in(receiver)
    assert client.post(address(ticket, "ask-back"), {"question": ""}).status_code == 422
    client.post(address(ticket, "ask-back"), {"question": "Which version?"})
    ticket.refresh_from_db()
    assert (ticket.team, ticket.assignee) == (team, giver)
    assert told("ticket.handover.returned") == [giver]
    assert ticket.messages.filter(kind="note").last().body == "Which version?"
    # Handed over once more, the note begins with what it said.
    form = signed_in(giver).get(address(ticket, "hand-over")).content.decode()
    assert "Restarted it." in form
    with pytest.raises(ValidationError):
        handover.ask_back(ticket=ticket, actor=receiver, question="Again?")


def test_the_clocks_do_not_care(ticket, giver, other):
    before = list(ticket.clocks.order_by("pk").values_list("metric", "due_at", "state"))
    handed_over(ticket=ticket, actor=giver, team=other)
    assert list(ticket.clocks.order_by("pk").values_list("metric", "due_at", "state")) == before


def test_only_the_receiving_side_answers(ticket, giver, receiver, team, other):
    handed_over(ticket=ticket, actor=giver, team=other)
    outsider = make_agent(TeamFactory())
    for person in (giver, outsider):
        with pytest.raises(PermissionDenied):
            handover.acknowledge_handover(ticket=ticket, actor=person)
    handover.acknowledge_handover(ticket=ticket, actor=receiver)
    with pytest.raises(ValidationError):
        handover.acknowledge_handover(ticket=ticket, actor=receiver)


def test_there_is_no_other_way_to_another_team(ticket, giver, team, other):
    with pytest.raises(ValidationError):
        assigning.assign(ticket=ticket, actor=giver, team=other)
    with pytest.raises(ValidationError):
        handed_over(ticket=ticket, actor=giver, team=team)


def test_one_is_open_at_a_time_and_resolving_ends_it(ticket, giver, receiver, team, other):
    first = handed_over(ticket=ticket, actor=giver, team=other)
    third = TeamFactory()
    make_agent(third)
    second = handed_over(ticket=ticket, actor=receiver, team=third)
    first.refresh_from_db()
    assert (first.state, second.state) == ("lapsed", "open")
    copy = {"from_team": team, "to_team": other, "created_at": clock.now(), **NOTE}
    with pytest.raises(IntegrityError), transaction.atomic():
        Handover.objects.create(ticket=ticket, **copy)
    moves.resolve_ticket(ticket=ticket, actor=giver, cause="c", solution="s", verification="customer")
    second.refresh_from_db()
    assert second.state == "lapsed"


def test_a_person_of_the_team_can_be_named(ticket, giver, receiver, other):
    named = make_agent(other, name="Zhao Min")
    signed_in(giver).post(address(ticket, "hand-over"), NOTE | {"to": f"t{other.pk}u{named.pk}"})
    assert Ticket.objects.get(pk=ticket.pk).assignee == named
    assert ticket.handovers.get().to_user == named
    assert Participant.objects.get(ticket=ticket, user=giver).kind == "watcher"


def test_the_board_of_both_teams_shows_what_waits(ticket, giver, team, other):
    handed_over(ticket=ticket, actor=giver, team=other)
    for side in (team, other):
        page = signed_in(make_lead(side)).get(f"/desk/board/?team={side.pk}")
        assert ("Handed over, not acknowledged" in page.content.decode()) == (side == other)
    over_both = make_lead(other)
    assert "Read the dump." in signed_in(over_both).get(f"/desk/board/?team={other.pk}").content.decode()


def test_a_program_hands_over_and_acknowledges(ticket, giver, receiver, other):
    api = f"/api/v1/tickets/{ticket.number}"
    asked = signed_in(giver).post(f"{api}/hand-over/", {"team": other.code}, content_type="application/json")
    assert asked.status_code == 400
    sent = NOTE | {"team": other.code}
    assert (
        signed_in(giver).post(f"{api}/hand-over/", sent, content_type="application/json").json()["team"] == other.code
    )
    assert signed_in(giver).post(f"{api}/acknowledge-hand-over/").status_code == 403
    assert signed_in(receiver).post(f"{api}/acknowledge-hand-over/").status_code == 200
