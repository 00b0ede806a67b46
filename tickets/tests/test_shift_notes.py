"""Hand-over notes: who writes and reads them, what the draft says, and where they stand until they are read."""

from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.urls import reverse
from django.utils.translation import override

from accounts.tests.factories import TeamFactory, make_administrator, make_agent, make_customer, make_lead, make_manager
from outbox import clock
from tickets.models import ShiftNote, Ticket
from tickets.selectors import shift_notes as selectors
from tickets.selectors.shift_draft import draft
from tickets.services.shift_notes import MOST_BODY, mark_read, write_note
from tickets.tests.factories import make_ticket
from tickets.views.shift_notes import top

pytestmark = pytest.mark.django_db
HTMX = {"headers": {"HX-Request": "true"}}


@pytest.fixture
def team():
    return TeamFactory()


@pytest.fixture
def agent(team):
    return make_agent(team, name="Wang Wei")


@pytest.fixture
def colleague(team):
    return make_agent(team, name="Chen Yu")


def test_who_works_for_the_team_writes_and_a_named_ticket_says_so(team, agent):
    ticket = make_ticket(team=team, now=clock.now())
    note = write_note(team=team, actor=agent, body=" All calm. ", numbers=[ticket.number.lower()])
    assert note.body == "All calm."
    assert list(note.tickets.all()) == [ticket]
    event = ticket.events.get(code="ticket.shift_note")
    assert (event.actor, event.data) == (agent, {"team": team.pk, "note": note.pk})
    assert write_note(team=team, actor=make_lead(team), body="x").tickets.count() == 0
    for stranger in (make_agent(TeamFactory()), make_customer(), make_manager()):
        with pytest.raises(PermissionDenied):
            write_note(team=team, actor=stranger, body="x")


def test_what_is_refused_leaves_nothing(team, agent):
    foreign = make_ticket(team=TeamFactory(), now=clock.now())
    for said, field in (
        ({"body": " "}, "body"),
        ({"body": "x" * (MOST_BODY + 1)}, "body"),
        ({"body": "x", "numbers": [foreign.number]}, "tickets"),
        ({"body": "x", "numbers": [f"T{n}" for n in range(31)]}, "tickets"),
    ):
        with pytest.raises(ValidationError) as refusal:
            write_note(team=team, actor=agent, **said)
        assert field in refusal.value.message_dict
    assert not ShiftNote.objects.exists()
    assert not foreign.events.filter(code="ticket.shift_note").exists()


def test_it_is_unread_for_the_team_until_each_has_read_it_or_days_passed(team, agent, colleague):
    now = clock.now()
    note = write_note(team=team, actor=agent, body="Watch the disk.", now=now)

    def waits_for(person, at=now):
        return [one.pk for one in selectors.unread(user=person, now=at)] == [note.pk]

    assert not waits_for(agent)
    assert waits_for(colleague)
    assert not waits_for(make_agent(TeamFactory()))
    assert not waits_for(colleague, now + selectors.FRESH_FOR)
    mark_read(note=note, actor=colleague, now=now)
    mark_read(note=note, actor=colleague, now=now + timedelta(hours=1))
    mark_read(note=note, actor=agent, now=now)
    assert not waits_for(colleague)
    assert [(one.user, one.read_at) for one in note.readings.all()] == [(colleague, now)]


def test_the_draft_names_what_is_grave_what_was_missed_and_what_waits(team, agent):
    now = clock.now()
    grave = make_ticket(team=team, severity="S", assignee=agent, now=now, subject="Nothing *ships*")
    calm = make_ticket(team=team, assignee=agent, now=now)
    waits = make_ticket(team=team, assignee=agent, now=now)
    Ticket.objects.filter(pk=waits.pk).update(status="pending")
    foreign = make_ticket(team=TeamFactory(), severity="S", now=now)
    with override("en"):
        facts = draft(user=agent, team=team, now=now)
    assert facts.numbers == [grave.number]
    assert f"### Open S and A\n\n- {grave.number} (S) Nothing \\*ships\\* · next deadline" in facts.body
    assert "Wang Wei" in facts.body
    assert f"{waits.number} (B)" in facts.body.partition("### Waiting")[2]
    assert calm.number not in facts.body
    assert foreign.number not in facts.body
    assert draft(user=agent, team=TeamFactory(), now=now).numbers == []


def test_the_draft_comes_filled_and_what_is_sent_stands_above_the_queue_and_on_the_board(
    client, team, agent, colleague
):
    ticket = make_ticket(team=team, severity="A", assignee=agent, now=clock.now())
    client.force_login(agent)
    address = reverse("workspace:board_note_write", args=[team.pk])
    assert ticket.number in client.get(address).context["form"].initial["tickets"]
    assert "<html" not in client.get(address, **HTMX).text
    assert client.post(address, {"body": "", "tickets": ""}, **HTMX).status_code == 422
    answer = client.post(address, {"body": "**Watch** the disk <b>", "tickets": f"{ticket.number}，"})
    assert answer.status_code == 302
    client.force_login(colleague)
    above = reverse("workspace:above_queue")
    assert above in client.get("/desk/").text, "fetched once the queue stands"
    queue = client.get(above).text
    assert "<strong>Watch</strong> the disk &lt;b&gt;" in queue
    note = ShiftNote.objects.get()
    client.post(reverse("workspace:board_note_read", args=[note.pk]), {"from": "queue"})
    assert "Watch" not in client.get(above).text
    board = client.get("/desk/board/", {"team": team.pk}).text
    assert "<strong>Watch</strong>" in board
    assert "Chen Yu" in board.partition("Read by")[2]


def test_a_pinned_ticket_is_named_only_to_who_sees_it(client, team, agent, colleague):
    ticket = make_ticket(team=team, now=clock.now())
    write_note(team=team, actor=agent, body="x", numbers=[ticket.number])
    assert selectors.latest(user=colleague, team=team).numbers == [ticket.number]
    Ticket.objects.filter(pk=ticket.pk).update(team=TeamFactory(), assignee=None)
    assert selectors.latest(user=colleague, team=team).numbers == []
    assert selectors.latest(user=make_administrator(), team=team).numbers == [ticket.number]


def test_past_notes_come_page_by_page_in_a_constant_number_of_queries(
    client, team, agent, colleague, django_assert_max_num_queries
):
    client.force_login(colleague)
    address = reverse("workspace:board_notes", args=[team.pk])
    write_note(team=team, actor=agent, body="first")
    client.get(address)
    with django_assert_max_num_queries(15) as few:
        client.get(address)
    for number in range(selectors.PAGE):
        mark_read(note=write_note(team=team, actor=agent, body=f"n{number}"), actor=colleague, now=clock.now())
    with django_assert_max_num_queries(len(few)):
        page = client.get(address).context["page"]
    assert len(page.rows) == selectors.PAGE
    rest = client.get(address, {"after": page.after}).context["page"]
    assert [note.body for note in rest.rows] == ["first"]
    assert rest.after == 0
    assert client.get(address, {"after": "9" * 30}).status_code == 200
    client.force_login(make_agent(TeamFactory()))
    assert client.get(address).status_code == 404


def test_the_place_above_the_queue_costs_two_queries_and_one_when_there_are_notes(
    team, agent, colleague, django_assert_num_queries
):
    assert colleague.may("ticket.work")  # reads the roles, as the page did before
    with django_assert_num_queries(2):
        assert top(colleague)["unread_notes"] == []
    for _each in range(3):
        write_note(team=team, actor=agent, body="x", numbers=[make_ticket(team=team, now=clock.now()).number])
    with django_assert_num_queries(3):
        assert len(top(colleague)["unread_notes"]) == 3
