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
from accounts.services.duty import may_plan
from sla.choices import ClockState
from sla.engine import EngineState, engine_state
from sla.models import Clock
from sla.selectors import OPEN, clocks_to_show
from tickets.choices import MessageKind, Status
from tickets.models import Message, ShiftNote, Ticket
from tickets.querysets import GRAVEST_FIRST, TicketQuerySet
from tickets.selectors.handover import waiting_on, with_load, works
from tickets.selectors.shift_notes import latest

#: The timeline has a column for every five minutes of the next two hours (static/css/board.css counts on 24).
STEP = timedelta(minutes=5)
COLUMNS = 24
AHEAD = STEP * COLUMNS
#: A mark is as wide as so many columns; the last ones lie to the left of their instant.
WIDTH = 7
#: Marks of one person that are drawn; the others are counted.
MOST_DUE = 12
MOST_OVERDUE = 4
MOST_UNASSIGNED = 50


@dataclass(frozen=True)
class Mark:
    """One promise on the timeline, in the column of its five minutes."""

    clock: Clock
    column: int

    @property
    def is_flipped(self) -> bool:
        return self.column > COLUMNS - WIDTH


@dataclass
class Line:
    """One person of the board, or the tickets that nobody has (``person`` None)."""

    person: Any | None
    load: int
    capacity: int
    late: list[Clock]
    marks: list[Mark]
    waiting_since: datetime | None = None
    waiting_ticket: Any | None = None
    absence: Absence | None = None
    may_switch: bool = False
    may_hold: bool = False

    @property
    def overdue(self) -> int:
        """Tickets, not promises."""
        return len(self.late)

    @property
    def late_shown(self) -> list[Clock]:
        return self.late[:MOST_OVERDUE]

    @property
    def late_more(self) -> int:
        return max(len(self.late) - MOST_OVERDUE, 0)

    @property
    def marks_shown(self) -> list[Mark]:
        return self.marks[:MOST_DUE]

    @property
    def marks_more(self) -> int:
        return max(len(self.marks) - MOST_DUE, 0)

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
    note: ShiftNote | None
    engine: EngineState
    handovers: list[Any] = field(default_factory=list)

    @property
    def due_soon(self) -> int:
        return sum(len(line.marks) for line in (*self.lines, self.nobody))

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
        """Changes whenever the page would show something else, and with every five minutes."""
        note = self.note and (self.note.pk, len(self.note.readings.all()))
        parts: list[Any] = [self.team.pk, self.open, self.starts[0], note, self.engine.mark]
        for line in (*self.lines, self.nobody):
            marks = [(mark.clock.pk, bool(mark.clock.warned_at)) for mark in line.marks]
            person = line.person and (line.person.pk, line.person.on_duty)
            parts.append((person, line.absence and line.absence.pk, line.load, line.waiting_since))
            parts.append(([clock.pk for clock in line.late], marks))
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
    clocks = _clocks(tickets, until=starts[0] + AHEAD)
    waiting = _waiting(tickets)
    people = _people(team, now)
    lines = [_staffed(_line(one, clocks.get(one.pk, []), starts[0], now), user, waiting) for one in people]
    known = {person.pk for person in people}
    # Tickets of this team with people of other teams: nobody on this board holds them, so they stand with «nobody».
    others = [pk for pk in clocks if pk not in known]
    nobody = _line(None, [clock for pk in others for clock in clocks[pk]], starts[0], now)
    unassigned = _unassigned(tickets)
    figures = tickets.aggregate(total=Count("pk"), unassigned=Count("pk", filter=Q(assignee=None)))
    nobody.load = figures["unassigned"]
    note = latest(user=user, team=team)
    handovers = waiting_on(user=user, team=team)
    return Board(team, lines, nobody, unassigned, starts, figures["total"], note, engine_state(now=now), handovers)


def _starts(now: datetime) -> list[datetime]:
    """The half hours of the axis, from the present five minutes on."""
    first = now.replace(minute=now.minute // 5 * 5, second=0, microsecond=0)
    return [first + timedelta(minutes=30) * step for step in range(4)]


def _people(team: Team, now: datetime) -> list[Any]:
    """Members with load and absence, those who are there first."""
    people = with_load(team=team, now=now).annotate(may_work=works()).prefetch_related("memberships")
    return sorted(people, key=lambda one: (bool(one.absences_now), not one.on_duty))


def _clocks(tickets: TicketQuerySet, *, until: datetime) -> dict[int | None, list[Clock]]:
    """Running promises of the team's tickets that are late or due before ``until``, by assignee, the next due first."""
    found: dict[int | None, list[Clock]] = defaultdict(list)
    rows = Clock.objects.filter(ticket__in=tickets, state=ClockState.RUNNING, due_at__lt=until)
    rows = rows.select_related("ticket")
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
        .order_by("assignee_id", "said_at", "pk")
        .distinct("assignee_id")  # of a team with thousands of open tickets, one for each person is fetched
    )
    return {ticket.assignee_id: ticket for ticket in rows}


def _line(person: Any | None, clocks: Iterable[Clock], start: datetime, now: datetime) -> Line:
    late: dict[int, Clock] = {}
    marks = []
    for clock in clocks:
        if clock.breached_at or clock.due_at < now:
            late.setdefault(clock.ticket_id, clock)
        else:
            marks.append(Mark(clock, int((clock.due_at - start) / STEP)))
    return Line(person, 0, 0, list(late.values()), marks)


def _staffed(line: Line, user: User, waiting: dict[int | None, Any]) -> Line:
    person: Any = line.person
    line.load, line.capacity = person.open_tickets, person.capacity
    line.absence = next(iter(person.absences_now), None)
    line.may_switch = may_plan(actor=user, user=person)
    line.may_hold = person.may_work
    oldest = waiting.get(person.pk)
    if oldest is not None:
        line.waiting_ticket, line.waiting_since = oldest, oldest.said_at
    return line


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
