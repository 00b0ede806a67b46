"""Who of a team is away when in the next four weeks, on which working days too few are left, and who leaves soon."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.db.models import BooleanField, ExpressionWrapper, Prefetch, Q, QuerySet
from django.db.models.expressions import RawSQL

from accounts.models import Absence, Team, User
from accounts.selectors import members
from accounts.services.duty import may_plan
from sla.deadlines import WorkingCalendar
from sla.selectors import default_calendar
from tickets.selectors.load import open_tickets

WEEKS = 4
#: From when on the tickets of who goes away are offered to be handed over.
OFFERED = timedelta(days=3)


@dataclass(frozen=True)
class Day:
    """One local day of the strip; ``hours`` is its working time, nothing on a free day."""

    date: date
    start: datetime
    end: datetime
    hours: timedelta

    @property
    def is_free(self) -> bool:
        return not self.hours

    @property
    def is_monday(self) -> bool:
        return self.date.weekday() == 0


@dataclass(frozen=True)
class Cell:
    """One person on one day: the absence that meets it, and whether half of the working time or more is gone."""

    day: Day
    absence: Absence | None = None
    is_away: bool = False


@dataclass(frozen=True)
class Total:
    """How many are there on one day."""

    day: Day
    present: int
    is_gap: bool


@dataclass(frozen=True)
class Strip:
    """People by days."""

    days: list[Day]
    rows: list[tuple[Any, list[Cell]]]
    totals: list[Total]
    least: int
    may_plan: frozenset[int]

    @property
    def gaps(self) -> list[Total]:
        return [total for total in self.totals if total.is_gap]


def strip(*, user: User, team: Team, now: datetime) -> Strip:
    """The four weeks from today on, in the calendar's days, with whose absences ``user`` may plan.

    Four queries, whatever the number of people.
    """
    calendar = default_calendar()
    days = _days(calendar, now)
    rows = Absence.objects.filter(starts_at__lt=days[-1].end, ends_at__gt=days[0].start).select_related("deputy")
    people = members(team=team).filter(is_active=True).order_by("name", "pk")
    found = list(people.prefetch_related("memberships", Prefetch("absences", rows, to_attr="absences_ahead")))
    lines = [(person, [_cell(calendar, day, person.absences_ahead) for day in days]) for person in found]
    totals = []
    for at, day in enumerate(days):
        there = sum(1 for person, cells in lines if not cells[at].is_away)
        totals.append(Total(day, there, not day.is_free and there < team.least_present))
    plannable = frozenset(person.pk for person in found if may_plan(actor=user, user=person))
    return Strip(days, lines, totals, team.least_present, plannable)


def _days(calendar: WorkingCalendar, now: datetime) -> list[Day]:
    first = now.astimezone(calendar.zone).date()
    found = []
    for day in (first + timedelta(days=n) for n in range(7 * WEEKS)):
        start = datetime.combine(day, datetime.min.time(), tzinfo=calendar.zone)
        end = datetime.combine(day + timedelta(days=1), datetime.min.time(), tzinfo=calendar.zone)
        found.append(Day(day, start, end, calendar.between(start, end)))
    return found


def _cell(calendar: WorkingCalendar, day: Day, absences: list[Absence]) -> Cell:
    meets = [one for one in absences if one.starts_at < day.end and one.ends_at > day.start]
    if not meets:
        return Cell(day)
    gone = [(max(one.starts_at, day.start), min(one.ends_at, day.end)) for one in meets]
    if day.is_free:
        share = sum((end - start for start, end in gone), timedelta()) / (day.end - day.start)
    else:
        share = sum((calendar.between(*span) for span in gone), timedelta()) / day.hours
    return Cell(day, meets[0], share >= 0.5) if share else Cell(day)


def coming(*, person: User, now: datetime) -> QuerySet[Absence]:
    """The absences of ``person`` that are not over, the next first."""
    return person.absences.filter(ends_at__gt=now).select_related("deputy", "created_by").order_by("starts_at")


def leaving(*, user: User, now: datetime | RawSQL) -> Any | None:
    """The absence of ``user`` that runs (``has_begun``) or begins soon, with ``load``, while they have open tickets.

    One query.
    """
    rows = Absence.objects.filter(user=user, ends_at__gt=now, starts_at__lt=now + OFFERED).select_related("deputy")
    has_begun = ExpressionWrapper(Q(starts_at__lte=now), output_field=BooleanField())
    found = rows.annotate(load=open_tickets(of="user"), has_begun=has_begun).order_by("starts_at").first()
    return found if found and found.load else None
