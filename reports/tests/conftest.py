"""A Monday with a known story, told by the services; its figures are worked out by hand in the tests."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from accounts.models import Team, User
from accounts.tests.factories import (
    OrganizationFactory,
    TeamFactory,
    make_agent,
    make_customer,
    make_lead,
    make_manager,
)
from feedback.services.surveys import Answer, log_call
from reports.selectors.measures import all_tickets
from reports.selectors.spans import Span, last_days
from tickets.models import Ticket
from tickets.services.conversation import reply
from tickets.services.moves import resolve_ticket
from tickets.tests.factories import MONDAY, make_ticket

SHANGHAI = ZoneInfo("Asia/Shanghai")
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


@dataclass
class Story:
    alpha: Team
    beta: Team
    lead: User
    other_lead: User
    manager: User
    tickets: dict[str, Ticket]
    now: datetime = MONDAY + 5 * HOUR

    def span(self, days: int = 7) -> Span:
        return last_days(days, now=self.now, zone=SHANGHAI)

    def seen(self, user: User | None = None):
        return all_tickets(user or self.manager)


@pytest.fixture
def story(db):
    """All on Monday 1 June 2026, from 10:00 in Shanghai; figures are asked for at 15:00.

    alpha: «quick» (B, 10:00) solved at 10:30 by the first answer; the customer is content (5, 4, 5).
           «again» (B, 11:00) answered at 12:00, solved at 12:30; at 14:00 the customer says «not solved» (2, 3, 4).
    beta:  «late» (S, 12:00) answered at 12:45, a quarter of an hour late; solved at 13:40.
           «open» (B, 13:00) waits.
    """
    alpha, beta = TeamFactory(code="alpha"), TeamFactory(code="beta")
    lead, other_lead, manager = make_lead(alpha), make_lead(beta), make_manager()
    one, two = make_agent(alpha, name="One"), make_agent(beta, name="Two")
    customer = make_customer(OrganizationFactory(name="甲", name_en="First"))

    def resolve(ticket, actor, at):
        resolve_ticket(ticket=ticket, actor=actor, cause="c", solution="s", verification="customer", now=at)

    def make(team, agent, severity, at):
        return make_ticket(team=team, requester=customer, assignee=agent, severity=severity, now=at)

    quick = make(alpha, one, "B", MONDAY)
    resolve(quick, one, MONDAY + 30 * MINUTE)
    again = make(alpha, one, "B", MONDAY + HOUR)
    reply(ticket=again, actor=one, body="We look at it.", now=MONDAY + 2 * HOUR)
    resolve(again, one, MONDAY + 2 * HOUR + 30 * MINUTE)
    late = make(beta, two, "S", MONDAY + 2 * HOUR)
    reply(ticket=late, actor=two, body="We are on it.", now=MONDAY + 2 * HOUR + 45 * MINUTE)
    resolve(late, two, MONDAY + 3 * HOUR + 40 * MINUTE)
    waiting = make(beta, two, "B", MONDAY + 3 * HOUR)
    said = MONDAY + 4 * HOUR
    log_call(ticket=quick, answer=Answer(5, 4, 5, True), actor=one, now=said)
    log_call(ticket=again, answer=Answer(2, 3, 4, False, "Please test it first"), actor=one, now=said)
    tickets = {"quick": quick, "again": again, "late": late, "open": waiting}
    for ticket in tickets.values():
        ticket.refresh_from_db()
    return Story(alpha, beta, lead, other_lead, manager, tickets)
