"""The same sending by two hands at once: browsers try again while the first try still runs."""

import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection

from accounts.tests.factories import TeamFactory, make_agent
from intake.chat.models import ChatConversation, ChatWidget
from intake.chat.services import Opening, begin, end, say
from outbox import clock
from tickets.models import Message, Ticket

pytestmark = pytest.mark.django_db(transaction=True)


def _at_once(times, run):
    def once(_number):
        try:
            return run()
        finally:
            connection.close()

    with ThreadPoolExecutor(times) as pool:
        return list(pool.map(once, range(times)))


@pytest.fixture
def opening():
    team = TeamFactory()
    make_agent(team)
    widget = ChatWidget.objects.create(name="Site", team=team)
    return Opening(widget=widget, secret="s" * 43, name="Ann", words="It stands", key=uuid.uuid4(), language="en")


def test_begin_one_conversation(opening):
    found = _at_once(6, lambda: begin(opening=opening, now=clock.now()).pk)
    assert len(set(found)) == 1 and Ticket.objects.count() == 1 and ChatConversation.objects.count() == 1


def test_say_one_message(opening):
    chat, key = begin(opening=opening, now=clock.now()), uuid.uuid4()
    found = _at_once(6, lambda: say(conversation=chat, words="Hello?", key=key, now=clock.now()).pk)
    assert len(set(found)) == 1 and Message.objects.filter(body="Hello?").count() == 1


def test_end_once(opening):
    chat = begin(opening=opening, now=clock.now())
    _at_once(4, lambda: end(conversation=chat, now=clock.now()))
    assert chat.ticket.events.filter(code="ticket.chat.ended").count() == 1
