"""What every step of the walk shares: virtual time, the model beside the rows, and the comparison after each step."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, precondition, rule

from helpdesk.tests.properties import model
from helpdesk.tests.properties.book import Book
from helpdesk.tests.properties.house import House
from helpdesk.tests.properties.invariants import INVARIANTS, Look, Memory
from helpdesk.tests.properties.rows import Rows, fingerprint
from helpdesk.tests.properties.workers import two_workers_agree_with_one
from outbox import clock as database_clock
from tickets.models import Ticket
from tickets.services import escalation

#: The tickets of one walk, each by its model.
TICKETS: Bundle[model.Ticket] = Bundle("tickets")
#: In Shanghai: at opening, a minute before closing, after hours, on the eve of a free Thursday, on a Friday night.
STARTS = [
    datetime(2026, 6, 1, 1, 0, tzinfo=UTC),
    datetime(2026, 6, 1, 9, 59, tzinfo=UTC),
    datetime(2026, 6, 2, 11, 7, tzinfo=UTC),
    datetime(2026, 6, 3, 7, 30, tzinfo=UTC),
    datetime(2026, 6, 5, 15, 0, tzinfo=UTC),
]
MINUTES = [
    timedelta(microseconds=1),
    timedelta(minutes=7, seconds=13),
    timedelta(minutes=15),
    timedelta(minutes=29, milliseconds=999),
    timedelta(minutes=61),
]
HOURS = [
    timedelta(hours=2),
    timedelta(hours=3, seconds=1),
    timedelta(hours=14, seconds=7),
    timedelta(days=3),
    timedelta(days=14, hours=1),
]
#: A millisecond beside the instant, or the evening before it.
AROUND = [timedelta(milliseconds=-1), timedelta(0), timedelta(milliseconds=1), timedelta(hours=-12)]
#: Beat rings nearly always; when it does not, the next change of a ticket has to see what is overdue.
RINGS = st.sampled_from([True, True, True, False])
REFUSALS = (ValidationError, PermissionDenied)


class Tally:
    """What outlives one walk: how many steps there were, and every number, word and rung of a ladder ever seen."""

    steps = 0
    rungs: set[tuple[str, str, int, int]] = set()
    numbers: set[str] = set()
    words = itertools.count()


class Walk(RuleBasedStateMachine):
    """Hypothesis chooses the rules and their arguments."""

    def __init__(self, house: House) -> None:
        super().__init__()
        self.house, self.book, self.memory = house, Book(), Memory()
        self.model: dict[str, model.Ticket] = {}
        self.keys: list[tuple[str, str, str, dict]] = []
        self.touched: dict[str, datetime] = {}
        self.threads_left = 2
        self.now = STARTS[0]

    # --- for the rules -----------------------------------------------------------------------------------------

    def set_time(self, now: datetime) -> None:
        self.now = now
        database_clock.now = lambda: now  # type: ignore[assignment]  # put back by the test

    def word(self, kind: str) -> str:
        """Words that were never used before."""
        return f"{kind}word{next(Tally.words)}x"

    def at(self, ticket: model.Ticket) -> datetime:
        """The instant of a change of ``ticket``. Changes of one ticket queue up at its lock, so no two share one."""
        if self.touched.get(ticket.number) == self.now:
            self.set_time(self.now + timedelta(microseconds=1))
        self.touched[ticket.number] = self.now
        return self.now

    def row(self, ticket: model.Ticket) -> Ticket:
        return Ticket.objects.get(number=ticket.number)

    def attempt(
        self, expect: Callable[[], Any], call: Callable[[], Any], *, then: Callable[[], Any] = lambda: None
    ) -> None:
        """Tell the model; what it refuses, the product refuses too, and no row changes (2, 12).

        ``then`` tells the model what only the product can know, such as whom it chose.
        """
        try:
            expect()
        except model.Refused:
            before = fingerprint()
            with pytest.raises(REFUSALS):
                call()
            assert fingerprint() == before
            return
        call()
        then()

    @invariant()
    def every_property_holds(self) -> None:
        Tally.steps += 1
        Tally.rungs |= {(t.number, r.metric, r.cycle, r.level) for t in self.model.values() for r in t.rungs}
        look = Look(Rows(self.house, self.memory.kept), self.model, self.house, self.now, self.memory)
        for holds in INVARIANTS:
            holds(look)

    @rule(by=st.sampled_from(MINUTES), rings=RINGS)
    def minutes_pass(self, by: timedelta, rings: bool) -> None:
        self.time_goes_to(self.now + by, rings)

    @rule(by=st.sampled_from(HOURS), rings=RINGS)
    def hours_pass(self, by: timedelta, rings: bool) -> None:
        self.time_goes_to(self.now + by, rings)

    @rule(place=st.integers(0, 5), off=st.sampled_from(AROUND), rings=RINGS)
    def time_comes_to_an_instant(self, place: int, off: timedelta, rings: bool) -> None:
        """To what falls due, warns or climbs next, or beside it."""
        every = itertools.chain(
            (at for each in self.model.values() for clock in each.open_clocks for at in (clock.due, clock.warn)),
            (rung.climbs for each in self.model.values() for rung in each.rungs if rung.climbs),
        )
        coming = sorted({at for at in every if at + off > self.now})
        if coming:
            self.time_goes_to(coming[min(place, len(coming) - 1)] + off, rings)

    def time_goes_to(self, instant: datetime, rings: bool) -> None:
        self.set_time(instant)
        if rings:
            self.sweep_twice()
            self.climb_twice()

    def sweep_twice(self) -> None:
        """7, 10: once, and then again without any effect."""
        escalation.sweep()
        for ticket in self.model.values():
            ticket.tick(self.now)
        before = fingerprint()
        assert escalation.sweep() == 0
        assert fingerprint() == before

    def climb_twice(self) -> None:
        escalation.climb()
        for ticket in self.model.values():
            ticket.climb(self.now)
        before = fingerprint()
        assert escalation.climb() == 0
        assert fingerprint() == before

    @precondition(lambda self: self.threads_left)
    @rule(hours=st.integers(0, 5))
    def two_workers_tick(self, hours: int) -> None:
        """10: what many workers leave, each with one row at a time, is what one leaves."""
        self.threads_left -= 1
        self.set_time(self.now + timedelta(hours=hours))
        two_workers_agree_with_one(self.house)
        for ticket in self.model.values():
            ticket.tick(self.now)
            ticket.climb(self.now)
