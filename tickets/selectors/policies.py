"""What applying the present policies would do to the running clocks, and what was applied before.

Read chunk by chunk of open tickets, each in five queries however many clocks there are, and decided by
`sla.regrading.plan`, which decides when they are applied too.
"""

import heapq
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from sla import regrading
from sla.choices import MetricCode
from sla.deadlines import EmptyCalendar
from sla.models import CalendarVersion, Clock, Policy
from sla.pasts import pasts_of
from sla.policies import policy_book, policy_digest
from sla.regrading import Step
from sla.selectors import OPEN
from tickets.models import PolicyRun, Ticket
from tickets.promises import amount_text
from tickets.services.locking import facts_of

#: Tickets that are held in memory together.
CHUNK = 2000
SHOWN = 50
RUNS = 10
_FIELDS = (
    "number", "subject", "severity", "status", "cycle", "cycle_started_at", "waiting_since", "first_response_at",
    "team", "category", "organization__service_level",
)  # fmt: skip


@dataclass(frozen=True)
class Outlook:
    """What becomes of the clocks of one ticket; ``problem`` when that cannot be reckoned."""

    ticket: Ticket
    steps: list[Step]
    problem: str = ""


@dataclass(frozen=True)
class Side:
    """A promise before or after: what, how long, and under which policy and calendar it counts."""

    metric: str
    time: str
    note: str


@dataclass
class Group:
    """Clocks that change in the same way."""

    metric: str
    source: Side | None
    target: Side | None
    clocks: int = 0
    sooner: int = 0
    later: int = 0
    overdue: int = 0


@dataclass(frozen=True)
class Moved:
    """One clock of one ticket on the list: its metric and due instant before and after."""

    metric: str
    paused: bool
    source: datetime | None
    target: datetime | None
    overdue: bool


@dataclass(frozen=True)
class _Names:
    """Policies by id, calendars by the id of each of their versions."""

    policies: dict[int, str]
    calendars: dict[int, str]


@dataclass
class Preview:
    """The figures of the page; ``digest`` names the policies that they are of."""

    digest: str
    open: int = 0
    tickets: int = 0
    clocks: int = 0
    overdue: int = 0
    groups: list[Group] = field(default_factory=list)
    rows: list[tuple[Ticket, list[Moved]]] = field(default_factory=list)
    problems: list[tuple[Ticket, str]] = field(default_factory=list)


def outlooks(*, now: datetime, after: int = 0, each_chunk: Callable[[], object] = lambda: None) -> Iterator[Outlook]:
    """The open tickets above the id ``after`` whose clocks would change, in the order of their ids.

    ``each_chunk`` is called after every chunk that was read, also where none of it changes.
    """
    open_tickets = Ticket.objects.unresolved().select_related("organization").only(*_FIELDS).order_by("pk")
    while chunk := list(open_tickets.filter(pk__gt=after)[:CHUNK]):
        book = policy_book()
        pasts = pasts_of([ticket.pk for ticket in chunk])
        each_chunk()
        for ticket in chunk:
            try:
                steps = regrading.plan(facts=facts_of(ticket), book=book, past=pasts[ticket.pk], now=now)
            except EmptyCalendar as error:
                yield Outlook(ticket, [], str(error))
            else:
                if steps:
                    yield Outlook(ticket, steps)
        after = chunk[-1].pk


def preview(*, now: datetime) -> Preview:
    """How many clocks would get another promise, from what to what, and the tickets that it presses most."""
    found = Preview(policy_digest(), open=Clock.objects.filter(state__in=OPEN).count())
    versions = CalendarVersion.objects.select_related("calendar").defer("definition")
    names = _Names(dict(Policy.objects.values_list("pk", "name")), {row.pk: row.calendar.label for row in versions})
    groups: dict[Any, Group] = {}
    first = heapq.nsmallest(SHOWN, _counted(outlooks(now=now), found, groups, names, now), key=_pressing(now))
    found.groups = sorted(groups.values(), key=lambda group: -group.clocks)
    found.rows = [(outlook.ticket, [_moved(step, now) for step in outlook.steps]) for outlook in first]
    return found


def policies_in_order() -> QuerySet[Policy]:
    """Every policy in the order in which it is asked, with its conditions and targets."""
    rows = Policy.objects.select_related("organization", "team", "category").prefetch_related("targets__calendar")
    return rows.order_by("position", "pk")


def runs() -> list[PolicyRun]:
    """The newest applications."""
    return list(PolicyRun.objects.select_related("actor")[:RUNS])


def _counted(
    rows: Iterable[Outlook], found: Preview, groups: dict[Any, Group], names: _Names, now: datetime
) -> Iterator[Outlook]:
    """Let the rows through, counting them on the way, so that thousands need not be kept."""
    for row in rows:
        if row.problem:
            found.problems = [*found.problems, (row.ticket, row.problem)][:SHOWN]
            continue
        found.tickets += 1
        found.clocks += len(row.steps)
        for step in row.steps:
            overdue = step.is_overdue(now)
            found.overdue += overdue
            group = _group(step, names)
            group = groups.setdefault((group.source, group.target), group)
            group.clocks += 1
            group.overdue += overdue
            if step.new and step.was_due_at:
                group.sooner += step.new.due_at < step.was_due_at
                group.later += step.new.due_at > step.was_due_at
        yield row


def _pressing(now: datetime) -> Any:
    """What is overdue at once comes first, then what is due next."""

    def key(row: Outlook) -> tuple:
        due = [step.new.due_at for step in row.steps if step.new]
        return not any(step.is_overdue(now) for step in row.steps), not due, min(due, default=now), row.ticket.pk

    return key


def _group(step: Step, names: _Names) -> Group:
    old, new = step.old, step.new
    warns = bool(old and new and old.warn_share != new.warn_share)
    return Group(_metric(new or old), _side(old, names, warns=warns), _side(new, names, warns=warns))


def _side(clock: Clock | None, names: _Names, *, warns: bool) -> Side | None:
    """With ``warns``, when it warns too: that is what changes."""
    if clock is None:
        return None
    version = clock.calendar_version_id
    notes = [names.policies.get(clock.policy_id or 0, ""), names.calendars.get(version or 0, "")]
    if warns:
        notes.append(_("warns at %(share)d %%") % {"share": round(clock.warn_share * 100)})
    time = amount_text(clock.target_amount, clock.target_unit, working_hours=version is not None)
    return Side(_metric(clock), time, " · ".join(filter(None, notes)))


def _moved(step: Step, now: datetime) -> Moved:
    target = step.new.due_at if step.new else None
    return Moved(_metric(step.new or step.old), bool(step.pause), step.was_due_at, target, step.is_overdue(now))


def _metric(clock: Clock | None) -> str:
    return str(MetricCode(clock.metric).label) if clock else ""
