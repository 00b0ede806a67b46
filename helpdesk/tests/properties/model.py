"""What should become of one ticket, in plain Python: written from docs/deadlines.md, with nothing of the product in it.

Every method first refuses what must be refused (`Refused`, and then nothing has changed), then does the rest.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from helpdesk.tests.properties.book import (
    ANSWERED_BY,
    BEGINS_WITH,
    BY_HAND,
    COUNTED_ON,
    FAMILY,
    NEXT,
    REPORT,
    STILL_IN,
    UPDATE,
    Book,
    Target,
)
from helpdesk.tests.properties.clocks import Clock, Rung
from helpdesk.tests.properties.working import ALWAYS, ZERO

WAITING = STILL_IN["update"]
REOPENS_WITHIN = timedelta(days=14)
URGES_AGAIN_AFTER = timedelta(hours=1)


class Refused(Exception):
    """The product has to refuse this, and nothing may change."""


@dataclass(eq=False)
class Ticket:
    number: str
    book: Book
    severity: str
    team: str
    category: str | None
    requester: str
    created: datetime
    assignee: str | None = None
    status: str = "new"
    cycle: int = 1
    said: list[tuple[str, str]] = field(default_factory=list)
    clocks: list[Clock] = field(default_factory=list)
    rungs: list[Rung] = field(default_factory=list)
    waits: list[list[datetime]] = field(default_factory=list)
    cycle_started: datetime = field(init=False)
    answered: datetime | None = None
    resolved: datetime | None = None
    closed: datetime | None = None
    breached: datetime | None = None
    waiting: datetime | None = None
    urged: datetime | None = None
    urges: datetime | None = None
    contest: str | None = None

    def __post_init__(self) -> None:
        self.cycle_started = self.waiting = self.created
        self._start_all("ticket", self.created)

    @property
    def is_unresolved(self) -> bool:
        return self.status not in ("resolved", "closed")

    @property
    def open_clocks(self) -> list[Clock]:
        return [clock for clock in self.clocks if clock.is_open]

    # --- what is said ------------------------------------------------------------------------------------------

    def reply(self, body: str, now: datetime, marks: set[str], status: str = "", reason: str = "") -> None:
        target = status or ("open" if self.status == "new" else self.status)
        if target != self.status:
            self._demand_move(target, replied=True, reason=reason)
        elif not self.is_unresolved:
            raise Refused("answer to a resolved ticket")
        self.overdue(now)
        self.said.append(("public", body))
        self._meet(now, marks)
        if target != self.status:
            self._move(target, now)

    def note(self, body: str, now: datetime) -> None:
        self.overdue(now)
        self.said.append(("note", body))

    def customer_says(self, body: str, now: datetime) -> None:
        self.overdue(now)
        self.said.append(("customer", body))
        if not self.is_unresolved:
            self._reopen(now)
        elif self.status == "pending":
            self._move("open", now)
        self._wait_for_answer(now)

    def urge(self, now: datetime) -> None:
        if not self.is_unresolved or (self.urged and now < self.urged + URGES_AGAIN_AFTER):
            raise Refused("urged a short while ago, or solved")
        self.overdue(now)
        self.urged, self.urges = now, self.urges or now

    # --- where it stands ---------------------------------------------------------------------------------------

    def set_status(self, status: str, now: datetime, reason: str) -> None:
        if status != self.status:
            self._demand_move(status, replied=False, reason=reason)
        self.overdue(now)
        if status != self.status:
            self._move(status, now)

    def resolve(self, body: str, now: datetime) -> None:
        if not self.is_unresolved:
            raise Refused("resolved already")
        self.overdue(now)
        self.said.append(("public", body))
        self._meet(now, set(), resolves=True)
        self._wait_ends(now)
        self.status, self.resolved, self.contest = "resolved", now, None
        self._begin_anew("resolution", now)

    def report_cause(self, now: datetime) -> None:
        if self.is_unresolved:
            raise Refused("not resolved")
        self.overdue(now)
        for clock in self.open_clocks:
            clock.end("missed" if clock.breached else "met", now)

    def close(self, now: datetime) -> None:
        if self.status != "resolved":
            raise Refused("only what is resolved closes")
        self.overdue(now)
        self.status, self.closed = "closed", now

    def refute(self, now: datetime, body: str) -> None:
        if self.status != "resolved":
            raise Refused("nothing to refute")
        self.overdue(now)
        self.said += [("customer", body)] if body else []
        self._reopen(now)
        if body:
            self._wait_for_answer(now)

    def reopen(self, now: datetime, body: str) -> None:
        if self.is_unresolved:
            raise Refused("open already")
        self.overdue(now)
        self.said.append(("note", body))
        self._reopen(now)

    # --- what it is --------------------------------------------------------------------------------------------

    def regrade(self, severity: str, now: datetime, body: str) -> None:
        if severity == self.severity:
            raise Refused("the same grade")
        self.overdue(now)
        self.severity = severity
        self.said.append(("automatic", body))
        self._follow(now)

    def change(self, now: datetime, team: str | None = None, category: str | None = None) -> None:
        """Another team or category; the deadlines follow."""
        self.overdue(now)
        self.team, self.category = team or self.team, category or self.category
        self._follow(now)

    # --- deadlines ---------------------------------------------------------------------------------------------

    def overdue(self, now: datetime, *, inclusive: bool = False) -> None:
        """Record what has passed: before every change, and at every tick."""
        for clock in self.open_clocks:
            past = clock.due <= now if inclusive else clock.due < now
            if clock.state == "running" and clock.breached is None and past:
                self._breach(clock, now)

    def tick(self, now: datetime) -> None:
        self.overdue(now)
        for clock in self.open_clocks:
            if clock.state == "running" and clock.breached is clock.warned is None and clock.warn <= now <= clock.due:
                clock.warned = now

    def climb(self, now: datetime) -> None:
        for rung in list(self.rungs):
            if rung.acknowledged is None and rung.climbs and rung.climbs <= now:
                rung.climbs = None
                if self.is_unresolved or any(
                    clock.is_open and (clock.metric, clock.cycle) == (rung.metric, rung.cycle) for clock in self.clocks
                ):
                    self.rungs.append(
                        Rung(
                            rung.metric, rung.cycle, rung.level + 1, self.severity, rung.due, now,
                            rung.round, rung.missed_by,
                        )
                    )  # fmt: skip

    def acknowledge(self, now: datetime) -> int:
        waiting = [rung for rung in self.rungs if rung.acknowledged is None]
        for rung in waiting:
            rung.acknowledged, rung.climbs = now, None
        if waiting:
            self.breached = None
        return len(waiting)

    def _breach(self, clock: Clock, now: datetime) -> None:
        clock.breached = now
        if clock.metric == UPDATE:
            clock.end("missed", now)
            again = (clock.cycle + 1, 1, clock.severity, clock.target, clock.hours, now)
            self.clocks.append(Clock(UPDATE, *again))
        flood = clock.metric == UPDATE and any(
            rung.metric == UPDATE and rung.acknowledged is None and rung.round == self.cycle for rung in self.rungs
        )
        known = any((rung.metric, rung.cycle) == (clock.metric, clock.cycle) for rung in self.rungs)
        if not known and not flood:
            row = (clock.metric, clock.cycle, 1, clock.severity, clock.due, now, self.cycle, self.assignee)
            self.rungs.append(Rung(*row))
            self.breached = self.breached or now

    def _meet(self, now: datetime, marks: set[str], *, resolves: bool = False) -> None:
        self.answered, self.waiting, self.urges = self.answered or now, None, None
        for clock in self.open_clocks:
            wanted = ANSWERED_BY[clock.metric]
            if wanted is not None and not resolves and not wanted & marks:
                continue
            clock.end("missed" if clock.breached else "met", now)
            if clock.metric == UPDATE and not resolves and self.status not in WAITING:
                self._begin(UPDATE, now, cycle=clock.cycle + 1)

    def _demand_move(self, target: str, *, replied: bool, reason: str) -> None:
        needed = BY_HAND.get((self.status, target))
        if needed is None or (needed == "reply" and not replied) or (needed == "reason" and not reason):
            raise Refused(f"{self.status} → {target}")

    def _move(self, target: str, now: datetime) -> None:
        self._wait_ends(now)
        if target == "pending":
            self.waits.append([now])
        self.status = target
        for clock in self.open_clocks:
            still = target in STILL_IN[FAMILY[clock.metric]]
            if still and clock.state == "running":
                clock.pause(now)
            elif not still and clock.state == "paused":
                clock.resume(now)
        if target not in WAITING and not any(clock.metric == UPDATE for clock in self.open_clocks):
            self._begin(UPDATE, now, cycle=self._last(UPDATE) + 1)

    def _wait_ends(self, now: datetime) -> None:
        if self.waits and len(self.waits[-1]) == 1:
            self.waits[-1].append(now)

    def _reopen(self, now: datetime) -> None:
        self.status, self.resolved, self.closed = "open", None, None
        self.cycle, self.cycle_started = self.cycle + 1, now
        self._begin_anew("ticket", now)

    def _begin_anew(self, begun: str, now: datetime) -> None:
        """What was promised ends, nothing of it climbs or waits for the lead; what is promised from here on begins."""
        for clock in self.open_clocks:
            clock.end("missed" if clock.breached else "cancelled", now)
        for rung in self.rungs:
            rung.climbs = rung.climbs if rung.acknowledged else None
        self.breached = None
        self._start_all(begun, now)

    def _start_all(self, begun: str, now: datetime) -> None:
        for metric in self.book.targets(self):
            if BEGINS_WITH.get(metric, "ticket") == begun:
                self._begin(metric, now, cycle=self._last(metric) + 1 if metric in COUNTED_ON else self.cycle)

    def _wait_for_answer(self, now: datetime) -> None:
        if self.waiting is None:
            self.waiting = now
            if NEXT in self.book.targets(self) and self._owes_next():
                self._begin(NEXT, now, cycle=self._last(NEXT) + 1)

    def _owes_next(self) -> bool:
        """Words of the customer wait, after the first answer, and no clock counts that or has missed it."""
        if self.waiting is None or self.answered is None:
            return False
        if any(clock.metric in (NEXT, "first_response") for clock in self.open_clocks):
            return False
        missed = (clock.ended for clock in self.clocks if clock.metric == NEXT and clock.state == "missed")
        return all(ended <= self.waiting for ended in missed)

    def _last(self, metric: str) -> int:
        return max((clock.cycle for clock in self.clocks if clock.metric == metric), default=0)

    def _begin(self, metric: str, now: datetime, *, cycle: int, carried: timedelta = ZERO) -> Clock | None:
        """A new clock under the targets that match now, in the next revision."""
        target = self.book.targets(self).get(metric)
        if target is None:
            return None
        revisions = [each.revision for each in self.clocks if (each.metric, each.cycle) == (metric, cycle)]
        row = (metric, cycle, max(revisions, default=0) + 1, self.severity, target, self.book.hours_of(target))
        clock = Clock(*row, started=now, carried=carried)
        self.clocks.append(clock)
        return clock

    def _follow(self, now: datetime) -> None:
        """Open clocks follow the targets that match now; the counted time goes with them."""
        if not self.is_unresolved:
            return
        wanted = {FAMILY[metric]: target for metric, target in self.book.targets(self).items()}
        for clock in self.open_clocks:
            target = wanted.pop(FAMILY[clock.metric], None)
            if target and (clock.target, clock.severity) == (target, self.severity):
                continue
            same = target is not None and target.metric == clock.metric
            if target and not same and self._missed_before(target.metric):
                target = None
            carried, was_paused = clock.counted(now), clock.state == "paused"
            was_due = clock.going_on(clock.due, now) if was_paused else clock.due
            clock.end("missed" if clock.breached and not same else "superseded", now)
            if target:
                cycle = clock.cycle if same else self.cycle
                new = self._begin(target.metric, now, cycle=cycle, carried=carried)
                new.breached = clock.breached if same else None
                if same and new.warn <= now and new.due >= was_due:
                    new.warned = clock.warned  # nobody is warned twice of a promise that is no tighter
                if was_paused:
                    new.pause(now)
        for target in wanted.values():
            self._begin_late(target, now)
        self.overdue(now, inclusive=True)

    def _missed_before(self, metric: str) -> bool:
        return any((clock.metric, clock.cycle, clock.state) == (metric, self.cycle, "missed") for clock in self.clocks)

    def _begin_late(self, target: Target, now: datetime) -> None:
        """A promise that the ticket did not have: kept from the beginning of the cycle, without what was waited for."""
        if target.metric == REPORT:
            return  # promised at the resolution or not at all
        if target.metric == NEXT:
            if self._owes_next():
                hours = self.book.hours_of(target)
                self._begin(NEXT, now, cycle=self._last(NEXT) + 1, carried=hours.between(self.waiting, now))
            return
        if target.metric == UPDATE:
            if self.status not in WAITING:
                self._begin(UPDATE, now, cycle=self._last(UPDATE) + 1)
            return
        family = FAMILY[target.metric]
        mine = [clock for clock in self.clocks if FAMILY[clock.metric] == family and clock.cycle == self.cycle]
        if any(clock.state != "superseded" for clock in mine):
            return  # it has its verdict
        hours = ALWAYS if target.unit == "working_days" else self.book.hours_of(target)
        carried = hours.between(self.cycle_started, now)
        if "pending" in STILL_IN[family]:
            since = self.cycle_started
            carried -= sum((hours.between(max(w[0], since), [*w, now][1]) for w in self.waits if w[0] >= since), ZERO)
        new = self._begin(target.metric, now, cycle=self.cycle, carried=carried)
        if self.status in STILL_IN[family]:
            new.pause(now)
