"""Whether the deadline engine keeps up: when a sweep last ended, and how old the oldest deadline is that it owes.

Only the database is asked, so that the answer stands while Redis, beat or the worker is away.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from outbox.selectors import last_heard
from sla.choices import ClockState
from sla.models import Clock

#: The canary's row: written when a sweep has ended, so beat rang, the broker carried it and a worker swept.
HEART = "deadlines"
#: The sweep is rung for every 5 seconds; silence, or a deadline that waits, beyond a minute is told everywhere.
LATE_AFTER = timedelta(seconds=60)
#: More deadlines that wait are not counted for a page: «100» then means «many».
COUNTED = 100


@dataclass(frozen=True)
class EngineState:
    """The engine at ``now``: its last completed sweep (None: never), and its oldest unrecorded due instant."""

    now: datetime
    last_tick: datetime | None
    oldest_due_at: datetime | None
    overdue: int

    @property
    def silent_for(self) -> timedelta | None:
        """How long ago the last sweep ended; None when none ever did."""
        return None if self.last_tick is None else max(self.now - self.last_tick, timedelta(0))

    @property
    def late_by(self) -> timedelta:
        """How long the oldest deadline that passed unrecorded has been waiting for the sweep."""
        return self.now - self.oldest_due_at if self.oldest_due_at else timedelta(0)

    @property
    def never_ran(self) -> bool:
        """No sweep has ended here yet."""
        return self.last_tick is None

    @property
    def is_silent(self) -> bool:
        """No sweep ended within the bound."""
        return self.silent_for is None or self.silent_for > LATE_AFTER

    @property
    def is_behind(self) -> bool:
        """A deadline has waited beyond the bound, be there sweeps or not."""
        return self.late_by > LATE_AFTER

    @property
    def is_late(self) -> bool:
        """Whether anybody should be told."""
        return self.is_silent or self.is_behind

    @property
    def mark(self) -> tuple:
        """Changes when a page that tells of it would say something else: while it is late, each minute."""
        if not self.is_late:
            return ()
        minute = timedelta(minutes=1)
        return self.overdue, self.late_by // minute, None if self.silent_for is None else self.silent_for // minute


def engine_state(*, now: datetime) -> EngineState:
    """How the engine stands at ``now``, in two small queries."""
    waiting = Clock.objects.filter(state=ClockState.RUNNING, breached_at=None, due_at__lt=now)
    due = list(waiting.order_by("due_at").values_list("due_at", flat=True)[:COUNTED])
    return EngineState(now, last_heard(HEART), due[0] if due else None, len(due))
