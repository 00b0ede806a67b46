"""A call becomes a ticket in one go: the caller by number, known or not, and one ticket however often it is sent."""

import pytest
from django.urls import reverse

from accounts.models import Team, User
from accounts.tests.factories import OrganizationFactory, TeamFactory, make_agent, make_customer
from intake.phone.selectors import callers, digits_of
from tickets.models import Ticket
from tickets.tests.factories import make_ticket

pytestmark = pytest.mark.django_db


@pytest.fixture
def agent(client):
    agent = make_agent(Team.objects.get(is_fallback=True), language="en")
    client.force_login(agent)
    return agent


def send(client, **given):
    form = client.get(reverse("calls:new")).context["form"]
    least = {"phone": "138 0000 1111", "subject": "Line 3 stands", "submission_key": form.initial["submission_key"]}
    return client.post(reverse("calls:new"), {**least, **given})


def test_a_number_is_its_digits():
    for written in ("+86 138-0000-1111", "0086 138 0000 1111", "86 13800001111", "13800001111", "(138) 0000 1111"):
        assert digits_of(written) == "13800001111"
    assert digits_of("8612") == "8612"  # an extension, no country
    assert digits_of("٣٤") == ""


@pytest.mark.parametrize("kept", ["+86 138-0000-1111", "138 0000 1111", "0086-13800001111"])
def test_the_caller_is_found_while_the_number_is_typed_however_it_is_kept(agent, kept, client):
    person = make_customer(OrganizationFactory(), phone=kept, name="Wei")
    for typed in ("1380", "138 0000", "+86 138 0000 1111", "13800001111"):
        assert [row.user for row in callers(user=agent, text=typed)] == [person], typed
    for typed in ("", "13", "1390000", "+86"):
        assert callers(user=agent, text=typed) == []
    fragment = client.get(reverse("calls:lookup"), {"phone": "1380000"}).content.decode()
    assert "Wei" in fragment
    assert f'value="{person.pk}" checked' in fragment, "the only one who fits is chosen"


def test_a_name_finds_too_and_open_tickets_are_shown_as_far_as_they_are_seen(
    agent, client, django_assert_max_num_queries
):
    person = make_customer(phone="13800001111", name="Wei Min")
    seen = make_ticket(team=agent.memberships.get().team, requester=person, subject="Known one")
    make_ticket(team=TeamFactory(), requester=person, subject="Foreign one")
    with django_assert_max_num_queries(6):
        found = callers(user=agent, text="wei")
    assert [row.number for row in found[0].tickets] == [seen.number]
    page = client.get(reverse("calls:new"), {"phone": "13800001111"}).content.decode()
    assert "Known one" in page
    assert "Foreign one" not in page


def test_a_call_of_somebody_known_is_a_ticket_by_phone(agent, client):
    person = make_customer(phone="13800001111")
    answer = send(client, caller=person.pk, impact="many", urgency="blocked")
    ticket = Ticket.objects.get()
    assert answer.headers["Location"] == reverse("workspace:ticket", args=[ticket.number])
    assert (ticket.requester, ticket.channel, ticket.severity) == (person, "phone", "A")
    assert ticket.messages.get().body == "Line 3 stands"
    assert ticket.events.filter(code="ticket.created").get().actor == agent


def test_somebody_unknown_becomes_known_with_the_call_and_is_found_at_the_next(agent, client):
    send(client, name="Li Na", email="li.na@hall.example")
    person = User.objects.get(email="li.na@hall.example")
    assert person.phone_digits == "13800001111"
    assert Ticket.objects.get().requester == person
    assert [row.user for row in callers(user=agent, text="13800001111")] == [person]


def test_an_address_that_is_nobodys_is_an_error_of_its_field(agent, client):
    answer = send(client, name="Li Na", email="phone-13800002222@stand-in.invalid")
    assert answer.status_code == 422 and "email" in answer.context["form"].errors
    assert not Ticket.objects.exists()


def test_without_an_address_the_number_is_enough(agent, client):
    send(client, name="Li Na")
    send(client, name="Li Na", subject="And line 4")
    first, second = Ticket.objects.order_by("id")
    assert first.requester == second.requester
    assert not first.requester.is_active
    assert [row.user for row in callers(user=agent, text="13800001111")] == [first.requester]


def test_somebody_known_by_the_number_alone_is_chosen_at_the_next_call(agent, client):
    send(client, name="Li Na")
    person = Ticket.objects.get().requester
    page = client.get(reverse("calls:new"), {"phone": "13800001111"}).content.decode()
    assert f'name="caller" value="{person.pk}" checked' in page
    assert "stand-in.invalid" not in page
    assert send(client, caller=person.pk, subject="And line 4").status_code == 302
    assert list(Ticket.objects.values_list("requester", flat=True)) == [person.pk, person.pk]


def test_somebody_else_stays_chosen_when_the_form_comes_back(agent, client):
    person = make_customer(phone="13800001111")
    page = send(client, caller="", name="Li Na", subject="").content.decode()
    assert f'name="caller" value="{person.pk}" checked' not in page
    assert 'name="caller" value="" checked' in page


def test_who_does_not_see_the_teams_ticket_hears_its_number_all_the_same(agent, client):
    agent.memberships.update(team=TeamFactory())
    answer = client.post(reverse("calls:new"), {"phone": "138 0000 1111", "name": "Li", "subject": "x"}, follow=True)
    ticket = Ticket.objects.get()
    assert answer.status_code == 200
    assert f"{ticket.number} is there" in answer.content.decode()
    assert f"It is with {ticket.team}" in answer.content.decode()


def test_what_is_missing_is_said_and_nothing_is_lost(agent, client):
    answer = send(client, subject="", description="They talk fast")
    assert answer.status_code == 422
    page = answer.content.decode()
    assert "They talk fast" in page
    assert "What is their name?" in page
    assert send(client, phone="Somebody").status_code == 422
    assert not Ticket.objects.exists()


def test_sent_twice_it_is_one_ticket(agent, client):
    key = "k" * 32
    for _turn in range(2):
        assert send(client, name="Li Na", submission_key=key).status_code == 302
    assert Ticket.objects.count() == 1
    send(client, name="Li Na", submission_key=key, subject="Another one")
    assert Ticket.objects.count() == 2
    send(client, name="Li Ming", submission_key=key)
    assert Ticket.objects.count() == 3
