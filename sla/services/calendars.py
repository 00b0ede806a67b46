"""Changing the dates of a working calendar, and keeping what it was as versions."""

from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum
from typing import Any, NamedTuple

from django.db import transaction

from outbox.services import enqueue_many
from sla.deadlines import WorkingCalendar
from sla.holidays_source import SpecialDay
from sla.hours import WEEKDAYS
from sla.models import Calendar, CalendarDay, CalendarVersion
from sla.selectors import missing_years


class Imported(NamedTuple):
    """What an import did: how many dates are new, changed, left as somebody had set them, and the version after it."""

    added: int
    replaced: int
    kept: int
    version: CalendarVersion


class Fate(StrEnum):
    """What an import makes of a day: it is new, there already, or was set otherwise by somebody."""

    NEW = "new"
    SAME = "same"
    OTHERWISE = "otherwise"


class Planned(NamedTuple):
    """One day of an import, the hours it would get, and what stands in their way."""

    day: SpecialDay
    intervals: list[Any]
    fate: Fate


def working_calendar(calendar: Calendar) -> WorkingCalendar:
    """The calendar as its rows are now. Nonsense in them is a ValueError."""
    days = {str(day): intervals for day, intervals in calendar.days.values_list("date", "intervals")}
    return WorkingCalendar.from_dict({"zone": calendar.zone, "weekly": calendar.weekly_hours, "days": days})


@transaction.atomic
def snapshot(*, calendar: Calendar, now: datetime) -> CalendarVersion:
    """The version that equals the rows: the newest when it does, else a new one. Running clocks keep theirs."""
    calendar = Calendar.objects.select_for_update().get(pk=calendar.pk)
    current = working_calendar(calendar)
    newest = calendar.snapshots.order_by("-number").first()
    if newest is not None and WorkingCalendar.from_dict(newest.definition) == current:
        return newest
    number = newest.number + 1 if newest is not None else 1
    return CalendarVersion.objects.create(
        calendar=calendar, number=number, definition=current.to_dict(), created_at=now
    )


def plan_days(*, calendar: Calendar, special: Iterable[SpecialDay]) -> list[Planned]:
    """What an import would write, day by day; nothing is written.

    Raises:
        ValueError: a make-up day, and the calendar has no weekly hours that it could take.
    """
    present = dict(calendar.days.values_list("date", "intervals"))
    hours = _weekday_hours(calendar)
    planned = []
    for day in special:
        if day.is_working and not hours:
            raise ValueError(f"{calendar} has no weekly hours that the make-up day {day.date} could take.")
        intervals = hours if day.is_working else []
        if day.date not in present:
            fate = Fate.NEW
        else:
            fate = Fate.SAME if present[day.date] == intervals else Fate.OTHERWISE
        planned.append(Planned(day, intervals, fate))
    return planned


@transaction.atomic
def import_days(*, calendar: Calendar, special: Iterable[SpecialDay], replace: bool = False, now: datetime) -> Imported:
    """Write holidays and make-up days. A date set otherwise stays unless ``replace``.

    Raises:
        ValueError: as `plan_days`.
    """
    calendar = Calendar.objects.select_for_update().get(pk=calendar.pk)
    planned = plan_days(calendar=calendar, special=special)
    added = [
        CalendarDay(calendar=calendar, date=day.date, intervals=intervals, name=day.name[:120])
        for day, intervals, fate in planned
        if fate == Fate.NEW
    ]
    otherwise = [each for each in planned if each.fate == Fate.OTHERWISE]
    if replace:
        for day, intervals, _fate in otherwise:
            calendar.days.filter(date=day.date).update(intervals=intervals, name=day.name[:120])
    CalendarDay.objects.bulk_create(added)
    replaced, kept = (len(otherwise), 0) if replace else (0, len(otherwise))
    return Imported(len(added), replaced, kept, snapshot(calendar=calendar, now=now))


@transaction.atomic
def tell_missing_years(*, now: datetime) -> int:
    """Write to the administrators of each year that a calendar lacks: once a month before, once when it has begun.

    Returns how many years are missing; telling twice is prevented by the intents' keys.
    """
    missing = missing_years(now=now)
    enqueue_many(
        [
            {
                "kind": "calendar.year_missing",
                "payload": {"calendar": each.calendar.pk, "year": each.year},
                "stream": f"calendar:{each.calendar.pk}",
                "dedupe_key": f"year-missing:{each.calendar.pk}:{each.year}:{'begun' if each.has_begun else 'ahead'}",
            }
            for each in missing
        ],
        now=now,
    )
    return len(missing)


def _weekday_hours(calendar: Calendar) -> list[Any]:
    """The hours a make-up day takes: those of Monday, else of the first weekday that has any."""
    return next((calendar.weekly_hours[day] for day in WEEKDAYS if calendar.weekly_hours.get(day)), [])
