"""Working time: the arithmetic of every deadline (docs/deadlines.md). Pure: no Django, no clock.

Instants go in aware and come out in UTC. A calendar is expanded month by month into intervals of microseconds
with running totals, once per calendar; after that each question is a binary search and one step per month.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from sla.hours import DAY, WEEKDAYS, Hours, format_hours, merge, parse_days, parse_week
from sla.months import SECOND, Month, expand, instant_of, micros

Pause = tuple[datetime, datetime]

_FIRST_MONTH = 2 * 12  # January of the year 2 and December 9998: inside what a datetime can hold in any zone
_LAST_MONTH = 9998 * 12 + 11
_KEPT_MONTHS = 1200


class EmptyCalendar(ValueError):
    """The calendar has no working time left in the direction asked for."""


def _span(duration: timedelta) -> int:
    return (duration.days * 86_400 + duration.seconds) * SECOND + duration.microseconds


def _merged_pauses(pauses: Iterable[Pause]) -> Hours:
    return merge((micros(start), micros(end)) for start, end in pauses)


@dataclass(frozen=True)
class WorkingCalendar:
    """Opening hours in a zone: seven weekdays from Monday, and dates that replace their weekday whole.

    Intervals are minutes of the local day from 0 to 1440. A holiday is a date without intervals, a make-up working
    day a date with a weekday's intervals. `pauses` in the methods below are stretches that do not count.
    """

    zone: ZoneInfo
    weekly: tuple[Hours, ...]
    days: Mapping[date, Hours] = field(default_factory=dict, hash=False)
    _months: dict[int, Month] = field(default_factory=dict, init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if len(self.weekly) != len(WEEKDAYS):
            raise ValueError("A week has seven days.")
        for hours in (*self.weekly, *self.days.values()):
            for start, end in hours:
                if not 0 <= start < end <= DAY:
                    raise ValueError(f"Not an interval of a day: {start} to {end} minutes.")
        object.__setattr__(self, "weekly", tuple(merge(hours) for hours in self.weekly))
        object.__setattr__(self, "days", {day: merge(hours) for day, hours in self.days.items()})

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """From {"zone": …, "weekly": {"mon": [["09:00", "18:00"]], …}, "days": {"2026-10-01": [], …}}."""
        try:
            zone = ZoneInfo(data["zone"])
        except (KeyError, TypeError, ValueError, OSError, ZoneInfoNotFoundError) as error:
            raise ValueError(f"Not a time zone: {data.get('zone')!r}.") from error
        week = parse_week(data.get("weekly") or {})
        return cls(zone, week, parse_days(data.get("days") or {}, week))

    def to_dict(self) -> dict[str, Any]:
        """What `from_dict` reads; shifts over midnight stay split, days are sorted, so equal calendars look equal."""
        return {
            "zone": self.zone.key,
            "weekly": {name: format_hours(hours) for name, hours in zip(WEEKDAYS, self.weekly, strict=True) if hours},
            "days": {day.isoformat(): format_hours(self.days[day]) for day in sorted(self.days)},
        }

    def is_working(self, instant: datetime) -> bool:
        """True from the opening on, false from the closing on."""
        moment = micros(instant)
        month = self._month(self._index(moment))
        i = bisect_right(month.starts, moment) - 1
        return i >= 0 and moment < month.ends[i]

    def next_opening(self, instant: datetime) -> datetime:
        """The instant itself while working, else the next at which work begins."""
        return instant_of(self._opening(micros(instant))[0])

    def previous_closing(self, instant: datetime) -> datetime:
        """The instant itself while working or when work has just ended, else the last at which it ended."""
        moment = micros(instant)
        index = self._index(moment)
        while True:
            month = self._month(index)
            i = bisect_left(month.starts, moment) - 1
            if i >= 0:
                return instant_of(min(moment, month.ends[i]))
            index = self._step(index, -1)

    def next_period(self, instant: datetime) -> tuple[datetime, datetime]:
        """The rest of the present working period, or the next one."""
        start, end = self._opening(micros(instant))
        index = self._index(start)
        for _ in range(12):  # a period may run over the end of a month; day and night it has no end, a year will do
            if end != self._month(index).high:
                break
            index += 1
            following = self._month(index)
            if not following.starts or following.starts[0] != end:
                break
            end = following.ends[0]
        return instant_of(start), instant_of(end)

    def add(self, start: datetime, duration: timedelta, *, pauses: Iterable[Pause] = ()) -> datetime:
        """The earliest instant by which the duration was worked since `start`; at closing it stays at closing."""
        if duration < timedelta(0):
            return self.subtract(start, -duration, pauses=pauses)
        moment, left = micros(start), _span(duration)
        for begin, finish in _merged_pauses(pauses):
            if finish <= moment:
                continue
            worked = self._worked(moment, begin)
            if begin > moment and left <= worked:
                break
            left -= worked
            moment = finish
        return instant_of(self._forward(moment, left))

    def subtract(self, end: datetime, duration: timedelta, *, pauses: Iterable[Pause] = ()) -> datetime:
        """The latest instant from which the duration was worked until `end`; at opening it stays at opening."""
        if duration < timedelta(0):
            return self.add(end, -duration, pauses=pauses)
        moment, left = micros(end), _span(duration)
        for begin, finish in reversed(_merged_pauses(pauses)):
            if begin >= moment:
                continue
            worked = self._worked(finish, moment)
            if finish < moment and left <= worked:
                break
            left -= worked
            moment = begin
        return instant_of(self._backward(moment, left))

    def between(self, start: datetime, end: datetime, *, pauses: Iterable[Pause] = ()) -> timedelta:
        """Working time from `start` to `end`; nothing when the end is not after the start."""
        first, last = micros(start), micros(end)
        total = self._worked(first, last)
        for begin, finish in _merged_pauses(pauses):
            total -= self._worked(max(first, begin), min(last, finish))
        return timedelta(microseconds=total)

    def remaining(self, now: datetime, due: datetime) -> timedelta:
        """Working time left until `due`, and below zero what was worked since it passed."""
        return self.between(now, due) if now < due else -self.between(due, now)

    def add_working_days(self, start: datetime, count: int) -> datetime:
        """The same local time `count` working days later; outside working hours counts from the next opening.

        Where the day reached does not work at that local time, its next opening is due (at closing stays at
        closing). A negative count goes back, and mirrors this with closings.
        """
        if count < 0:
            base = self._backward(micros(start), 0)
        else:
            base = self._opening(micros(start))[0]
        if count == 0:
            return instant_of(base)
        local = instant_of(base).astimezone(self.zone)
        target = date.fromordinal(self._working_day(local.date(), count))
        moment = micros(datetime.combine(target, local.time().replace(fold=0), tzinfo=self.zone))
        return instant_of(self._forward(moment, 0) if count > 0 else self._backward(moment, 0))

    # Moments below are microseconds since 1970, and months are numbered from the year 0.

    def _opening(self, moment: int) -> tuple[int, int]:
        index = self._index(moment)
        while True:
            month = self._month(index)
            i = bisect_right(month.ends, moment)
            if i < len(month.ends):
                return max(moment, month.starts[i]), month.ends[i]
            index = self._step(index, 1)

    def _worked(self, first: int, last: int) -> int:
        if last <= first:
            return 0
        index, final = self._index(first), self._index(last)
        total = self._month(final).worked_before(last) - self._month(index).worked_before(first)
        return total + sum(self._month(each).total for each in range(index, final))

    def _forward(self, moment: int, duration: int) -> int:
        if duration == 0:
            opening = self._opening(moment)[0]
            if opening == moment:
                return moment
            return moment if self._closes_at(moment) else opening
        index = self._index(moment)
        month = self._month(index)
        duration += month.worked_before(moment)
        while duration > month.total:
            duration -= month.total
            index = self._step(index, 1)
            month = self._month(index)
        i = bisect_left(month.done, duration) - 1
        return month.starts[i] + duration - month.done[i]

    def _backward(self, moment: int, duration: int) -> int:
        if duration == 0:
            instant = instant_of(moment)
            return moment if self.is_working(instant) else micros(self.previous_closing(instant))
        index = self._index(moment)
        month = self._month(index)
        duration = month.worked_before(moment) - duration
        while duration < 0:
            index = self._step(index, -1)
            month = self._month(index)
            duration += month.total
        i = bisect_right(month.done, duration) - 1
        return month.starts[i] + duration - month.done[i]

    def _closes_at(self, moment: int) -> bool:
        index = self._index(moment)
        month = self._month(index)
        if moment == month.low:
            month = self._month(index - 1)
        i = bisect_left(month.ends, moment)
        return i < len(month.ends) and month.ends[i] == moment

    def _working_day(self, day: date, count: int) -> int:
        index = day.year * 12 + day.month - 1
        days = self._month(index).days
        if count > 0:
            at = bisect_right(days, day.toordinal()) + count - 1
            while at >= len(days):
                at -= len(days)
                index = self._step(index, 1)
                days = self._month(index).days
            return days[at]
        at = bisect_left(days, day.toordinal()) + count
        while at < 0:
            index = self._step(index, -1)
            days = self._month(index).days
            at += len(days)
        return days[at]

    def _step(self, index: int, direction: int) -> int:
        """The next month to look at, or a clear error where no working time can follow."""
        index += direction
        if not any(self.weekly):
            working = [day.year * 12 + day.month - 1 for day, hours in self.days.items() if hours]
            if not working or (index > max(working) if direction > 0 else index < min(working)):
                raise EmptyCalendar("The calendar has no working time left in this direction.")
        if not _FIRST_MONTH <= index <= _LAST_MONTH:
            raise OverflowError("The working time reaches past what a date can hold.")
        return index

    def _index(self, moment: int) -> int:
        local = instant_of(moment).astimezone(self.zone)
        index = local.year * 12 + local.month - 1
        # Where clocks go back over midnight, a local date comes twice; the month's own bounds decide.
        while moment < self._month(index).low:
            index -= 1
        while moment >= self._month(index).high:
            index += 1
        return index

    def _month(self, index: int) -> Month:
        month = self._months.get(index)
        if month is None:
            if len(self._months) >= _KEPT_MONTHS:
                self._months.clear()
            month = self._months[index] = expand(self.zone, self.weekly, self.days, index)
        return month


ALWAYS = WorkingCalendar(ZoneInfo("UTC"), (((0, DAY),),) * len(WEEKDAYS))
