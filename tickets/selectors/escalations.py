"""The lead's escalation queue: ticket by ticket, what was missed, who was told, who hears next.

Overdue time is counted in the hours of the promise: what was due at 17:55 of a team that works until six is five
minutes over the next morning at nine, not fifteen hours.
"""

import hashlib
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Exists, OuterRef, Q

from accounts.models import User
from outbox.models import Delivery
from sla.choices import ClockState
from sla.engine import EngineState, engine_state
from sla.models import Clock, EscalationStep
from sla.selectors import OPEN, clocks_to_show, ladder
from tickets.models import Escalation, SeverityContest, Ticket
from tickets.permissions import may
from tickets.querysets import GRAVEST_FIRST, TicketQuerySet

#: Rows of one section; what is beyond is counted, and comes up as the first ones are dealt with.
MOST = 60
#: A promise that is due within this time stands here even before it warns.
SOON = timedelta(minutes=15)


@dataclass
class Miss:
    """One missed promise: its rungs, lowest first, and its clock while that is unanswered (else None)."""

    rungs: list[Escalation]
    clock: Clock | None

    @property
    def top(self) -> Escalation:
        return self.rungs[-1]


@dataclass
class Row:
    """One ticket of the page."""

    ticket: Ticket
    actions: frozenset[str]
    misses: list[Miss] = field(default_factory=list)
    clocks: list[Any] = field(default_factory=list)
    told: list[tuple[int, str]] = field(default_factory=list)
    next_rung: str = ""
    next_at: datetime | None = None
    acknowledged: Escalation | None = None

    @property
    def level(self) -> int:
        return max((miss.top.level for miss in self.misses), default=0)


@dataclass
class Section:
    """The first rows, and how many there are in all."""

    rows: list[Row]
    total: int

    @property
    def hidden(self) -> int:
        return self.total - len(self.rows)


@dataclass
class Desk:
    """Everything that the page shows, in a number of queries that no figure of tickets changes."""

    open: Section
    soon: Section
    acknowledged: Section
    contests: list[SeverityContest]
    engine: EngineState

    @property
    def fingerprint(self) -> str:
        """Changes whenever the page would show something else (the ticking of the chips is the page's own)."""
        parts: list[Any] = [self.engine.mark, [(row.pk, row.ticket.revision) for row in self.contests]]
        for section in (self.open, self.soon, self.acknowledged):
            parts.append(section.total)
            for row in section.rows:
                rungs = [(rung.pk, rung.acknowledged_at) for miss in row.misses for rung in miss.rungs]
                faces = [(c.state, bool(c.breached_at), bool(c.warned_at)) for c in row.clocks]
                chips = [miss.clock and miss.clock.state for miss in row.misses]
                parts.append((row.ticket.pk, row.ticket.revision, rungs, faces, chips, row.told))
        return hashlib.sha256(repr(parts).encode()).hexdigest()[:16]


def desk(*, user: User, now: datetime, team: int | None = None) -> Desk:
    """The escalation queue as ``user`` may see it, of one team when ``team`` is given."""
    seen = Ticket.objects.workable_by(user).owing()
    if team is not None:
        seen = seen.filter(team=team)
    due = Q(due_at__lte=now + SOON) | Q(warn_at__lte=now) | Q(warned_at__isnull=False)
    running = Clock.objects.filter(ticket=OuterRef("pk"), state=ClockState.RUNNING, breached_at=None)
    unanswered = Clock.objects.filter(ticket=OuterRef("pk"), state__in=OPEN, breached_at__isnull=False)
    quiet = seen.filter(breached_at=None)
    order = (GRAVEST_FIRST, "next_due_at", "pk")
    open_, soon, acknowledged = (
        _section(seen.filter(breached_at__isnull=False), (GRAVEST_FIRST, "breached_at", "pk"), user),
        _section(quiet.filter(Exists(running.filter(due))), order, user),
        _section(quiet.filter(Exists(unanswered)).exclude(Exists(running.filter(due))), order, user),
    )
    _fill([*open_.rows, *soon.rows, *acknowledged.rows], now=now)
    return Desk(open_, soon, acknowledged, contests=_contests(seen, user), engine=engine_state(now=now))


def _contests(seen: TicketQuerySet, user: User) -> list[SeverityContest]:
    if not user.may("ticket.decide_severity"):
        return []
    rows = SeverityContest.objects.filter(ticket__in=seen, state="open")
    return list(rows.select_related("ticket", "raised_by").order_by("raised_at", "pk")[:MOST])


def _section(tickets: TicketQuerySet, order: Iterable[Any], user: User) -> Section:
    related = ("team", "assignee", "requester", "organization")
    wanted = tickets.order_by(*order).select_related(*related).defer("tokens", "grading", "routing")
    found = list(wanted[: MOST + 1])
    total = len(found) if len(found) <= MOST else tickets.count()
    return Section([Row(one, _actions(one, user)) for one in found[:MOST]], total)


def _actions(ticket: Ticket, user: User) -> frozenset[str]:
    """Nobody takes over what is resolved, but its report can be asked for."""
    names = ("acknowledge", "call_in", "note", *(("take_over", "assign") if ticket.is_unresolved else ()))
    return frozenset(name for name in names if may(user, name, ticket))


def _fill(rows: list[Row], *, now: datetime) -> None:
    """Clocks, rungs, who was told and who hears next, of all rows at once."""
    keys = [row.ticket.pk for row in rows]
    steps = ladder()
    clocks: dict[int, list[Any]] = defaultdict(list)
    for clock in clocks_to_show().filter(ticket__in=keys, state__in=OPEN):
        clocks[clock.ticket_id].append(clock)
    rungs: dict[int, list[Escalation]] = defaultdict(list)
    for rung in Escalation.objects.filter(ticket__in=keys).select_related("acknowledged_by").order_by("level", "pk"):
        rungs[rung.ticket_id].append(rung)
    told = _told(keys, rungs)
    for row in rows:
        pk = row.ticket.pk
        _fill_row(row, clocks[pk], rungs[pk], now=now)
        _next_rung(row, steps)
        row.told = told.get(pk, [])


def _fill_row(row: Row, clocks: list[Any], rungs: list[Escalation], *, now: datetime) -> None:
    """Open rungs by promise; without any (all acknowledged), what is still unanswered."""
    waiting = [rung for rung in rungs if rung.acknowledged_at is None]
    late = {_key(clock): clock for clock in clocks if clock.breached_at}
    by_key: dict[tuple, list[Escalation]] = defaultdict(list)
    for rung in waiting or [rung for rung in rungs if _key(rung) in late]:
        by_key[_key(rung)].append(rung)
    row.misses = [Miss(found, late.get(key)) for key, found in by_key.items()]
    row.misses.sort(key=lambda miss: miss.rungs[0].due_at)
    row.clocks = [clock for clock in clocks if _is_soon(clock, now=now)]
    signed = [rung for rung in rungs if rung.acknowledged_at is not None]
    row.acknowledged = max(signed, key=lambda rung: (rung.acknowledged_at, rung.pk)) if signed and not waiting else None


def _is_soon(clock: Any, *, now: datetime) -> bool:
    """As the section's condition in `desk` says it."""
    if clock.state != ClockState.RUNNING or clock.breached_at:
        return False
    return clock.warned_at is not None or clock.warn_at <= now or clock.due_at <= now + SOON


def _key(row: Any) -> tuple:
    return (row.metric, row.subject, row.cycle)


def _next_rung(row: Row, steps: dict[tuple[str, int], EscalationStep]) -> None:
    """The soonest climb among the row's promises, and whom it tells."""
    tops = [miss.top for miss in row.misses]
    climbing = [(top.climbs_at, top.pk, top) for top in tops if top.climbs_at and top.acknowledged_at is None]
    if climbing:
        at, _pk, first = min(climbing)
        step = steps.get((first.severity, first.level + 1))
        row.next_at = at if step else None
        row.next_rung = step.get_whom_display() if step else ""


def _told(keys: list[int], rungs: dict[int, list[Escalation]]) -> dict[int, list[tuple[int, str]]]:
    """(level, name) of everybody whom an open rung of a ticket really told, by ticket: the outbox knows."""
    waiting = [rung for pk in keys for rung in rungs[pk] if rung.acknowledged_at is None]
    by_key = {rung.dedupe_key: rung for rung in waiting}
    found: dict[int, list[tuple[int, str]]] = defaultdict(list)
    rows = Delivery.objects.filter(intent__dedupe_key__in=by_key, user__isnull=False)
    for key, name in rows.order_by("pk").values_list("intent__dedupe_key", "user__name"):
        rung = by_key[str(key)]
        if (rung.level, name) not in found[rung.ticket_id]:
            found[rung.ticket_id].append((rung.level, name))
    return {pk: sorted(people) for pk, people in found.items()}
