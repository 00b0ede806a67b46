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
_EPOCH_DAY = EPOCH.toordinal()


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
        gap = instant - EPOCH
    except TypeError:
        raise ValueError(f"A naive instant says nothing about time: {instant!r}.") from None
    return (gap.days * 86_400 + gap.seconds) * SECOND + gap.microseconds


def instant_of(moment: int) -> datetime:
    """The instant of a moment, in UTC."""
    return EPOCH + timedelta(microseconds=moment)


def expand(zone: ZoneInfo, weekly: Sequence[Hours], days: Mapping[date, Hours], index: int) -> Month:
    """The month of that number. A day lasts from its midnight to the next, whatever the clocks do in between."""
    year, number = divmod(index, 12)
    length = monthrange(year, number + 1)[1]
    dates = [date(year, number + 1, 1 + i) for i in range(length)]
    midnights = [_wall(zone, day, 0) for day in dates]
    midnights.append(_wall(zone, date(year + number // 11, (number + 1) % 12 + 1, 1), 0))
    weekday = dates[0].weekday()
    spans: list[tuple[int, int]] = []
    working: list[int] = []
    for i, day in enumerate(dates):
        hours = weekly[(weekday + i) % 7]
        if day in days:
            hours = days[day]
        if hours and (worked := _expand_day(zone, day, hours, midnights[i], midnights[i + 1])):
            spans += worked
            working.append(day.toordinal())
    merged = merge(spans)
    done, total = [], 0
    for start, end in merged:
        done.append(total)
        total += end - start
    starts, ends = [start for start, _ in merged], [end for _, end in merged]
    return Month(midnights[0], midnights[-1], starts, ends, done, total, working)


def _expand_day(zone: ZoneInfo, day: date, hours: Hours, low: int, high: int) -> list[tuple[int, int]]:
    if high - low == FULL_DAY:  # no clock change
        return [(low + start * MINUTE, low + end * MINUTE) for start, end in hours]
    spans = []
    for start, end in hours:
        begin = max(low, _wall(zone, day, start))
        finish = high if end == DAY else min(high, _wall(zone, day, end))
        if begin < finish:
            spans.append((begin, finish))
    return spans


def _wall(zone: ZoneInfo, day: date, minute: int) -> int:
    """A local time as a moment: the first of two, and in a gap as far after it as the old offset says."""
    offset = datetime(day.year, day.month, day.day, minute // 60, minute % 60, tzinfo=zone).utcoffset() or timedelta()
    return (
        (day.toordinal() - _EPOCH_DAY) * FULL_DAY + minute * MINUTE - (offset.days * 86_400 + offset.seconds) * SECOND
    )
