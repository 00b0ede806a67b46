"""One promise that runs and one rung that was reached, in the model's plain Python (see `model`)."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from helpdesk.tests.properties.book import RUNG_WAITS, Target
from helpdesk.tests.properties.working import ALWAYS, ZERO, Hours


@dataclass(eq=False)
class Clock:
    metric: str
    cycle: int
    revision: int
    severity: str
    target: Target
    hours: Hours
    started: datetime
    carried: timedelta = ZERO
    state: str = "running"
    due: datetime = field(init=False)
    warn: datetime = field(init=False)
    warned: datetime | None = None
    breached: datetime | None = None
    ended: datetime | None = None
    pauses: list[list[datetime]] = field(default_factory=list)

    def __post_init__(self) -> None:
        if self.target.unit == "working_days":
            self.due = max(self.hours.same_time(self.started - self.carried, self.target.amount), self.started)
            self.warn = self.hours.after(self.started, self.hours.between(self.started, self.due) * 3 / 4)
        else:
            total = timedelta(minutes=self.target.amount)
            self.due = self.hours.after(self.started, total - self.carried)
            self.warn = self.hours.after(self.started, total * 3 / 4 - self.carried)
        self.warn = min(self.warn, self.due)

    @property
    def is_open(self) -> bool:
        return self.ended is None

    def end(self, state: str, now: datetime) -> None:
        if self.state == "paused":
            self.pauses[-1].append(now)
        self.state, self.ended = state, now

    def pause(self, now: datetime) -> None:
        self.pauses.append([now])
        self.state = "paused"

    def resume(self, now: datetime) -> None:
        """What was left at the start of the pause is left at its end; a pause outside working hours moves nothing."""
        self.due, self.warn = self.going_on(self.due, now), self.going_on(self.warn, now)
        self.pauses[-1].append(now)
        self.state = "running"

    def going_on(self, instant: datetime, now: datetime) -> datetime:
        """Where an instant of a standing clock moves when it goes on now."""
        since = self.pauses[-1][0]
        if instant <= since or not self.hours.between(since, now):
            return instant
        return self.hours.after(now, self.hours.between(since, instant))

    def counted(self, now: datetime) -> timedelta:
        """Counted time so far: in the clock's own hours, for targets in days on the wall."""
        hours = ALWAYS if self.target.unit == "working_days" else self.hours
        until = self.pauses[-1][0] if self.state == "paused" else now
        waited = sum((hours.between(*pause) for pause in self.pauses if len(pause) == 2), ZERO)
        return max(self.carried + hours.between(self.started, until) - waited, ZERO)


@dataclass(eq=False)
class Rung:
    """One level of the ladder that one missed promise reached."""

    metric: str
    cycle: int
    level: int
    severity: str
    due: datetime
    created: datetime
    round: int
    missed_by: str | None
    climbs: datetime | None = None
    acknowledged: datetime | None = None

    def __post_init__(self) -> None:
        wait = RUNG_WAITS.get(self.level + 1)
        self.climbs = None if wait is None else self.created + wait
