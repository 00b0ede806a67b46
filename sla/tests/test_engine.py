"""Whether deadlines are recorded in time: the canary of the sweep, and what waits for it."""

from datetime import UTC, datetime, timedelta

import pytest

from outbox import clock
from outbox.models import Heartbeat
from sla.engine import COUNTED, HEART, LATE_AFTER, EngineState, engine_state
from sla.models import Clock
from tickets.tasks import sweep_deadlines
from tickets.tests.factories import make_ticket

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
TICK = timedelta(microseconds=1)
MINUTE = timedelta(minutes=1)


def state(*, last: timedelta | None = timedelta(0), oldest: timedelta | None = None, overdue: int = 0) -> EngineState:
    return EngineState(
        NOW, None if last is None else NOW - last, None if oldest is None else NOW - oldest, overdue=overdue
    )


@pytest.mark.parametrize(
    ("found", "late"),
    [
        (state(), False),
        (state(last=LATE_AFTER), False),
        (state(last=LATE_AFTER + TICK), True),
        (state(last=None), True),
        (state(oldest=LATE_AFTER, overdue=1), False),
        (state(oldest=LATE_AFTER + TICK, overdue=1), True),  # sweeps end, and this one is not among their work
        (state(last=-MINUTE), False),  # a clock that was set back
    ],
)
def test_late_is_what_exceeds_the_bound(found, late):
    assert found.is_late is late
    assert bool(found.mark) is late


def test_by_how_much():
    found = state(last=3 * MINUTE, oldest=2 * MINUTE, overdue=4)
    assert (found.silent_for, found.late_by) == (3 * MINUTE, 2 * MINUTE)
    assert (state(last=None).silent_for, state().late_by) == (None, timedelta(0))
    assert state(last=-MINUTE).silent_for == timedelta(0)


def test_a_page_is_told_again_once_a_minute_while_late():
    marks = {state(last=2 * MINUTE + timedelta(seconds=s)).mark for s in (0, 30, 59)}
    assert len(marks) == 1
    assert state(last=3 * MINUTE).mark not in marks


@pytest.mark.django_db
class TestRows:
    def test_only_running_unrecorded_deadlines_that_passed_count(self):
        now = clock.now()
        ticket = make_ticket(severity="S", now=now - timedelta(minutes=45))
        first = Clock.objects.get(ticket=ticket, metric="first_response")
        found = engine_state(now=now)
        assert (found.oldest_due_at, found.overdue) == (first.due_at, 1)
        assert engine_state(now=first.due_at).overdue == 0  # at the due instant it is still in time
        assert engine_state(now=first.due_at + TICK).overdue == 1
        Clock.objects.filter(pk=first.pk).update(breached_at=now)
        assert engine_state(now=now).oldest_due_at is None

    def test_the_count_is_bounded(self):
        now = clock.now()
        ticket = make_ticket(severity="S", now=now - timedelta(minutes=45))
        template = Clock.objects.get(ticket=ticket, metric="first_response")
        for number in range(COUNTED + 5):
            template.pk, template.subject = None, f"task:{number}"
            template.save(force_insert=True)
        assert engine_state(now=now).overdue == COUNTED

    def test_the_sweep_itself_touches_the_canary_when_it_has_ended(self, monkeypatch):
        assert engine_state(now=clock.now()).never_ran
        Heartbeat.objects.create(name="beat", beat_at=clock.now())  # beat and worker alone sweep nothing
        assert engine_state(now=clock.now()).never_ran
        monkeypatch.setattr("tickets.services.escalation.sweep", lambda: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            sweep_deadlines()
        assert engine_state(now=clock.now()).never_ran
        monkeypatch.undo()
        make_ticket(severity="S", now=clock.now() - timedelta(minutes=45))
        sweep_deadlines()
        found = engine_state(now=clock.now())
        assert not found.is_late
        assert found.last_tick == Heartbeat.objects.get(name=HEART).beat_at
