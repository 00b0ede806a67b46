"""The sweep as a machine: what it asks, what it locks, and what one bad row may do to the others."""

from datetime import timedelta

import pytest
from django.db import OperationalError, connection, transaction
from django.test.utils import CaptureQueriesContext

from accounts.tests.factories import TeamFactory, make_agent, make_customer, make_lead
from outbox import clock as database_clock
from outbox.models import Intent
from sla.models import CalendarVersion, Clock
from sla.selectors import lock_due
from sla.services import clocks as sla_clocks
from tickets.models import Escalation, Ticket, TicketEvent
from tickets.services import escalation
from tickets.tests.factories import MONDAY, make_ticket

pytestmark = pytest.mark.django_db
MINUTE = timedelta(minutes=1)


@pytest.fixture
def team():
    team = TeamFactory()
    make_lead(team)
    make_agent(team, capacity=1000)
    return team


@pytest.fixture
def at(monkeypatch):
    """Set the database's clock as the sweeps read it."""

    def move(instant):
        monkeypatch.setattr(database_clock, "now", lambda: instant)

    return move


def make_tickets(team, number: int) -> list[Ticket]:
    """S tickets of one customer whose first response is due after half an hour."""
    customer = make_customer()
    return [make_ticket(team=team, requester=customer, severity="S") for _ in range(number)]


def escalated() -> set[int]:
    return set(Escalation.objects.filter(metric="first_response").values_list("ticket", flat=True))


@pytest.mark.parametrize("running", [0, 1, 7])
def test_a_sweep_that_finds_nothing_asks_the_time_and_one_question(running, team, django_assert_num_queries):
    now = database_clock.now()
    for _ in range(running):
        make_ticket(team=team, severity="S", now=now)
    with django_assert_num_queries(2):
        assert escalation.sweep() == 0


def test_a_sweep_of_many_asks_as_often_as_one_of_few(team, at):
    asked = []
    for number in (2, 12):
        make_tickets(team, number)
        at(MONDAY + 31 * MINUTE)
        with CaptureQueriesContext(connection) as queries:
            assert escalation.sweep() == number
        asked.append(len(queries))
    assert asked[0] == asked[1]


def test_small_batches_leave_what_one_large_batch_leaves(team, at, settings):
    settings.SWEEP_BATCH = 2
    tickets = make_tickets(team, 5)
    at(MONDAY + 121 * MINUTE)
    assert escalation.sweep() == 15
    assert escalated() == {ticket.pk for ticket in tickets}
    assert Escalation.objects.count() == TicketEvent.objects.filter(code="ticket.escalated").count() == 15
    assert Clock.objects.filter(metric="progress_update", cycle=2, state="running").count() == 5
    assert escalation.sweep() == 0


def test_warnings_are_taken_batch_by_batch_too(team, at, settings):
    settings.SWEEP_BATCH = 2
    make_tickets(team, 5)
    at(MONDAY + 23 * MINUTE)
    assert escalation.sweep() == 5
    assert Intent.objects.filter(kind="ticket.warning").count() == 5


@pytest.mark.parametrize("place", [0, 3, 6])
def test_a_clock_that_cannot_be_recorded_keeps_no_other_waiting(place, team, at, settings, monkeypatch, caplog):
    settings.SWEEP_BATCH = 4
    tickets = make_tickets(team, 7)
    bad = tickets[place].clocks.get(metric="first_response").pk
    mark_breached = sla_clocks.mark_breached

    def refuse(clocks, *, now):
        if bad in {clock.pk for clock in clocks}:
            raise ValueError("no such thing")
        mark_breached(clocks, now=now)

    monkeypatch.setattr(sla_clocks, "mark_breached", refuse)
    at(MONDAY + 31 * MINUTE)
    assert escalation.sweep() == 6
    assert escalated() == {ticket.pk for ticket in tickets} - {tickets[place].pk}
    assert f"clock {bad} cannot be recorded" in caplog.text
    monkeypatch.setattr(sla_clocks, "mark_breached", mark_breached)
    assert escalation.sweep() == 1


def test_a_database_that_is_away_is_not_taken_for_a_bad_row(team, at, monkeypatch, caplog):
    def fail(clocks, *, now):
        raise OperationalError("deadlock detected")

    monkeypatch.setattr(sla_clocks, "mark_breached", fail)
    make_tickets(team, 2)
    at(MONDAY + 31 * MINUTE)
    with pytest.raises(OperationalError):
        escalation.sweep()
    assert "cannot be recorded" not in caplog.text


def test_a_miss_is_on_record_though_the_calendar_of_the_next_cycle_ran_out(team, at, caplog):
    ticket = make_ticket(team=team, severity="B")
    update = ticket.clocks.get(metric="progress_update")
    empty = CalendarVersion.objects.create(
        calendar_id=update.calendar_version.calendar_id,
        number=99,
        definition={"zone": "Asia/Shanghai", "weekly": {}, "days": {}},
        created_at=MONDAY,
    )
    Clock.objects.filter(pk=update.pk).update(calendar_version=empty)
    at(MONDAY + 121 * MINUTE)
    escalation.sweep()
    assert Escalation.objects.filter(ticket=ticket, metric="progress_update").count() == 1
    assert not ticket.clocks.filter(metric="progress_update", state="running").exists()
    assert f"calendar version {empty.pk} has no working time left" in caplog.text


@pytest.mark.django_db(transaction=True)
def test_a_busy_ticket_is_skipped_and_its_clock_is_not_locked_in_passing(team):
    """Whoever changes the ticket goes on to its clocks, and must not wait there for the sweep."""
    busy, free = make_tickets(team, 2)
    other = connection.copy()
    other.set_autocommit(False)
    try:
        with other.cursor() as cursor:
            cursor.execute("SELECT FROM tickets_ticket WHERE id = %s FOR UPDATE", [busy.pk])
            with transaction.atomic():
                claimed = lock_due(now=MONDAY + 31 * MINUTE, limit=10)
                assert [clock.ticket_id for clock in claimed] == [free.pk]
                cursor.execute("SELECT FROM sla_clock WHERE ticket_id = %s FOR UPDATE NOWAIT", [busy.pk])
                assert cursor.rowcount == 3
    finally:
        other.close()
