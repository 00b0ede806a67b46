"""«Next»: what matters most, held by one person at a time, put aside with a reason."""

import threading
from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError
from django.db import connections

from accounts.tests.factories import TeamFactory, make_agent, make_manager
from outbox import clock
from tickets.models import PutAside, Ticket, TicketLease
from tickets.selectors.play import lease_of, waiting_for
from tickets.services import conversation, play, urging
from tickets.tests.factories import make_ticket
from tickets.tests.test_queue_page import signed_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def team():
    return TeamFactory()


@pytest.fixture
def agent(team):
    return make_agent(team)


def one(team, assignee=None, **fields):
    ticket = make_ticket(team=team, now=clock.now(), **fields)
    Ticket.objects.filter(pk=ticket.pk).update(assignee=assignee)
    ticket.refresh_from_db()
    return ticket


def order_for(user):
    return list(waiting_for(user=user, now=clock.now()))


def test_ones_own_and_what_nobody_of_the_team_has(agent, team):
    mine, free = one(team, agent), one(team)
    one(team, make_agent(team))
    one(TeamFactory())
    assert set(order_for(agent)) == {mine, free}


def test_breaches_then_deadlines_with_urged_ones_raised_then_severity(agent, team):
    now = clock.now()
    calm, urged, soon, grave, late = (one(team, agent) for _n in range(5))
    due = {calm: 5, urged: 6, soon: 2, grave: 2, late: 9}
    for ticket, hours in due.items():
        Ticket.objects.filter(pk=ticket.pk).update(next_due_at=now + timedelta(hours=hours))
    Ticket.objects.filter(pk=grave.pk).update(severity="S")
    Ticket.objects.filter(pk=late.pk).update(breached_at=now)
    urging.urge(ticket=urged, actor=urged.requester)
    Ticket.objects.filter(pk=urged.pk).update(next_due_at=now + timedelta(hours=6))
    assert order_for(agent) == [late, urged, grave, soon, calm]


def test_what_waits_for_the_customer_needs_nobody(agent, team):
    waiting = one(team, agent)
    conversation.reply(ticket=waiting, actor=agent, body="Which version?", status="pending")
    Ticket.objects.filter(pk=waiting.pk).update(next_due_at=None)
    assert order_for(agent) == []
    assert play.take_next(actor=agent) is None


def test_what_somebody_holds_is_not_offered_until_the_hold_ends(agent, team):
    ticket, colleague, now = one(team), make_agent(team), clock.now()
    assert play.take_next(actor=agent) == ticket
    assert play.take_next(actor=colleague) is None
    with pytest.raises(play.HeldByAnother):
        play.hold(ticket=ticket, actor=colleague)
    play.hold(ticket=ticket, actor=agent, now=now + timedelta(minutes=4))
    assert play.take_next(actor=colleague, now=now + timedelta(minutes=8)) is None, "renewed"
    assert play.take_next(actor=colleague, now=now + timedelta(minutes=10)) == ticket, "ran out"
    assert lease_of(ticket=ticket, now=now + timedelta(minutes=10)).user == colleague


def test_going_on_passes_by_and_lets_go(agent, team):
    first, second = one(team), one(team)
    assert play.take_next(actor=agent) == first
    assert play.take_next(actor=agent) == second
    assert TicketLease.objects.get().ticket == second
    assert play.take_next(actor=agent) is None
    assert not TicketLease.objects.exists()
    later = clock.now() + play.PASSED_BY + timedelta(minutes=1)
    assert play.take_next(actor=agent, now=later) == first


def test_what_is_put_aside_comes_back_after_an_hour_or_when_something_happens(agent, team):
    ticket, colleague, now = one(team, agent), make_agent(team), clock.now()
    play.hold(ticket=ticket, actor=agent)
    play.put_aside(ticket=ticket, actor=agent, reason="too_hard", words="I do not know this module.")
    assert not TicketLease.objects.exists()
    assert order_for(agent) == []
    event = ticket.events.order_by("-id")[0]
    assert (event.code, event.data["reason"]) == ("ticket.put_aside", "too_hard")
    assert ticket.messages.get(pk=event.data["message"]).kind == "note"
    assert list(waiting_for(user=agent, now=now + timedelta(minutes=61))) == [ticket]
    Ticket.objects.filter(pk=ticket.pk).update(assignee=None)
    assert order_for(colleague) == [ticket], "it is put aside by one person only"
    Ticket.objects.filter(pk=ticket.pk).update(breached_at=clock.now())
    assert order_for(agent) == [ticket], "a miss brings it back"


def test_a_message_of_the_customer_brings_it_back(agent, team):
    ticket = one(team, agent)
    conversation.reply(ticket=ticket, actor=agent, body="We look into it.")
    play.put_aside(ticket=ticket, actor=agent, reason="waiting")
    assert order_for(agent) == []
    conversation.customer_message(ticket=ticket, author=ticket.requester, body="Here is the log.")
    assert order_for(agent) == [ticket]


@pytest.mark.parametrize(("reason", "words"), [("other", " "), ("nonsense", ""), ("went_on", "x")])
def test_a_reason_is_needed(agent, team, reason, words):
    with pytest.raises(ValidationError):
        play.put_aside(ticket=one(team, agent), actor=agent, reason=reason, words=words)
    assert not PutAside.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_agents_who_ask_at_once_get_different_tickets():
    team = TeamFactory()
    people = [make_agent(team) for _n in range(4)]
    rows = [one(team) for _n in range(4)]
    gate, got, errors = threading.Barrier(len(people)), [], []

    def ask(person):
        try:
            gate.wait(10)
            got.append(play.take_next(actor=person))
        except Exception as error:  # noqa: BLE001 - told to the main thread, which fails
            errors.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=ask, args=[person]) for person in people]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert not errors
    assert sorted(ticket.pk for ticket in got) == sorted(row.pk for row in rows)
    assert TicketLease.objects.count() == len(people)


# The pages


def test_the_button_opens_the_ticket_and_both_see_who_holds_it(agent, team):
    ticket, client, colleague = one(team), signed_in(agent), make_agent(team)
    answer = client.post("/desk/next/")
    assert answer["Location"] == f"/desk/tickets/{ticket.number}/?next"
    assert "You hold this ticket until" in client.get(answer["Location"]).content.decode()
    seen = signed_in(colleague).get(f"/desk/tickets/{ticket.number}/").content.decode()
    assert f"{agent.name} holds this ticket" in seen
    fragment = signed_in(colleague).post(f"/desk/tickets/{ticket.number}/hold/").content.decode()
    assert f"{agent.name} holds this ticket" in fragment
    client.post(f"/desk/tickets/{ticket.number}/release/")
    assert not TicketLease.objects.exists()


def test_putting_aside_goes_on_to_the_next_one(agent, team):
    first, second, client = one(team), one(team), signed_in(agent)
    client.post("/desk/next/")
    address = f"/desk/tickets/{first.number}/put-aside/"
    assert client.get(address).status_code == 200
    assert client.post(address, {"reason": "other"}).status_code == 422
    answer = client.post(address, {"reason": "not_mine"}, HTTP_HX_REQUEST="true")
    assert answer["HX-Redirect"] == f"/desk/tickets/{second.number}/?next"
    assert client.post(f"/desk/tickets/{second.number}/put-aside/", {"reason": "waiting"})["Location"] == "/desk/next/"
    assert "Nothing needs you now" in client.get("/desk/next/").content.decode()


def test_it_is_for_those_who_work_on_tickets(team):
    ticket, manager = one(team), signed_in(make_manager())
    assert manager.post("/desk/next/").status_code == 404
    assert manager.post(f"/desk/tickets/{ticket.number}/hold/").status_code == 404
