"""One month of a working calendar as intervals of absolute time. Pure: no Django, no clock.

Moments are microseconds since 1970, and months are numbered from the year 0 (year * 12 + month - 1).
"""

from bisect import bisect_right
from calendar import monthrange
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from sla.hours import DAY, Hours, merge

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
SECOND = 1_000_000
MINUTE = 60 * SECOND
FULL_DAY = DAY * MINUTE
_MICROSECOND = timedelta(microseconds=1)
_ONE_DAY = timedelta(days=1)


class Month(NamedTuple):
    """Working time of one month. `done[i]` is what was worked in the month before `starts[i]`."""

    low: int
    high: int
    starts: list[int]
    ends: list[int]
    done: list[int]
    total: int
    days: list[int]  # ordinals of the dates with working time

    def worked_before(self, moment: int) -> int:
        """What was worked in the month before the moment."""
        i = bisect_right(self.starts, moment) - 1
        return 0 if i < 0 else self.done[i] + min(moment, self.ends[i]) - self.starts[i]


def micros(instant: datetime) -> int:
    """The moment of an aware instant; a naive one is refused."""
    try:
        return (instant - EPOCH) // _MICROSECOND
    except TypeError:
        raise ValueError(f"A naive instant says nothing about time: {instant!r}.") from None


def instant_of(moment: int) -> datetime:
    """The instant of a moment, in UTC."""
    return EPOCH + timedelta(microseconds=moment)


def expand(zone: ZoneInfo, weekly: Sequence[Hours], days: Mapping[date, Hours], index: int) -> Month:
    """The month of that number. A day lasts from its midnight to the next, whatever the clocks do in between.

    Every calendar pays for this once a month, so it asks the zone once a day and looks at bounds singly only where
    the clocks change.
    """
    year, number = divmod(index, 12)
    midnight = datetime(year, number + 1, 1, tzinfo=zone)
    ordinal, weekday, offset = midnight.toordinal(), midnight.weekday(), midnight.utcoffset()
    first = low = micros(midnight)
    starts: list[int] = []
    ends: list[int] = []
    done: list[int] = []
    working: list[int] = []
    total, last = 0, None
    for i in range(monthrange(year, number + 1)[1]):
        day = midnight.date()
        midnight += _ONE_DAY  # by the hands of the clock
        before, offset = offset, midnight.utcoffset()
        high = low + FULL_DAY if offset == before else micros(midnight)
        hours = days[day] if day in days else weekly[(weekday + i) % 7]
        spans = _as_is(hours, low) if offset == before else _around_change(zone, day, hours, low, high)
        if spans:
            working.append(ordinal + i)
        for start, end in spans:
            if start == last:  # work goes on over midnight
                ends[-1] = end
            else:
                starts.append(start)
                ends.append(end)
                done.append(total)
            total += end - start
            last = end
        low = high
    return Month(first, low, starts, ends, done, total, working)


def _as_is(hours: Hours, low: int) -> Sequence[tuple[int, int]]:
    return [(low + start * MINUTE, low + end * MINUTE) for start, end in hours]


def _around_change(zone: ZoneInfo, day: date, hours: Hours, low: int, high: int) -> Sequence[tuple[int, int]]:
    """The intervals of a day on which the clocks change, from its midnight ``low`` to the next.

    A bound in the gap moves past bounds after it, so that intervals may overlap or be empty; `merge` mends both.
    """
    return merge(
        (max(low, _wall(zone, day, start)), high if end == DAY else min(high, _wall(zone, day, end)))
        for start, end in hours
    )


def _wall(zone: ZoneInfo, day: date, minute: int) -> int:
    """A local time as a moment: the first of two, and in a gap as far after it as the old offset says."""
    return micros(datetime(day.year, day.month, day.day, minute // 60, minute % 60, tzinfo=zone))
