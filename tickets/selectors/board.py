"""The team board: who is there, how full everybody is, and what falls due in the next two hours."""

import hashlib
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, F, OuterRef, Prefetch, Q, QuerySet, Subquery
from django.http import Http404

from accounts.models import Absence, Team, User
from accounts.selectors import teams_in_reach
from sla.choices import ClockState
from sla.engine import EngineState, engine_state
from sla.models import Clock
from sla.selectors import OPEN, clocks_to_show
from tickets.choices import MessageKind, Status
from tickets.models import Message, Ticket
from tickets.querysets import GRAVEST_FIRST, TicketQuerySet
from tickets.selectors.handover import waiting_on, with_load

SLOT = timedelta(minutes=15)
SLOTS = 8
AHEAD = SLOT * SLOTS
#: Marks of one cell that are drawn; the others are counted.
MARKS = 3
MOST_UNASSIGNED = 50


@dataclass(frozen=True)
class Slot:
    """What falls due for one person in one quarter of an hour."""

    start: datetime
    clocks: list[Clock] = field(default_factory=list)

    @property
    def shown(self) -> list[Clock]:
        return self.clocks[:MARKS]

    @property
    def more(self) -> int:
        return max(len(self.clocks) - MARKS, 0)


@dataclass
class Line:
    """One person of the board, or the tickets that nobody has (``person`` None)."""

    person: Any | None
    load: int
    capacity: int
    overdue: int
    slots: list[Slot]
    waiting_since: datetime | None = None
    waiting_ticket: Any | None = None
    absence: Absence | None = None
    may_switch: bool = False

    @property
    def is_there(self) -> bool:
        return self.person is not None and self.person.on_duty and self.absence is None

    @property
    def is_full(self) -> bool:
        return self.load >= self.capacity


@dataclass
class Board:
    """Everything that the page of one team shows."""

    team: Team
    lines: list[Line]
    nobody: Line
    unassigned: list[Any]
    starts: list[datetime]
    open: int
    due_soon: int
    engine: EngineState
    handovers: list[Any] = field(default_factory=list)

    @property
    def overdue(self) -> int:
        return sum(line.overdue for line in (*self.lines, self.nobody))

    @property
    def present(self) -> int:
        return sum(1 for line in self.lines if line.is_there)

    @property
    def free(self) -> int:
        """How many more tickets fit, of those who are there."""
        return sum(max(line.capacity - line.load, 0) for line in self.lines if line.is_there)

    @property
    def fingerprint(self) -> str:
        """Changes whenever the page would show something else, and with each quarter of an hour."""
        parts: list[Any] = [self.team.pk, self.open, self.starts[0], self.engine.mark]
        for line in (*self.lines, self.nobody):
            marks = [(clock.pk, bool(clock.warned_at)) for slot in line.slots for clock in slot.clocks]
            person = line.person and (line.person.pk, line.person.on_duty)
            parts.append((person, line.absence and line.absence.pk, line.load, line.overdue, line.waiting_since, marks))
        parts += [(one.pk, one.revision) for one in self.unassigned]
        parts += [one.pk for one in self.handovers]
        return hashlib.sha256(repr(parts).encode()).hexdigest()[:16]


def teams_for(*, user: User) -> list[Team]:
    """The teams whose board ``user`` may open: those in reach, for who sees every ticket all."""
    if user.may("ticket.view_all"):
        return list(Team.objects.all())
    return list(Team.objects.filter(pk__in=teams_in_reach(user=user)))


def choose_team(*, user: User, teams: list[Team], wanted: str) -> Team | None:
    """The team asked for by id, else the one that ``user`` leads, works in, or the first; None without any.

    Raises:
        Http404: when ``wanted`` is no team of ``teams``.
    """
    if wanted:
        for team in teams:
            if str(team.pk) == wanted:
                return team
        raise Http404
    nearest = [*user.team_ids("lead"), *user.team_ids()]
    staffed = [team for pk in nearest for team in teams if team.pk == pk]
    return next(iter([*staffed, *teams]), None)


def board(*, user: User, team: Team, now: datetime) -> Board:
    """The board of ``team`` at ``now``; the caller has checked that ``user`` may open it."""
    tickets = Ticket.objects.workable_by(user).filter(team=team).unresolved()
    starts = _starts(now)
    clocks = _clocks(tickets)
    waiting = _waiting(tickets)
    people = _people(team, now)
    lines = [_line(person, user, team, clocks, waiting, starts, now) for person in people]
    known = {person.pk for person in people}
    # Tickets of this team with people of other teams: nobody on this board holds them, so they stand with «nobody».
    others = [pk for pk in clocks if pk not in known]
    nobody = _empty(starts, [clock for pk in others for clock in clocks[pk]], now)
    unassigned = _unassigned(tickets)
    figures = tickets.aggregate(total=Count("pk"), unassigned=Count("pk", filter=Q(assignee=None)))
    nobody.load = figures["unassigned"]
    due = sum(len(slot.clocks) for line in (*lines, nobody) for slot in line.slots)
    handovers = waiting_on(user=user, team=team)
    return Board(team, lines, nobody, unassigned, starts, figures["total"], due, engine_state(now=now), handovers)


def _starts(now: datetime) -> list[datetime]:
    first = now.replace(minute=now.minute // 15 * 15, second=0, microsecond=0)
    return [first + SLOT * step for step in range(SLOTS)]


def _people(team: Team, now: datetime) -> list[Any]:
    """Members with load and absence, those who are there first."""
    people = with_load(team=team, now=now).prefetch_related("memberships")
    return sorted(people, key=lambda one: (bool(one.absences_now), not one.on_duty))


def _clocks(tickets: TicketQuerySet) -> dict[int | None, list[Clock]]:
    """Open, running promises of the team's tickets by assignee, the next due first."""
    found: dict[int | None, list[Clock]] = defaultdict(list)
    rows = Clock.objects.filter(ticket__in=tickets, state=ClockState.RUNNING).select_related("ticket")
    for clock in rows.defer("ticket__tokens", "ticket__grading", "ticket__routing").order_by("due_at", "pk"):
        found[clock.ticket.assignee_id].append(clock)
    return found


def _waiting(tickets: TicketQuerySet) -> dict[int | None, Any]:
    """The ticket by assignee whose customer has waited longest for an answer, with `said_at`."""
    said = Message.objects.filter(ticket=OuterRef("pk"), kind__in=[MessageKind.CUSTOMER, MessageKind.PUBLIC])
    newest = said.order_by("-id")
    rows = (
        tickets.filter(status__in=[Status.NEW, Status.OPEN])
        .annotate(said_by=Subquery(newest.values("kind")[:1]), said_at=Subquery(newest.values("created_at")[:1]))
        .filter(said_by=MessageKind.CUSTOMER)
        .only("number", "subject", "severity", "assignee")
        .order_by("said_at", "pk")
    )
    found: dict[int | None, Any] = {}
    for ticket in rows:
        found.setdefault(ticket.assignee_id, ticket)
    return found


def _line(
    person: Any,
    user: User,
    team: Team,
    clocks: dict[int | None, list[Clock]],
    waiting: dict[int | None, Any],
    starts: list[datetime],
    now: datetime,
) -> Line:
    own = clocks.get(person.pk, [])
    line = _empty(starts, own, now)
    line.person, line.load, line.capacity = person, person.open_tickets, person.capacity
    line.absence = next(iter(person.absences_now), None)
    line.may_switch = may_switch(user, person)
    oldest = waiting.get(person.pk)
    if oldest is not None:
        line.waiting_ticket, line.waiting_since = oldest, oldest.said_at
    return line


def may_switch(user: User, person: User) -> bool:
    """Whether ``user`` may change the duty of ``person``, as `accounts.services.duty` rules it."""
    if user.pk == person.pk or user.may("admin.configure"):
        return True
    teams = {row.team_id for row in person.memberships.all() if row.team_id}
    return bool(teams & set(user.team_ids("lead")))


def _empty(starts: list[datetime], clocks: Iterable[Clock], now: datetime) -> Line:
    slots = [Slot(start) for start in starts]
    overdue = set()
    for clock in clocks:
        if clock.breached_at or clock.due_at < now:
            overdue.add(clock.ticket_id)
        elif clock.due_at < starts[-1] + SLOT:
            slots[int((clock.due_at - starts[0]) / SLOT)].clocks.append(clock)
    return Line(None, 0, 0, len(overdue), slots)


def _unassigned(tickets: TicketQuerySet) -> list[Any]:
    rows = (
        tickets.filter(assignee=None)
        .select_related("requester", "organization")
        .defer("tokens", "grading", "routing")
        .prefetch_related(Prefetch("clocks", clocks_to_show().filter(state__in=OPEN), to_attr="open_clocks"))
        .order_by(GRAVEST_FIRST, F("next_due_at").asc(nulls_last=True), "pk")
    )
    found: list[Any] = list(rows[:MOST_UNASSIGNED])
    for ticket in found:
        running = [clock for clock in ticket.open_clocks if clock.state == ClockState.RUNNING]
        ticket.next_clock = next(iter(running or ticket.open_clocks), None)
    return found


def tickets_of(*, user: User, person: User) -> QuerySet[Any]:
    """The open tickets of ``person`` as far as ``user`` works with them, the next due first."""
    return (
        Ticket.objects.workable_by(user)
        .unresolved()
        .filter(assignee=person)
        .defer("tokens", "grading", "routing")
        .prefetch_related(Prefetch("clocks", clocks_to_show().filter(state__in=OPEN), to_attr="open_clocks"))
        .order_by(F("next_due_at").asc(nulls_last=True), "pk")
    )
