"""Every notice of a ticket stands in the bell in words, in both languages."""

import re
from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import translation

from accounts.tests.factories import TeamFactory, make_agent, make_lead
from outbox import clock, registry
from outbox.models import Delivery, Intent
from outbox.rendering import render_line
from outbox.selectors import notices
from sla.models import Clock
from tickets.models import Resolution, Ticket
from tickets.notices import customers, staff, teamwork
from tickets.services import checklist, conversation, escalation, grades, handover, moves
from tickets.tests.factories import handed_over, make_ticket

pytestmark = pytest.mark.django_db
INSIDE = [*staff.NOTICES, *teamwork.NOTICES]
KINDS = [notice.kind for notice in (*INSIDE, *customers.NOTICES)]


@pytest.fixture
def payload():
    """One ticket that has been through everything, as the payload of any kind names it."""
    team = TeamFactory()
    agent, lead = make_agent(team), make_lead(team)
    now = clock.now()
    ticket = make_ticket(team=team, assignee=agent, severity="A", now=now - timedelta(hours=3))
    escalation.sweep()
    contest = grades.contest(ticket=ticket, actor=ticket.requester, wanted="S", reason="It got worse")
    message = conversation.reply(ticket=ticket, actor=agent, body="We look at it", marks=["solution_path"])
    (item,) = checklist.add_items(ticket=ticket, actor=agent, texts=["Read the dump"], owner=agent)
    given = handed_over(ticket=ticket, actor=agent, team=TeamFactory())
    handover.ask_back(ticket=ticket, actor=make_agent(given.to_team), question="Which host?")
    moves.resolve_ticket(
        ticket=ticket, actor=agent, cause="A full disk", solution="Room was made", verification="customer"
    )
    return {
        "ticket": ticket.pk,
        "message": message.pk,
        "contest": contest.pk,
        "item": item.pk,
        "handover": given.pk,
        "what": "reply",
        "clock": Clock.objects.filter(ticket=ticket).first().pk,
        "escalation": ticket.escalations.first().pk,
        "cycle": Resolution.objects.get(ticket=ticket).cycle,
        "user": agent.pk,
        "assignee": agent.pk,
        "by": lead.pk,
        "source": "A",
        "target": "S",
    }


def line(kind, payload, language, *others) -> dict[str, str]:
    """What the bell of the requester or the assignee shows of one payload, grouped with ``others``."""
    ticket = Ticket.objects.get(pk=payload["ticket"])
    now = clock.now()
    inside = kind in [notice.kind for notice in INSIDE]
    reader = ticket.assignee if inside else ticket.requester
    deliveries = [
        Delivery(intent=Intent(kind=kind, payload=each, created_at=now), channel="page", user=reader, language=language)
        for each in (payload, *others)
    ]
    with translation.override(language):
        return render_line(deliveries=deliveries, now=now)


def test_every_kind_is_looked_at():
    assert sorted(KINDS) == sorted(kind for kind in registry.kinds() if kind.startswith("ticket."))


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_a_line_names_its_ticket_and_leads_to_it(language, payload):
    for kind in KINDS:
        check_one(kind, language, payload)


def check_one(kind, language, payload):
    number = Ticket.objects.get(pk=payload["ticket"]).number
    shown = line(kind, payload, language)
    assert number in shown["text"], kind
    assert len(shown["text"].replace(number, "").strip(" :：?？")) > 1
    assert "{{" not in shown["text"]
    assert "%(" not in shown["text"]
    assert number in shown["url"]


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_many_of_a_kind_are_one_line_with_their_number(language, payload):
    tickets = [make_ticket(severity="A", now=clock.now() - timedelta(hours=3)) for _each in range(8)]
    escalation.sweep()
    agent = Ticket.objects.get(pk=payload["ticket"]).assignee
    others = [
        payload
        | {"ticket": one.pk, "clock": one.clocks.first().pk, "escalation": one.escalations.first().pk}
        | {"item": checklist.add_items(ticket=one, actor=agent, texts=["Read the dump"])[0].pk}
        for one in tickets
    ]
    for kind in [notice.kind for notice in INSIDE if notice.group]:
        shown = line(kind, payload, language, *others)["text"]
        assert re.search(r"(?<!\d)9(?!\d)", shown), kind
        assert Ticket.objects.get(pk=payload["ticket"]).number not in shown, kind


def test_several_messages_in_one_ticket_are_one_ticket(payload):
    shown = line("ticket.customer_message", payload, "en", payload)["text"]
    assert Ticket.objects.get(pk=payload["ticket"]).number in shown


def test_the_bell_asks_no_more_for_forty_lines_than_for_four(payload):
    reader = Ticket.objects.get(pk=payload["ticket"]).assignee
    asked = []
    for copies in (1, 9):
        for _copy in range(copies):
            for kind in ("ticket.customer_message", "ticket.escalated", "ticket.warning", "ticket.missed"):
                intent = Intent.objects.create(
                    kind=kind, payload=payload, stream="x", created_at=clock.now(), available_at=clock.now()
                )
                Delivery.objects.create(
                    intent=intent,
                    channel="page",
                    recipient=f"user:{reader.pk}",
                    user=reader,
                    language="en",
                    batch=uuid4(),
                    stream="x",
                    state="accepted",
                    created_at=clock.now(),
                    next_attempt_at=clock.now(),
                )
        with CaptureQueriesContext(connection) as queries:
            lines = notices(type(reader).objects.get(pk=reader.pk), now=clock.now())
        asked.append(len(queries))
    assert len(lines) == 40
    assert asked[0] == asked[1] <= 30
