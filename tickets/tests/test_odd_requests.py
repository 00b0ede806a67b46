"""What no page sends but a request may hold: text that the database refuses, in place of numbers and words."""

import pytest
from django.urls import reverse

from accounts.tests.factories import TeamFactory, make_lead
from outbox import clock
from tickets.tests.factories import make_ticket
from tickets.tests.test_queue_page import signed_in

pytestmark = pytest.mark.django_db
ODD = "T1\x00"


@pytest.fixture
def lead():
    return make_lead(TeamFactory())


@pytest.fixture
def ticket(lead):
    return make_ticket(team=lead.memberships.get().team, now=clock.now())


def test_the_palette_finds_what_is_a_number(lead, ticket):
    page = signed_in(lead).get(reverse("workspace:palette"), {"recent": f"{ODD},{ticket.number}"})
    assert ticket.number in page.content.decode()


def test_many_are_chosen_by_what_is_a_number(lead, ticket):
    client, asked = signed_in(lead), [ODD, ticket.number]
    dialog = client.get(reverse("workspace:bulk", args=["status"]), {"t": asked})
    assert [row.number for row in dialog.context["form"].tickets] == [ticket.number]
    pressed = client.post(reverse("workspace:escalations_acknowledge"), {"tickets": asked})
    assert pressed.url == reverse("workspace:escalations")


@pytest.mark.parametrize("what", ["offer-canned", "offer-articles", "offer-colleagues"])
def test_the_list_at_the_caret_offers_nothing_for_it(lead, ticket, what):
    answer = signed_in(lead).get(reverse(f"workspace:{what}", args=[ticket.number]), {"q": f"zzz{ODD}"})
    assert answer.json() == {"items": []}


def test_after_sending_it_is_no_next_ticket(lead, ticket):
    said = {"kind": "note", "body": "Look here.", "then": "next", "next": ODD, "draft": "1"}
    answer = signed_in(lead).post(reverse("workspace:write", args=[ticket.number]), said)
    assert answer.status_code == 302
    assert answer.url == reverse("workspace:next")
