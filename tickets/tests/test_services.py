"""What the services of tickets write, and to whom it is told, in the corners that no page reaches easily."""

from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError
from rest_framework.test import APIClient

from accounts.tests.factories import TeamFactory, make_agent, make_customer, make_lead
from outbox.models import Delivery, Intent
from outbox.resolving import resolve_due
from tickets.models import AccessLink, IdempotencyKey, Ticket, TicketEvent
from tickets.services import assigning, conversation, grades, lead, links, moves, retention
from tickets.tests.factories import MONDAY, make_ticket

pytestmark = pytest.mark.django_db
MINUTE = timedelta(minutes=1)
FOUND = {"cause": "Full disk", "solution": "Cleaned it", "verification": "customer"}


@pytest.fixture
def team():
    return TeamFactory()


@pytest.fixture
def agent(team):
    return make_agent(team)


@pytest.fixture
def team_lead(team):
    return make_lead(team)


def unassigned(team, **fields) -> Ticket:
    ticket = make_ticket(team=team, **fields)
    Ticket.objects.filter(pk=ticket.pk).update(assignee=None)
    ticket.refresh_from_db()
    return ticket


def test_an_accepted_contest_is_never_told_as_declined(team, agent, team_lead):
    """The agent may give the wanted grade while the lead still reads."""
    ticket = make_ticket(team=team, severity="B")
    row = grades.contest(ticket=ticket, actor=ticket.requester, wanted="A", reason="Many are hit", now=MONDAY)
    grades.regrade(ticket=ticket, actor=agent, severity="A", reason="Right", now=MONDAY + MINUTE)
    grades.decide_contest(row=row, actor=team_lead, accept=True, answer="You are right", now=MONDAY + 2 * MINUTE)
    row.refresh_from_db()
    assert row.state == "accepted"
    assert not Intent.objects.filter(kind="ticket.contest_declined").exists()
    assert Intent.objects.filter(kind="ticket.regraded").count() == 1


def test_who_resolves_what_nobody_has_is_on_record_as_having_taken_it(team, agent):
    ticket = unassigned(team)
    moves.resolve_ticket(ticket=ticket, actor=agent, **FOUND, now=MONDAY + MINUTE)
    assert Ticket.objects.get(pk=ticket.pk).assignee == agent
    taken = TicketEvent.objects.get(ticket=ticket, code="ticket.taken")
    assert (taken.actor, taken.data["assignee"]) == (agent, agent.pk)


def test_a_move_to_another_team_says_who_has_the_ticket_now(team, agent):
    ticket = make_ticket(team=team)
    other = TeamFactory()
    colleague = make_agent(other)
    assigning.assign(ticket=ticket, actor=agent, team=other, now=MONDAY + MINUTE)
    assert Ticket.objects.get(pk=ticket.pk).assignee == colleague
    assert TicketEvent.objects.get(ticket=ticket, code="ticket.team").data["assignee"] == colleague.pk


def test_who_is_called_in_from_another_team_answers_without_becoming_the_assignee(team, agent):
    ticket = unassigned(team)
    guest = make_agent(TeamFactory())
    lead.call_in(ticket=ticket, people=[guest], actor=agent, now=MONDAY)
    conversation.reply(ticket=ticket, actor=guest, body="Look at the index", now=MONDAY + MINUTE)
    assert Ticket.objects.get(pk=ticket.pk).assignee is None
    with pytest.raises(ValidationError):
        assigning.take(ticket=ticket, actor=guest, now=MONDAY + 2 * MINUTE)


def test_the_lead_hears_of_a_ticket_that_was_put_back(team, agent, team_lead):
    ticket = make_ticket(team=team, assignee=agent)
    assigning.assign(ticket=ticket, actor=agent, now=MONDAY + MINUTE)
    resolve_due(now=MONDAY + MINUTE)
    told = Delivery.objects.filter(intent__kind="ticket.unassigned").values_list("user", flat=True)
    assert set(told) == {team_lead.pk}


@pytest.mark.parametrize("by_customer", [True, False])
def test_a_customers_program_reads_why_it_is_graded_so_and_not_how_full_people_are(team, agent, by_customer):
    customer = make_customer()
    actor = customer if by_customer else agent
    client = APIClient()
    client.force_authenticate(actor)
    sent = {"subject": "Login", "description": "fails", "requester": {"email": customer.email}}
    answer = client.post("/api/v1/tickets/", sent, format="json")
    assert answer.status_code == 201
    codes = {reason["code"].partition(".")[0] for reason in answer.json()["reasons"]}
    assert codes == {"grading", "routing"} | (set() if by_customer else {"assignment"})


def test_a_resolved_ticket_cannot_be_taken(team, agent):
    ticket = make_ticket(team=team)
    moves.resolve_ticket(ticket=ticket, actor=agent, **FOUND, now=MONDAY + MINUTE)
    Ticket.objects.filter(pk=ticket.pk).update(assignee=None)
    with pytest.raises(ValidationError):
        assigning.take(ticket=ticket, actor=agent, now=MONDAY + 2 * MINUTE)


@pytest.mark.parametrize("has_lead", [True, False])
def test_somebody_reads_the_customer_when_the_assignee_has_left(team, agent, has_lead, django_user_model):
    ticket = make_ticket(team=team, assignee=agent)
    expected = make_lead(team) if has_lead else django_user_model.objects.create_superuser("root@example.com", name="R")
    agent.is_active = False
    agent.save(update_fields=["is_active"])
    conversation.customer_message(ticket=ticket, author=ticket.requester, body="Hello?", now=MONDAY + MINUTE)
    resolve_due(now=MONDAY + MINUTE)
    told = Delivery.objects.filter(intent__kind="ticket.customer_message").values_list("user", flat=True)
    assert set(told) == {expected.pk}


def test_a_colleagues_answer_long_after_closing_stays_the_colleagues(team, agent):
    customer = make_customer()
    colleague = make_customer(customer.organization, sees_organization=True)
    ticket = make_ticket(team=team, requester=customer)
    moves.resolve_ticket(ticket=ticket, actor=agent, **FOUND, now=MONDAY)
    moves.confirm_solution(ticket=ticket, actor=customer, now=MONDAY + MINUTE)
    message = conversation.customer_message(
        ticket=ticket, author=colleague, body="It is back", now=MONDAY + timedelta(days=20)
    )
    assert message.ticket.requester == customer
    assert message.author == colleague


def test_old_keys_and_dead_links_are_forgotten_and_no_others(team):
    ticket = make_ticket(team=team)
    now = MONDAY + timedelta(days=200)
    for age in (31, 29):
        IdempotencyKey.objects.create(
            user=ticket.requester, key=str(age), fingerprint="f", created_at=now - timedelta(days=age)
        )
    for created in (MONDAY, now - timedelta(days=1)):
        links.mint_status_link(ticket=ticket, user=ticket.requester, now=created)
    assert retention.prune(now=now) == {"keys": 1, "links": 1}
    assert retention.prune(now=now) == {"keys": 0, "links": 0}
    assert IdempotencyKey.objects.get().key == "29"
    assert AccessLink.objects.get().expires_at > now
