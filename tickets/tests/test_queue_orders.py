"""The orders of the queue: pages joined are the whole, whatever ties and gaps there are; each order has its index."""

import random
from datetime import timedelta

import pytest
from django.db import connection

from accounts.tests.factories import TeamFactory, make_agent, make_manager
from outbox import clock
from tickets.models import Ticket
from tickets.selectors.orders import ORDERS, BadPlace
from tickets.selectors.queue import in_view, page_of
from tickets.tests.factories import make_ticket

pytestmark = pytest.mark.django_db
MANY = 24


@pytest.fixture
def tickets():
    """Tickets of one team with few different values of everything that is sorted by, so that ties stand everywhere."""
    team, now, draw = TeamFactory(), clock.now(), random.Random(4)
    some = [now + timedelta(minutes=n) for n in range(3)]
    for _n in range(MANY):
        ticket = make_ticket(team=team, now=now)
        urged = draw.choice([None, None, *some])
        Ticket.objects.filter(pk=ticket.pk).update(
            severity=draw.choice("SAB"),
            next_due_at=draw.choice([None, *some]),
            urged_at=urged,
            last_urged_at=urged,
            created_at=draw.choice(some),
            updated_at=draw.choice(some),
        )
    return list(Ticket.objects.order_by("pk"))


def _expected(name: str, tickets: list[Ticket]) -> list[int]:
    """The same order by Python's own sort."""

    def due(one):
        instants = [at for at in (one.next_due_at, one.urged_at) if at]
        return (0, min(instants).timestamp()) if instants else (1, 0)

    keys = {
        "due": lambda one: (due(one), one.pk),
        "severity": lambda one: ("SAB".index(one.severity), due(one), one.pk),
        "updated": lambda one: (one.updated_at, one.pk),
        "created": lambda one: (one.created_at, one.pk),
        "number": lambda one: one.pk,
    }
    return [one.pk for one in sorted(tickets, key=keys[name.lstrip("-")], reverse=name.startswith("-"))]


@pytest.mark.parametrize("name", ORDERS)
@pytest.mark.parametrize("size", [1, 5])
def test_pages_joined_are_the_whole_in_its_order(tickets, name, size):
    manager, now = make_manager(), clock.now()
    rows, seen, after = in_view(user=manager, name="due"), [], ""
    while True:
        page = page_of(rows, user=manager, now=now, sort=name, after=after, size=size)
        assert 0 < len(page.rows) <= size
        seen += [row.pk for row in page.rows]
        after = page.after
        if not after:
            break
        assert len(seen) < MANY, "a place leads back"
    assert seen == _expected(name, tickets)


@pytest.mark.parametrize("name", ORDERS)
def test_a_place_stays_exact_when_its_ticket_is_gone(tickets, name):
    manager, now = make_manager(), clock.now()
    rows = in_view(user=manager, name="due")
    page = page_of(rows, user=manager, now=now, sort=name, size=7)
    Ticket.objects.filter(pk=page.rows[-1].pk).update(status="closed", resolved_at=now, closed_at=now)
    following = page_of(rows, user=manager, now=now, sort=name, after=page.after, size=MANY)
    assert [row.pk for row in following.rows] == _expected(name, tickets)[7:]


@pytest.mark.parametrize("name", ORDERS)
@pytest.mark.parametrize(
    "place", ["x", "~", "~~~", "1~2~3~4", "-1", "2026-13-01T00:00Z~4", "7~~1", "~99999999999999999999"]
)
def test_what_is_no_place_is_refused(name, place):
    with pytest.raises(BadPlace):
        ORDERS[name].behind(place)


@pytest.mark.parametrize("name", ORDERS)
def test_the_order_of_what_is_open_comes_from_an_index(tickets, name):
    """A sort of all open tickets for each look at the queue would be felt with a hundred thousand of them."""
    order = ORDERS[name]
    rows = order.annotated(in_view(user=make_manager(), name="due")).order_by(*order.ordering)
    place = order.place_of(rows[3])
    with connection.cursor() as cursor:
        for way in ("seqscan", "bitmapscan", "sort", "incremental_sort"):
            cursor.execute(f"SET LOCAL enable_{way} = off")
    for plan in (rows.explain(), rows.filter(order.behind(place)).explain()):
        assert "_place" in plan
        assert "Sort" not in plan


def test_the_heads_of_the_table_turn_the_order_round(tickets):
    from django.test import Client

    client = Client()
    client.force_login(make_agent(tickets[0].team))
    heads = {str(head["column"].label): head for head in client.get("/desk/?sort=-updated").context["heads"]}
    assert heads["Updated"]["direction"] == "descending"
    assert "sort=updated" in heads["Updated"]["href"]
    assert heads["Number"]["direction"] == ""
    assert "href" not in heads["Status"]
