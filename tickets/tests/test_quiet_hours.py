"""Quiet hours and tickets: S wakes, all else waits, the ladder climbs on, and the morning's mail is still true."""

from datetime import UTC, datetime, time, timedelta

import pytest
from django.core import mail

from accounts.models import Team
from accounts.tests.factories import TeamFactory, give_role, make_agent, make_customer, make_lead
from outbox import clock, delivery
from outbox.models import Delivery, Intent
from sla.models import Clock
from tickets.models import Escalation, Ticket
from tickets.services import assigning, conversation, escalation, grades, moves
from tickets.services.lead import acknowledge
from tickets.tests.factories import make_ticket

pytestmark = pytest.mark.django_db
NIGHT = datetime(2026, 6, 2, 15, 0, tzinfo=UTC)  # Tuesday 23:00 in Shanghai
MORNING = datetime(2026, 6, 2, 23, 30, tzinfo=UTC)  # 07:30 there
QUIET = {"quiet_from": time(22), "quiet_until": time(7, 30), "time_zone": "Asia/Shanghai"}
MINUTE = timedelta(minutes=1)


@pytest.fixture
def night(monkeypatch):
    """A clock that the test sets; it begins in the quiet hours."""

    class Night:
        now = NIGHT

        def pass_(self, **units):
            self.now += timedelta(**units)

        def send(self) -> list[str]:
            """The subjects of the mails to colleagues that leave now."""
            mail.outbox.clear()
            delivery.run(read_clock=lambda: self.now)
            return [each.subject for each in mail.outbox if each.to != ["customer@example.org"]]

    held = Night()
    monkeypatch.setattr(clock, "now", lambda: held.now)
    return held


@pytest.fixture
def team():
    return TeamFactory()


@pytest.fixture
def agent(team):
    return make_agent(team, name="Wang Wei", email="agent@example.org", **QUIET)


@pytest.fixture
def lead(team, agent):
    return make_lead(team, name="Li Na", email="lead@example.org", **QUIET)


@pytest.fixture
def customer():
    return make_customer(email="customer@example.org")


@pytest.fixture
def told(team, agent, lead, customer, night):
    """Makes a ticket of a grade that ``agent`` has, with nothing left to tell of its beginning."""

    def make(severity: str, **fields) -> Ticket:
        ticket = make_ticket(
            team=team, requester=customer, assignee=agent, severity=severity, now=night.now - 5 * MINUTE, **fields
        )
        Intent.objects.filter(stream=f"ticket:{ticket.number}").delete()
        return ticket

    return make


def overdue(ticket: Ticket, now: datetime) -> Clock:
    """Its first response, due a second ago: policies of A and B would not fall due at night."""
    Clock.objects.filter(ticket=ticket, metric="first_response").update(
        warn_at=now - 2 * MINUTE, due_at=now - timedelta(seconds=1)
    )
    return Clock.objects.get(ticket=ticket, metric="first_response")


def people(state: str) -> set[str]:
    return set(
        Delivery.objects.filter(channel="mail", state=state, intent__kind="ticket.escalated").values_list(
            "address", flat=True
        )
    )


@pytest.mark.parametrize(("severity", "sent"), [("S", True), ("A", False), ("B", False)])
def test_only_s_wakes(told, night, severity, sent):
    ticket = told(severity)
    conversation.customer_message(ticket=ticket, author=ticket.requester, body="worse")
    assert bool(night.send()) is sent
    bell = Delivery.objects.get(channel="page", intent__kind="ticket.customer_message")
    assert bell.state == "accepted"  # the page disturbs nobody
    night.now = MORNING - timedelta(microseconds=1)
    assert night.send() == []
    night.now = MORNING
    assert bool(night.send()) is not sent


def test_a_customer_hears_at_any_time(told, agent, customer, night):
    ticket = told("B")
    type(customer).objects.filter(pk=customer.pk).update(**QUIET)
    conversation.reply(ticket=ticket, actor=agent, body="done")
    night.send()
    assert [each.to for each in mail.outbox] == [["customer@example.org"]]


def test_messages_of_a_night_leave_as_one_in_the_morning(told, night):
    for number in range(2):
        ticket = told("A", subject=f"case {number}")
        conversation.customer_message(ticket=ticket, author=ticket.requester, body="still there?")
        night.send()
        night.pass_(minutes=30)
    night.now = MORNING
    assert night.send() == ["Customers wrote in 2 tickets"]
    assert "case 0" in mail.outbox[0].body
    assert "case 1" in mail.outbox[0].body


def test_two_messages_in_one_ticket_are_not_told_as_two_tickets(told, night):
    ticket = told("A", subject="still open")
    for body in ("still there?", "hello?"):
        conversation.customer_message(ticket=ticket, author=ticket.requester, body=body)
        night.send()
    night.now = MORNING
    assert night.send() == [f"The customer wrote in {ticket.number} · still open"]


class TestLadder:
    @pytest.fixture
    def deputy(self, team):
        deputy = give_role(make_agent(team, name="Wu Di", email="deputy@example.org"), "lead", team)
        Team.objects.filter(pk=team.pk).update(deputy=deputy)
        return deputy

    def breach(self, ticket, night):
        overdue(ticket, night.now)
        escalation.sweep()
        night.send()

    def test_a_breach_of_a_waits_for_the_lead_and_climbs_on_to_who_is_awake(self, told, night, lead, deputy):
        ticket = told("A")
        self.breach(ticket, night)
        assert (people("accepted"), people("queued")) == (set(), {lead.email})
        night.pass_(minutes=16)
        assert escalation.climb() == 1
        night.send()
        assert (people("accepted"), people("queued")) == ({deputy.email}, {lead.email})
        night.now = MORNING
        night.send()
        assert people("accepted") >= {deputy.email, lead.email}

    def test_a_breach_of_s_wakes(self, told, night, lead):
        self.breach(told("S"), night)
        assert people("accepted") == {lead.email}

    def test_who_is_quiet_is_neither_skipped_nor_waited_for(self, told, night, lead, deputy):
        type(deputy).objects.filter(pk=deputy.pk).update(**QUIET)
        ticket = told("A")
        self.breach(ticket, night)
        night.pass_(minutes=16)
        escalation.climb()
        night.send()
        assert people("accepted") == set()
        assert people("queued") == {lead.email, deputy.email}
        assert Escalation.objects.filter(ticket=ticket).count() == 2
        assert Delivery.objects.filter(channel="page", intent__kind="ticket.escalated").count() == 2  # both bells

    def test_what_somebody_acknowledged_at_night_is_not_told_in_the_morning(self, told, night, lead, deputy):
        ticket = told("A")
        self.breach(ticket, night)
        acknowledge(ticket=ticket, actor=deputy)
        night.now = MORNING
        assert not [each for each in night.send() if "missed" in each]
        assert people("settled") == {lead.email}

    def test_a_ticket_that_becomes_s_wakes_with_what_waited(self, told, night, lead, agent):
        ticket = told("A")
        self.breach(ticket, night)
        assert night.send() == []
        grades.regrade(ticket=ticket, actor=agent, severity="S", reason="all are down")
        assert any("missed its deadline" in subject for subject in night.send())
        assert people("accepted") == {lead.email}

    def test_a_ticket_that_falls_to_b_wakes_nobody(self, told, night, lead, agent):
        ticket = told("S")
        overdue(ticket, night.now)
        escalation.sweep()
        grades.regrade(ticket=ticket, actor=agent, severity="B", reason="one desk only")
        night.send()
        assert people("queued") == {lead.email}


@pytest.mark.parametrize(
    "settle",
    [
        lambda ticket, agent: conversation.reply(ticket=ticket, actor=agent, body="answered"),
        lambda ticket, agent: moves.resolve_ticket(
            ticket=ticket, actor=agent, cause="c", solution="s", verification="customer"
        ),
    ],
    ids=["answered", "resolved"],
)
def test_an_answered_message_is_not_told_in_the_morning(told, night, agent, settle):
    ticket = told("A")
    conversation.customer_message(ticket=ticket, author=ticket.requester, body="still there?")
    assert night.send() == []
    settle(ticket, agent)
    night.now = MORNING
    assert not [each for each in night.send() if "wrote" in each]


def test_a_ticket_that_went_to_somebody_else_is_not_told_as_ones_own(told, night, agent, lead, team):
    ticket = told("A")
    other = make_agent(team, **QUIET)
    assigning.assign(ticket=ticket, actor=lead, assignee=other)
    night.send()
    assigning.assign(ticket=ticket, actor=lead, assignee=agent)
    assert night.send() == []
    night.now = MORNING
    assert [subject.split(" · ")[0] for subject in night.send()] == [f"{ticket.number} is yours now"]
    assert mail.outbox[0].to == [agent.email]
