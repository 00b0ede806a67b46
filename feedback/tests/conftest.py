"""A ticket that was resolved two days ago, and its survey."""

from datetime import timedelta

import pytest
from django.urls import reverse

from accounts.tests.factories import TeamFactory, make_agent, make_customer, make_lead
from feedback.models import Survey
from feedback.services.surveys import send_due_surveys, survey_token
from outbox import clock
from tickets.services.moves import resolve_ticket
from tickets.tests.factories import make_ticket

FULL = {
    "is_solved": "yes",
    "resolution_score": "5",
    "speed_score": "4",
    "attitude_score": "3",
    "suggestion": "Answer sooner",
    "hidden_need": "Training",
}


@pytest.fixture
def team(db):
    return TeamFactory()


@pytest.fixture
def lead(team):
    return make_lead(team)


@pytest.fixture
def agent(team):
    return make_agent(team)


@pytest.fixture
def solve(team, agent):
    """Make a resolved ticket of the team; ``ago`` is when it was resolved."""

    def make(ago=timedelta(hours=49), **fields):
        at = clock.now() - ago
        ticket = make_ticket(team=team, now=at - timedelta(minutes=20), **fields)
        resolve_ticket(ticket=ticket, actor=agent, cause="c", solution="s", verification="customer", now=at)
        ticket.refresh_from_db()
        return ticket

    return make


@pytest.fixture
def survey(solve):
    """Sent by the service that beat calls."""
    ticket = solve(requester=make_customer(language="en", name="Ann"))
    assert send_due_surveys() == 1
    return Survey.objects.get(ticket=ticket)


@pytest.fixture
def link(survey):
    return reverse("feedback:survey", args=[survey_token(survey)])
