"""The progress update every two hours: who is reminded, what the draft may say, what keeps the promise."""

from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from accounts.tests.factories import TeamFactory, make_agent, make_lead
from outbox import clock as database_clock
from outbox.models import Delivery, Intent
from outbox.resolving import resolve_due
from tickets.models import Message
from tickets.selectors.ticket_page import panels
from tickets.services import assigning, conversation, escalation, lead, moves
from tickets.tests.factories import MONDAY, make_ticket
from tickets.tests.test_queue_page import signed_in

pytestmark = pytest.mark.django_db
MINUTE = timedelta(minutes=1)
DUE = 90  # minutes after which the agent of S is reminded: three quarters of two hours


@pytest.fixture
def team():
    return TeamFactory()


@pytest.fixture
def boss(team):
    return make_lead(team, name="Chen Jing")


@pytest.fixture
def agent(team, boss):
    return make_agent(team, name="Li Na")


@pytest.fixture
def ticket(team, agent):
    """Of S, in English, answered as it came."""
    row = make_ticket(team=team, severity="S", language="en", assignee=agent)
    conversation.reply(ticket=row, actor=agent, body="We look at it.", now=MONDAY)
    return row


@pytest.fixture
def at(monkeypatch):
    return lambda minutes: monkeypatch.setattr(database_clock, "now", lambda: MONDAY + minutes * MINUTE)


def note(ticket, agent, minutes, body="The index was rebuilt", **more):
    conversation.add_note(ticket=ticket, actor=agent, body=body, now=MONDAY + minutes * MINUTE, **more)


def draft(ticket, agent, minutes):
    ticket.refresh_from_db()
    return panels(ticket=ticket, user=agent, now=MONDAY + minutes * MINUTE)["update"]


def updates(ticket) -> list[str]:
    return list(ticket.clocks.filter(metric="progress_update").order_by("cycle").values_list("state", flat=True))


def told(kind: str) -> set[str]:
    return set(Delivery.objects.filter(intent__kind=kind).values_list("user__name", flat=True))


def test_the_agent_is_reminded_and_the_lead_is_left_alone(ticket, at):
    at(DUE)
    escalation.sweep()
    resolve_due(now=MONDAY + DUE * MINUTE)
    assert told("ticket.progress_due") == {"Li Na"}
    about = {intent.payload["clock"] for intent in Intent.objects.filter(kind="ticket.warning")}
    assert ticket.clocks.get(metric="progress_update", state="running").pk not in about


def test_a_ticket_of_nobody_reminds_the_lead(team, boss, at):
    make_ticket(team=team, severity="S")
    at(DUE)
    escalation.sweep()
    resolve_due(now=MONDAY + DUE * MINUTE)
    assert told("ticket.progress_due") == {"Chen Jing"}


def test_the_draft_comes_with_the_reminder(ticket, agent):
    note(ticket, agent, 10, shareable=True)
    assert draft(ticket, agent, DUE - 1) is None
    assert "The index was rebuilt" in draft(ticket, agent, DUE).text


def test_the_draft_tells_what_happened_and_nothing_that_stays_inside(ticket, agent, boss, team):
    other = make_agent(team, name="Wu Di")
    helper = make_agent(TeamFactory(), name="Secret Helper")
    note(ticket, agent, 5, "SECRET cause")
    note(ticket, agent, 6, shareable=True)
    lead.call_in(ticket=ticket, people=[helper], actor=agent, now=MONDAY + 7 * MINUTE)
    hold = {"status": "on_hold", "reason": "SECRET vendor"}
    moves.set_status(ticket=ticket, actor=agent, **hold, now=MONDAY + 8 * MINUTE)
    moves.set_status(ticket=ticket, actor=agent, status="open", now=MONDAY + 9 * MINUTE)
    assigning.assign(ticket=ticket, actor=boss, assignee=other, now=MONDAY + 10 * MINUTE)
    text = draft(ticket, agent, 110).text
    for line in ("Wu Di works on it now", "Colleagues from other departments", "The index was rebuilt", "2 hours"):
        assert line in text
    for inside in ("SECRET", "Secret Helper"):
        assert inside not in text


def test_the_draft_speaks_the_language_of_the_ticket(team, agent):
    ticket = make_ticket(team=team, severity="S", language="zh-hans", assignee=agent)
    note(ticket, agent, 5, "索引已重建", shareable=True)
    text = draft(ticket, agent, DUE).text
    assert "索引已重建" in text
    assert "hear from us" not in text


def test_what_was_told_is_not_told_again(ticket, agent):
    note(ticket, agent, 5, shareable=True)
    conversation.reply(ticket=ticket, actor=agent, body="Rebuilt.", now=MONDAY + 20 * MINUTE)
    assert draft(ticket, agent, 20 + DUE).text == ""


def test_nothing_that_happened_makes_no_draft(ticket, agent):
    found = draft(ticket, agent, DUE)
    assert (found.text, found.missed) == ("", False)
    assert "A sentence on what you are doing" in page(ticket, agent, DUE)


def page(ticket, agent, minutes) -> str:
    from unittest.mock import patch

    client = signed_in(agent)
    client.cookies["django_language"] = "en"
    with patch.object(database_clock, "now", lambda: MONDAY + minutes * MINUTE):
        return client.get(f"/desk/tickets/{ticket.number}/").text


def test_a_missed_one_offers_its_draft_at_once(ticket, agent, at):
    note(ticket, agent, 5, shareable=True)
    at(121)
    escalation.sweep()
    found = draft(ticket, agent, 122)
    assert found.missed
    assert "The index was rebuilt" in found.text


@pytest.mark.parametrize("wait", ["pending", "on_hold"])
def test_who_waits_is_not_reminded(ticket, agent, wait, at):
    if wait == "pending":
        conversation.reply(ticket=ticket, actor=agent, body="Logs?", status=wait, now=MONDAY + MINUTE)
    else:
        moves.set_status(ticket=ticket, actor=agent, status=wait, reason="vendor", now=MONDAY + MINUTE)
    at(DUE + 10)
    escalation.sweep()
    assert not Intent.objects.filter(kind="ticket.progress_due").exists()
    assert draft(ticket, agent, DUE + 10) is None


def test_one_press_sends_the_draft_and_keeps_the_promise(ticket, agent, monkeypatch):
    note(ticket, agent, 5, shareable=True)
    found = draft(ticket, agent, DUE)
    monkeypatch.setattr(database_clock, "now", lambda: MONDAY + DUE * MINUTE)
    shown = page(ticket, agent, DUE)
    assert "Send as it is" in shown
    fields = {"kind": "public", "body": found.text, "marks": found.marks, "revision": ticket.revision, "seen": 0}
    signed_in(agent).post(f"/desk/tickets/{ticket.number}/messages/", fields)
    message = Message.objects.latest("pk")
    assert (message.kind, message.body, message.marks) == ("public", found.text, ["progress"])
    assert updates(ticket) == ["met", "met", "running"]


def test_the_same_words_again_are_no_news_but_an_answer(ticket, agent):
    """No gaming (design.md): the customer reads nothing new, so the promise of news is not kept by it."""
    conversation.reply(ticket=ticket, actor=agent, body="  We look at it. ", now=MONDAY + 60 * MINUTE)
    assert updates(ticket) == ["met", "running"]
    conversation.reply(ticket=ticket, actor=agent, body="The disk is full.", now=MONDAY + 61 * MINUTE)
    assert updates(ticket) == ["met", "met", "running"]


def test_a_note_alone_is_marked_as_shareable(ticket, agent):
    with pytest.raises(IntegrityError), transaction.atomic():
        Message.objects.filter(kind="public").update(shareable=True)
    path = f"/api/v1/tickets/{ticket.number}/messages/"
    client = signed_in(agent)
    refused = client.post(path, {"body": "x", "shareable": True}, content_type="application/json")
    assert refused.status_code == 400
    said = {"body": "Rebuilt", "kind": "note", "shareable": True}
    assert client.post(path, said, content_type="application/json").json()["shareable"] is True


def test_the_composer_marks_a_note(ticket, agent):
    fields = {"kind": "note", "body": "Rebuilt", "shareable": "on"}
    signed_in(agent).post(f"/desk/tickets/{ticket.number}/messages/", fields)
    assert Message.objects.get(kind="note").shareable


def test_an_empty_message_is_refused_before_it_could_keep_anything(ticket, agent):
    with pytest.raises(ValidationError):
        conversation.reply(ticket=ticket, actor=agent, body="  ", now=MONDAY + MINUTE)
    assert updates(ticket) == ["met", "running"]
