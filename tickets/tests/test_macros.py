"""Macros: an answer and what is done beside it, all of it or nothing."""

import re

import pytest
from django.core.exceptions import ValidationError
from django.urls import reverse

from accounts.tests.factories import TeamFactory, make_agent, make_customer
from outbox import clock
from tickets.models import CannedAnswer, TicketEvent
from tickets.services.canned import save_canned
from tickets.services.locking import StaleTicket
from tickets.services.macros import run_macro
from tickets.tests.factories import make_ticket
from tickets.tests.test_queue_page import signed_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def team():
    return TeamFactory()


@pytest.fixture
def agent(team):
    return make_agent(team)


@pytest.fixture
def ticket(team):
    return make_ticket(team=team, now=clock.now(), requester=make_customer(name="Xu Jiahe"), language="en")


def macro(actor, **fields) -> CannedAnswer:
    text = {
        "name": "要日志",
        "name_en": "Ask for logs",
        "shortcut": "logs",
        "text_zh": "",
        "text_en": "Hi {{ customer }}",
    }
    return save_canned(
        actor=actor, **(text | {"status": "pending", "tags": ["logs", " logs "], "takes": True} | fields)
    )


def test_one_press_answers_moves_tags_and_takes(ticket, agent):
    client, made = signed_in(agent), macro(agent)
    address = reverse("workspace:macro", args=[ticket.number])
    dialog = client.get(address, {"macro": made.pk}).content.decode()
    assert "Hi Xu Jiahe" in dialog and "tags: logs" in dialog
    client.post(address, {"macro": made.pk, "body": "Hi Xu Jiahe, the log of today, please."})
    ticket.refresh_from_db()
    assert (ticket.status, ticket.assignee) == ("pending", agent)
    assert [tag.name for tag in ticket.tags.all()] == ["logs"]
    assert ticket.messages.filter(kind="public").get().body == "Hi Xu Jiahe, the log of today, please."
    page = client.get(reverse("workspace:timeline", args=[ticket.number])).content.decode()
    assert "ran the macro “Ask for logs”" in page


def test_what_is_refused_leaves_nothing_behind(ticket, agent):
    too_many = macro(agent, tags=[f"t{n}" for n in range(12)])
    ticket.tags.create(name="one more")
    with pytest.raises(ValidationError):
        run_macro(ticket=ticket, actor=agent, macro=too_many, body="Hi")
    ticket.refresh_from_db()
    assert ticket.status == "new" and not ticket.messages.filter(kind="public").exists()
    assert not TicketEvent.objects.filter(ticket=ticket, code="ticket.macro").exists()


def test_a_ticket_that_changed_meanwhile_is_not_answered_over(ticket, agent):
    with pytest.raises(StaleTicket):
        run_macro(ticket=ticket, actor=agent, macro=macro(agent), body="Hi", revision=ticket.revision + 1)


def test_the_dialog_that_is_sent_twice_answers_once(ticket, agent):
    client, made = signed_in(agent), macro(agent, status="", tags=[])
    address = reverse("workspace:macro", args=[ticket.number])
    dialog = client.get(address, {"macro": made.pk}).content.decode()
    said = {"macro": made.pk, "body": "Hi", "revision": re.search(r'name="revision" value="(\d+)"', dialog)[1]}
    assert [client.post(address, said).status_code for _press in range(2)] == [302, 422]
    assert ticket.messages.filter(kind="public").count() == 1


def test_a_macro_that_takes_nothing_leaves_the_ticket_to_its_queue(ticket, agent):
    run_macro(ticket=ticket, actor=agent, macro=macro(agent, takes=False), body="Hi")
    ticket.refresh_from_db()
    assert ticket.assignee is None


def test_the_menu_offers_ones_own_and_shared_ones_that_do_something(ticket, team, agent):
    macro(agent)
    macro(agent, shortcut="plain", name_en="Plain words", status="", tags=[], takes=False)
    macro(make_agent(team), name_en="Somebody else's")
    menu = signed_in(agent).get(reverse("workspace:macros", args=[ticket.number])).content.decode()
    assert "Ask for logs" in menu and "Plain words" not in menu and "Somebody else" not in menu


def test_somebody_elses_macro_cannot_be_run(ticket, team, agent):
    foreign = macro(make_agent(team))
    address = reverse("workspace:macro", args=[ticket.number])
    assert signed_in(agent).post(address, {"macro": foreign.pk, "body": "Hi"}).status_code == 422


def test_the_page_of_canned_answers_writes_macros(agent):
    client = signed_in(agent)
    said = {
        "name": "n",
        "shortcut": "s",
        "text_en": "Hello",
        "status": "pending",
        "tags": "logs，urgent",
        "takes": "on",
    }
    client.post(reverse("workspace:canned"), said)
    made = CannedAnswer.objects.get()
    assert (made.status, made.tags, made.takes, made.is_macro) == ("pending", ["logs", "urgent"], True, True)
    assert 'value="logs, urgent"' in client.get(reverse("workspace:canned-edit", args=[made.pk])).content.decode()
    assert client.post(reverse("workspace:canned"), said | {"shortcut": "t", "status": "resolved"}).status_code == 422
