"""«Please hurry»: once an hour, by every door of the customer; what it raises, whom it tells, what ends it."""

import threading
from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError
from django.db import connections, transaction
from django.test import Client
from django.urls import reverse
from rest_framework.test import APIClient

from accounts.tests.factories import TeamFactory, make_agent, make_customer, make_lead
from outbox import clock
from outbox.models import Delivery, Intent
from outbox.resolving import resolve_due
from tickets.models import Ticket, TicketEvent
from tickets.selectors.queue import in_view, page_of
from tickets.services import conversation, moves
from tickets.services.links import mint_status_link
from tickets.services.urging import UrgedAlready, urge, urges_again_at
from tickets.tests.factories import MONDAY, make_ticket
from tickets.tests.test_assignment import _until_waiting

pytestmark = pytest.mark.django_db
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
FOUND = {"cause": "c", "solution": "s", "verification": "customer"}


@pytest.fixture
def team():
    return TeamFactory()


@pytest.fixture
def agent(team):
    return make_agent(team)


@pytest.fixture
def ticket(team, agent):
    return make_ticket(team=team, assignee=agent, severity="S", now=clock.now())


def signed_in(user) -> Client:
    client = Client()
    client.force_login(user)
    client.cookies["django_language"] = "en"
    return client


def address(ticket) -> str:
    return reverse("portal:act", args=[ticket.number, "urge"])


def asked(ticket, minutes) -> None:
    urge(ticket=ticket, actor=ticket.requester, now=MONDAY + minutes * MINUTE)


def test_it_counts_once_an_hour(team, agent):
    row = make_ticket(team=team)
    assert urges_again_at(row) is None
    asked(row, 0)
    with pytest.raises(UrgedAlready) as refused:
        asked(row, 59)
    assert (refused.value.again_at, refused.value.wait) == (MONDAY + HOUR, MINUTE)
    asked(row, 60)
    row.refresh_from_db()
    assert (row.urged_at, row.last_urged_at) == (MONDAY, MONDAY + HOUR)  # risen since the first time
    assert TicketEvent.objects.filter(ticket=row, code="ticket.urged").count() == 2
    assert Intent.objects.filter(kind="ticket.urged").count() == 2


def test_a_public_reply_ends_it_and_nothing_less(team, agent):
    row = make_ticket(team=team)
    asked(row, 0)
    conversation.add_note(ticket=row, actor=agent, body="looking", now=MONDAY + MINUTE)
    moves.set_status(ticket=row, actor=agent, status="open", now=MONDAY + MINUTE)
    conversation.customer_message(ticket=row, author=row.requester, body="And?", now=MONDAY + 2 * MINUTE)
    row.refresh_from_db()
    assert row.urged_at == MONDAY
    conversation.reply(ticket=row, actor=agent, body="We found it", now=MONDAY + 3 * MINUTE)
    row.refresh_from_db()
    assert (row.urged_at, row.last_urged_at) == (None, MONDAY)
    with pytest.raises(UrgedAlready):
        asked(row, 30)  # an answer gives nobody a second try within the hour


def test_no_promise_moves(team, agent):
    row = make_ticket(team=team, severity="S")
    before = list(row.clocks.order_by("pk").values("state", "due_at", "warn_at"))
    asked(row, 5)
    assert list(row.clocks.order_by("pk").values("state", "due_at", "warn_at")) == before


def test_a_solution_ends_it_and_a_solved_ticket_cannot_be_urged(team, agent):
    row = make_ticket(team=team)
    asked(row, 0)
    moves.resolve_ticket(ticket=row, actor=agent, **FOUND, now=MONDAY + MINUTE)
    with pytest.raises(ValidationError, match="resolved|解决"):
        asked(row, 90)
    moves.refute_solution(ticket=row, actor=row.requester, now=MONDAY + 2 * HOUR)
    row.refresh_from_db()
    assert row.urged_at is None
    asked(row, 121)


@pytest.mark.parametrize("assigned", [True, False])
def test_the_assignee_hears_of_it_else_the_lead(team, agent, assigned):
    lead = make_lead(team)
    row = make_ticket(team=team, assignee=agent)
    if not assigned:
        Ticket.objects.filter(pk=row.pk).update(assignee=None)
    asked(row, 1)
    resolve_due(now=MONDAY + MINUTE)
    told = Delivery.objects.filter(intent__kind="ticket.urged")
    assert set(told.values_list("user", "channel")) == {
        ((agent if assigned else lead).pk, channel) for channel in ("mail", "page")
    }


@pytest.mark.django_db(transaction=True)
def test_of_two_who_urge_at_once_one_counts() -> None:
    """Both stand at the ticket's lock before either may go on."""
    row = make_ticket(team=TeamFactory(), now=clock.now())
    outcomes: list[str] = []

    def try_it() -> None:
        try:
            urge(ticket=row, actor=row.requester)
            outcomes.append("counted")
        except Exception as error:  # noqa: BLE001 - its name is told to the main thread
            outcomes.append(type(error).__name__)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=try_it) for _each in range(2)]
    with transaction.atomic():
        Ticket.objects.select_for_update().get(pk=row.pk)
        for thread in threads:
            thread.start()
        _until_waiting(2)
    for thread in threads:
        thread.join(10)
    assert sorted(outcomes) == ["UrgedAlready", "counted"]
    assert Intent.objects.filter(kind="ticket.urged").count() == 1


# ---- the queue ------------------------------------------------------------------------------------------------------


def test_an_urged_ticket_stands_as_if_it_were_due_when_it_was_urged(team, agent):
    now = clock.now()
    late, soon, later, idle, calm = (make_ticket(team=team, now=now) for _each in range(5))
    for row, due in ((late, -1), (soon, 1), (later, 30), (idle, None), (calm, None)):
        Ticket.objects.filter(pk=row.pk).update(next_due_at=due if due is None else now + due * HOUR)
    rows = in_view(user=agent, name="due")
    assert [row.pk for row in page_of(rows, user=agent, now=now, sort="due").rows] == [
        one.pk for one in (late, soon, later, idle, calm)
    ]
    for row in (later, idle):
        Ticket.objects.filter(pk=row.pk).update(urged_at=now, last_urged_at=now)
    expected = [one.pk for one in (late, later, idle, soon, calm)]
    assert [row.pk for row in page_of(rows, user=agent, now=now, sort="due").rows] == expected
    seen, after = [], ""
    while True:
        page = page_of(rows, user=agent, now=now, sort="due", after=after, size=1)
        seen += [row.pk for row in page.rows]
        after = page.after
        if not after:
            break
    assert seen == expected


def test_the_mark_has_words_in_the_row_and_on_the_page(ticket, agent):
    client = signed_in(agent)
    assert "tag-urged" not in client.get("/desk/").content.decode()
    shown = client.get("/desk/").context["shown"]
    urge(ticket=ticket, actor=ticket.requester)
    assert "urged</span>" in client.get("/desk/").content.decode()
    changes = client.get("/desk/changes/", {"view": "due", "shown": shown})
    assert [row.pk for row in changes.context["changed"]] == [ticket.pk]
    page = client.get(reverse("workspace:ticket", args=[ticket.number])).content.decode()
    assert "customer urges since" in page
    line = client.get(reverse("workspace:timeline", args=[ticket.number])).content.decode()
    assert f"{ticket.requester.name}: asked us to hurry" in line
    conversation.reply(ticket=ticket, actor=agent, body="We found it")
    assert "tag-urged" not in client.get("/desk/").content.decode()


# ---- the customer's doors -------------------------------------------------------------------------------------------


def test_the_page_offers_it_and_says_when_it_is_possible_again(ticket):
    client = signed_in(ticket.requester)
    page = reverse("portal:ticket", args=[ticket.number])
    assert "Please hurry" in client.get(page).content.decode()
    followed = client.post(address(ticket), follow=True)
    text = followed.content.decode()
    assert followed.redirect_chain == [(page, 302)]
    assert "We know that you are waiting." in text and "You can ask again from" in text
    assert "Please hurry" not in text and "data-draft-done" not in text
    refused = client.post(address(ticket))
    assert refused.status_code == 422
    assert "You asked us to hurry a short while ago" in refused.content.decode()
    assert TicketEvent.objects.filter(code="ticket.urged").count() == 1


def test_a_solved_ticket_offers_it_no_more(ticket, agent):
    moves.resolve_ticket(ticket=ticket, actor=agent, **FOUND)
    client = signed_in(ticket.requester)
    assert "Please hurry" not in client.get(reverse("portal:ticket", args=[ticket.number])).content.decode()
    assert client.post(address(ticket)).status_code == 422


def test_get_urges_nothing_and_strangers_and_staff_find_nothing(ticket, agent):
    assert signed_in(ticket.requester).get(address(ticket)).status_code == 405
    for person in (make_customer(), agent):
        assert signed_in(person).post(address(ticket)).status_code == 404
    assert not TicketEvent.objects.filter(code="ticket.urged").exists()


def test_the_private_link_does_it_too(ticket):
    link = mint_status_link(ticket=ticket, user=ticket.requester, now=clock.now())
    client = Client()
    client.cookies["django_language"] = "en"
    assert "Please hurry" in client.get(link).content.decode()
    assert client.post(f"{link}urge/").status_code == 302
    assert client.post(f"{link}urge/").status_code == 422
    assert "You can ask again from" in client.get(link).content.decode()


def test_programs_get_the_ticket_or_the_time_to_wait(ticket, agent):
    client = APIClient(headers={"Accept-Language": "en"})
    client.force_authenticate(ticket.requester)
    url = f"/api/v1/tickets/{ticket.number}/urge/"
    answer = client.post(url)
    assert answer.status_code == 200 and answer.json()["urged_at"]
    refused = client.post(url)
    assert refused.status_code == 429
    assert 3590 < int(refused["Retry-After"]) <= 3601
    assert refused.json()["code"] == "urged"
    assert refused.json()["detail"].startswith("You asked us to hurry a short while ago")
    client.force_authenticate(agent)
    assert client.post(url).status_code == 403
