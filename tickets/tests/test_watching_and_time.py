"""Who follows a ticket and is told what; time that was spent, and its corrections."""

from datetime import date, timedelta

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import InternalError, transaction

from accounts.tests.factories import TeamFactory, make_agent, make_lead, make_manager
from outbox import clock
from outbox.models import Delivery
from outbox.resolving import resolve_due
from tickets.models import TimeEntry
from tickets.services import assigning, conversation, time, watching
from tickets.tests.factories import MONDAY, make_ticket
from tickets.tests.test_queue_page import signed_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def team():
    return TeamFactory()


@pytest.fixture
def agent(team):
    return make_agent(team)


@pytest.fixture
def ticket(team, agent):
    return make_ticket(team=team, assignee=agent, now=clock.now())


def address(ticket, action="") -> str:
    return f"/desk/tickets/{ticket.number}/{action}{'/' if action else ''}"


def told(kind) -> list:
    resolve_due(now=clock.now())
    return [row.user for row in Delivery.objects.filter(intent__kind=kind, channel="page")]


def test_who_follows_hears_what_is_said_by_others(ticket, agent, team):
    watcher = make_agent(team)
    client = signed_in(watcher)
    assert "Follow" in client.get(address(ticket)).content.decode()
    client.post(address(ticket, "watch"))
    assert "Do not follow" in client.get(address(ticket)).content.decode()
    conversation.customer_message(ticket=ticket, author=ticket.requester, body="Still broken.")
    conversation.reply(ticket=ticket, actor=watcher, body="We look.")  # one's own words are no news
    assert told("ticket.watched") == [watcher]
    client.post(address(ticket, "unwatch"))
    conversation.customer_message(ticket=ticket, author=ticket.requester, body="And now?")
    assert told("ticket.watched") == [watcher]


def test_colleagues_are_let_in_and_taken_off(ticket, agent):
    outsider = make_agent(TeamFactory())
    assert signed_in(outsider).get(address(ticket)).status_code == 404
    client = signed_in(agent)
    client.post(address(ticket, "add-watchers"), {"people": [outsider.pk]})
    assert told("ticket.watching") == [outsider]
    assert signed_in(outsider).get(address(ticket)).status_code == 200
    client.post(address(ticket, "remove-watcher"), {"part": ticket.participants.get().pk})
    assert signed_in(outsider).get(address(ticket)).status_code == 404
    with pytest.raises(PermissionDenied):
        watching.follow(ticket=ticket, people=[outsider], actor=make_manager())
    with pytest.raises(ValidationError):
        watching.follow(ticket=ticket, people=[ticket.requester], actor=agent)


def test_whoever_had_it_is_told_when_it_is_taken_over(ticket, agent, team):
    lead = make_lead(team)
    assigning.take_over(ticket=ticket, actor=lead)
    assert told("ticket.taken_away") == [agent]
    assert told("ticket.assigned").count(lead) == 0  # who took it knows


def test_time_is_added_summed_and_taken_back(ticket, agent):
    client = signed_in(agent)
    client.post(address(ticket, "log-time"), {"minutes": "50", "day": time.today(agent, clock.now()), "words": "Dump"})
    time.log_time(ticket=ticket, actor=agent, minutes=30)
    assert "80 min" in client.get(address(ticket)).content.decode()
    first = TimeEntry.objects.order_by("pk")[0]
    client.post(address(ticket, "correct-time"), {"entry": first.pk, "minutes": "20"})
    assert "50 min" in client.get(address(ticket)).content.decode()
    assert TimeEntry.objects.count() == 4  # nothing is rewritten
    with pytest.raises(ValidationError):
        time.correct_time(entry=first, actor=agent, minutes=0)
    with pytest.raises(PermissionDenied):
        time.correct_time(entry=TimeEntry.objects.order_by("pk")[1], actor=make_manager(), minutes=0)
    with pytest.raises(InternalError), transaction.atomic():
        TimeEntry.objects.filter(pk=first.pk).update(minutes=1)


@pytest.mark.parametrize(("minutes", "days"), [(0, 0), (1441, 0), (5, 1), (5, -400)])
def test_minutes_of_one_day_that_has_been(ticket, agent, minutes, days):
    day = time.today(agent, clock.now()) + timedelta(days=days)
    with pytest.raises(ValidationError):
        time.log_time(ticket=ticket, actor=agent, minutes=minutes, day=day)


def test_the_day_is_that_of_who_spent_the_time(agent):
    agent.time_zone = "America/Los_Angeles"
    assert time.today(agent, MONDAY) == date(2026, 5, 31)


def test_a_program_logs_and_corrects(ticket, agent):
    client, api = signed_in(agent), f"/api/v1/tickets/{ticket.number}/time/"
    (row,) = client.post(api, {"minutes": 20}, content_type="application/json").json()
    rows = client.post(api, {"minutes": 0, "corrects": row["id"]}, content_type="application/json").json()
    assert [entry["takes_back"] for entry in rows] == [row["id"], None]
    assert client.post(api, {"minutes": 5, "corrects": 1}, content_type="application/json").status_code == 404
