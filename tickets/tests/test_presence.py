"""Who is on a ticket right now: seen by colleagues, never by customers, gone by itself, and no page needs it."""

from datetime import timedelta

import pytest
from django.conf import settings

from accounts.tests.factories import TeamFactory, make_agent, make_manager
from helpdesk import push_access
from outbox import clock, marks
from tickets.presence import HERE, WRITES, beat, leave, present
from tickets.tests.factories import MONDAY, make_ticket
from tickets.tests.test_queue_page import signed_in

pytestmark = pytest.mark.django_db
SECOND = timedelta(seconds=1)


@pytest.fixture
def team():
    return TeamFactory()


@pytest.fixture
def agent(team):
    return make_agent(team, name="Li Na")


@pytest.fixture
def other(team):
    return make_agent(team, name="Wu Di")


@pytest.fixture
def ticket(team, agent):
    return make_ticket(team=team, assignee=agent, now=clock.now())


def here(ticket) -> str:
    return f"/desk/tickets/{ticket.number}/here/"


def seen(ticket, by, now=MONDAY) -> list[tuple[str, str]]:
    found = present(tickets=[ticket.pk], besides=by, now=now)
    return [(one.user.name, one.writes) for one in found.get(ticket.pk, [])]


def test_marks_run_out_one_by_one(ticket, agent, other):
    beat(ticket=ticket, user=agent, writes="public", now=MONDAY)
    assert seen(ticket, other) == [("Li Na", "public")]
    assert seen(ticket, agent) == []  # nobody is told of themselves
    assert seen(ticket, other, MONDAY + WRITES + SECOND) == [("Li Na", "")]
    assert seen(ticket, other, MONDAY + HERE + SECOND) == []
    beat(ticket=ticket, user=agent, writes="note", now=MONDAY + SECOND)
    assert seen(ticket, other, MONDAY + SECOND) == [("Li Na", "note")]
    leave(ticket=ticket, user=agent)
    assert seen(ticket, other, MONDAY + SECOND) == []


def test_only_news_are_told(ticket, agent, monkeypatch):
    told = []
    monkeypatch.setattr("outbox.push.publish", lambda topic, **hint: told.append(topic))
    news = [f"presence:{ticket.number}", f"desk:{ticket.team_id}"]
    for writes, expected in (("", news), ("", []), ("public", news), ("public", []), ("", news)):
        told.clear()
        beat(ticket=ticket, user=agent, writes=writes, now=MONDAY)
        assert told == expected


def test_the_page_and_the_queue_show_the_other(ticket, agent, other):
    signed_in(agent).post(here(ticket), {"writes": "public"})
    client = signed_in(other)
    assert "Li Na is writing a reply" in client.get(f"/desk/tickets/{ticket.number}/").content.decode()
    queue = client.get("/desk/")
    assert "viewing: 1" in queue.content.decode()
    shown = queue.context["here_mark"]
    asked = {"rows": f"{ticket.pk}", "shown": shown}
    assert client.get("/desk/presence/", asked).status_code == 204
    signed_in(agent).post(here(ticket), {"leave": "1"})
    assert f'id="here-{ticket.pk}"' in client.get("/desk/presence/", asked).content.decode()
    assert "viewing" not in client.get("/desk/").content.decode()


def test_what_is_shown_already_is_not_said_again(ticket, agent, other):
    signed_in(agent).post(here(ticket))
    client = signed_in(other)
    first = client.post(here(ticket))
    assert "Li Na is looking at this too" in first.content.decode()
    assert client.post(here(ticket), {"shown": first.context["here_mark"]}).status_code == 204


def test_who_cannot_work_it_neither_shows_nor_sees(ticket, agent):
    signed_in(agent).post(here(ticket))
    for person in (make_manager(), ticket.requester, make_agent(TeamFactory())):
        assert signed_in(person).post(here(ticket)).status_code == 404
    assert "Li Na is looking" not in signed_in(make_manager()).get(f"/desk/tickets/{ticket.number}/").content.decode()
    assert signed_in(make_manager()).get("/desk/presence/", {"rows": ticket.pk}).status_code == 204
    wanted = [f"presence:{ticket.number}", f"ticket:{ticket.number}"]
    topics = {}
    for person in (agent, ticket.requester):
        cookie = f"{settings.SESSION_COOKIE_NAME}={signed_in(person).cookies[settings.SESSION_COOKIE_NAME].value}"
        topics[person] = push_access.find(cookie, wanted).topics
    assert set(wanted) <= topics[agent]
    assert f"desk:{ticket.team_id}" in topics[agent]
    assert topics[ticket.requester] == {f"user:{ticket.requester_id}", f"ticket:{ticket.number}"}


def test_without_redis_nobody_is_seen_and_every_page_works(ticket, agent, other, monkeypatch):
    import redis

    beat(ticket=ticket, user=agent, writes="public", now=clock.now())
    away = redis.Redis(port=1, socket_connect_timeout=0.1, retry=None)
    monkeypatch.setattr(marks, "_client", lambda: away)
    monkeypatch.setattr(marks, "_silent_until", 0.0)
    client = signed_in(other)
    assert client.get(f"/desk/tickets/{ticket.number}/").status_code == 200
    assert client.get("/desk/").status_code == 200
    assert client.post(here(ticket), {"writes": "public"}).status_code == 204
    assert client.post(here(ticket), {"leave": "1"}).status_code == 204


def test_a_page_of_the_queue_asks_once(team, agent, other, django_assert_max_num_queries):
    tickets = [make_ticket(team=team, assignee=agent, now=clock.now()) for _n in range(4)]
    for ticket in tickets:
        beat(ticket=ticket, user=other, writes="", now=clock.now())
    now = clock.now()
    with django_assert_max_num_queries(1):
        assert len(present(tickets=[row.pk for row in tickets], besides=agent, now=now)) == 4
