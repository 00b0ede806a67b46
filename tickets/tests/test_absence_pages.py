"""Absences on the board: the four weeks, planning for others, and handing tickets over before one leaves."""

from datetime import UTC, datetime, timedelta

import pytest
from django.urls import reverse

from accounts.models import Absence
from accounts.tests.factories import TeamFactory, make_agent, make_lead
from outbox import clock
from tickets.models import Ticket
from tickets.selectors.absences import OFFERED, leaving, strip
from tickets.services.handing_over import hand_over
from tickets.tests.factories import make_ticket

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)
#: Monday 2026-06-01, ten in the morning in Shanghai, where the default calendar works from nine to six.
MONDAY = datetime(2026, 6, 1, 2, tzinfo=UTC)


@pytest.fixture
def team():
    return TeamFactory(least_present=2)


@pytest.fixture
def agent(team):
    return make_agent(team, name="Wang Wei")


@pytest.fixture
def lead(team):
    return make_lead(team, name="Li Na")


def away(person, start, end, **given):
    return Absence.objects.create(user=person, starts_at=start, ends_at=end, **given)


def days_of(lead, team, person):
    found = strip(user=lead, team=team, now=MONDAY)
    return next(cells for one, cells in found.rows if one == person), found


def test_a_day_is_gone_when_half_of_its_working_time_is(team, agent, lead):
    tuesday = MONDAY + timedelta(days=1)
    away(agent, tuesday, tuesday + timedelta(days=1) - HOUR)  # Tuesday at ten to Wednesday at nine
    cells, found = days_of(lead, team, agent)
    assert len(cells) == 28
    assert [cell.is_away for cell in cells[:4]] == [False, True, False, False]
    assert cells[2].absence is None  # ends with the opening
    assert [(total.present, total.is_gap) for total in found.totals[:3]] == [(2, False), (1, True), (2, False)]


def test_some_hours_are_shown_and_do_not_count(team, agent, lead):
    away(agent, MONDAY, MONDAY + 2 * HOUR)
    cells, found = days_of(lead, team, agent)
    assert cells[0].absence is not None
    assert not cells[0].is_away
    assert found.gaps == []


def test_free_days_are_no_gaps(team, agent, lead):
    saturday = MONDAY + timedelta(days=5)
    away(agent, saturday, saturday + timedelta(days=1))
    cells, found = days_of(lead, team, agent)
    assert cells[5].day.is_free
    assert found.gaps == []


def test_the_lead_plans_and_calls_off_and_a_colleague_finds_nothing(client, team, agent, lead):
    address = reverse("workspace:board_absence_plan", args=[team.pk, agent.pk])
    said = {"starts_at": "2090-01-02T09:00", "ends_at": "2090-01-03T09:00", "reason": "illness", "note": "Fever"}
    client.force_login(make_agent(team))
    assert client.get(address).status_code == 404
    assert client.post(address, said).status_code == 404
    client.force_login(lead)
    assert client.post(address, said).status_code == 302
    assert client.post(address, said).status_code == 422
    absence = agent.absences.get()
    assert (absence.created_by, absence.reason) == (lead, "illness")
    assert "Fever" in client.get(address).text
    call_off = reverse("workspace:board_absence_call_off", args=[team.pk, absence.pk])
    client.force_login(make_agent(team))
    assert client.post(call_off).status_code == 404
    client.force_login(lead)
    client.post(call_off)
    assert not agent.absences.exists()


def test_why_somebody_is_away_is_for_them_and_their_lead(client, team, agent, lead):
    now = clock.now()
    away(agent, now - HOUR, now + HOUR, reason="illness", note="Fieberwort")
    client.force_login(make_agent(team))
    text = client.get("/desk/board/", {"team": team.pk}).text
    assert "away" in text
    assert "Fieberwort" not in text
    assert "illness" not in text


def test_who_leaves_soon_is_offered_to_hand_over_and_the_deputy_is_proposed(client, team, agent, lead):
    now = clock.now()
    ticket = make_ticket(team=team, assignee=agent, now=now)
    assert leaving(user=agent, now=now) is None
    absence = away(agent, now + HOUR, now + 9 * HOUR, deputy=lead)
    assert leaving(user=agent, now=now).load == 1
    assert leaving(user=agent, now=now + HOUR - OFFERED - timedelta(seconds=1)) is None
    assert leaving(user=agent, now=absence.ends_at) is None
    client.force_login(agent)
    assert "Hand them over to Li Na" in client.get(reverse("workspace:above_queue")).text
    address = reverse("workspace:board_hand_over", args=[team.pk, agent.pk])
    page = client.get(address)
    assert page.context["form"].deputy == lead.pk
    assert client.post(address, {"to": lead.pk}).status_code == 422
    client.post(address, {"to": lead.pk, "tickets": [ticket.number]})
    ticket.refresh_from_db()
    assert ticket.assignee == lead
    assert leaving(user=agent, now=now) is None


def test_what_somebody_else_took_meanwhile_stays_with_them(team, agent, lead):
    colleague = make_agent(team)
    mine, taken = (make_ticket(team=team, assignee=agent, now=clock.now()) for _each in range(2))
    own = make_ticket(team=team, requester=lead, assignee=agent, now=clock.now())
    Ticket.objects.filter(pk=taken.pk).update(assignee=colleague)
    done, refused = hand_over(tickets=[mine, taken, own], actor=agent, person=agent, to=lead)
    assert (done, refused) == (1, [taken.number, own.number])
    assert [Ticket.objects.get(pk=one.pk).assignee for one in (mine, taken, own)] == [lead, colleague, agent]


def test_the_strip_costs_the_same_for_many(team, agent, lead, django_assert_num_queries, django_assert_max_num_queries):
    assert lead.may("ticket.work")
    strip(user=lead, team=team, now=MONDAY)
    with django_assert_max_num_queries(6) as few:
        strip(user=lead, team=team, now=MONDAY)
    for person in [make_agent(team) for _each in range(5)]:
        away(person, MONDAY, MONDAY + HOUR, deputy=lead)
    with django_assert_num_queries(len(few)):
        assert len(strip(user=lead, team=team, now=MONDAY).rows) == 7
