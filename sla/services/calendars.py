"""Changing the dates of a working calendar, and keeping what it was as versions."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any, NamedTuple

from django.db import transaction

from sla.deadlines import WorkingCalendar
from sla.holidays_source import SpecialDay
from sla.hours import WEEKDAYS
from sla.models import Calendar, CalendarDay, CalendarVersion


class Imported(NamedTuple):
    """What an import did: how many dates are new, changed, left as somebody had set them, and the version after it."""

    added: int
    replaced: int
    kept: int
    version: CalendarVersion


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


@transaction.atomic
def import_days(*, calendar: Calendar, special: Iterable[SpecialDay], replace: bool = False, now: datetime) -> Imported:
    """Write holidays and make-up days. A date set otherwise stays unless ``replace``."""
    calendar = Calendar.objects.select_for_update().get(pk=calendar.pk)
    present = {day.date: day for day in calendar.days.all()}
    hours = _weekday_hours(calendar)
    added: list[CalendarDay] = []
    replaced = kept = 0
    for day in special:
        if day.is_working and not hours:
            raise ValueError(f"{calendar} has no weekly hours that the make-up day {day.date} could take.")
        intervals = hours if day.is_working else []
        row = present.get(day.date)
        if row is None:
            added.append(CalendarDay(calendar=calendar, date=day.date, intervals=intervals, name=day.name[:120]))
        elif row.intervals != intervals and replace:
            row.intervals, row.name = intervals, day.name[:120]
            row.save(update_fields=["intervals", "name"])
            replaced += 1
        elif row.intervals != intervals:
            kept += 1
    CalendarDay.objects.bulk_create(added)
    return Imported(len(added), replaced, kept, snapshot(calendar=calendar, now=now))


def _weekday_hours(calendar: Calendar) -> list[Any]:
    """The hours a make-up day takes: those of Monday, else of the first weekday that has any."""
    return next((calendar.weekly_hours[day] for day in WEEKDAYS if calendar.weekly_hours.get(day)), [])
