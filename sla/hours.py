"""Opening hours as people write them, and as minutes of a day. Pure: no Django, no clock."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta

Interval = tuple[int, int]
Hours = tuple[Interval, ...]

DAY = 1440
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def parse_minute(text: str) -> int:
    """Minutes after midnight of "09:30"; "24:00" is the end of the day."""
    hours, separator, minutes = str(text).strip().partition(":")
    if not (separator and hours.isdecimal() and minutes.isdecimal() and len(minutes) == 2):
        raise ValueError(f"Not a time of day: {text!r} (write 09:00).")
    value = int(hours) * 60 + int(minutes)
    if int(minutes) > 59 or value > DAY:
        raise ValueError(f"Not a time of day: {text!r} (00:00 to 24:00).")
    return value


def format_minute(minute: int) -> str:
    return f"{minute // 60:02d}:{minute % 60:02d}"


def format_hours(hours: Hours) -> list[list[str]]:
    return [[format_minute(start), format_minute(end)] for start, end in hours]


def parse_hours(intervals: Iterable[Sequence[str]]) -> tuple[Hours, Hours]:
    """What the intervals cover on their own day and, after midnight, on the next.

    An interval whose end is not after its start runs over midnight: 22:00-06:00, and 00:00-00:00 is a whole day.
    """
    today: list[Interval] = []
    tomorrow: list[Interval] = []
    for interval in intervals:
        if isinstance(interval, str) or len(interval) != 2:
            raise ValueError(f"Not an interval: {interval!r} (write [from, to]).")
        start, end = parse_minute(interval[0]), parse_minute(interval[1])
        if start == end and start not in (0, DAY):
            raise ValueError(f"The interval {interval[0]}-{interval[1]} is empty.")
        if start < end:
            today.append((start, end))
        else:
            today.append((start, DAY))
            tomorrow.append((0, end))
    return merge(today), merge(tomorrow)


def merge(intervals: Iterable[Interval]) -> Hours:
    """The same minutes as sorted intervals that neither touch nor overlap; empty ones vanish."""
    merged: list[Interval] = []
    for start, end in sorted(intervals):
        if start >= end:
            continue
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return tuple(merged)


def without(hours: Hours, breaks: Iterable[Interval]) -> Hours:
    """The hours less the breaks."""
    left = list(hours)
    for begin, finish in breaks:
        left = [
            piece
            for start, end in left
            for piece in ((start, min(end, begin)), (max(start, finish), end))
            if piece[0] < piece[1]
        ]
    return merge(left)


def parse_week(weekly: Mapping[str, Iterable[Sequence[str]]]) -> tuple[Hours, ...]:
    """Seven days from Monday of {"mon": [["09:00", "18:00"]], …}; a shift over midnight is split between its days."""
    unknown = set(weekly) - set(WEEKDAYS)
    if unknown:
        raise ValueError(f"Not a weekday: {', '.join(sorted(map(str, unknown)))} (mon to sun).")
    week: list[list[Interval]] = [[] for _ in WEEKDAYS]
    for number, name in enumerate(WEEKDAYS):
        today, tomorrow = parse_hours(weekly.get(name) or ())
        week[number] += today
        week[(number + 1) % 7] += tomorrow
    return tuple(merge(hours) for hours in week)


def parse_days(days: Mapping[str, Iterable[Sequence[str]]], week: Sequence[Hours]) -> dict[date, Hours]:
    """Dated hours, each replacing the weekday's whole. A dated shift over midnight lengthens the day after it."""
    parsed = {date.fromisoformat(str(day)): parse_hours(intervals) for day, intervals in days.items()}
    result = {day: today for day, (today, _) in parsed.items()}
    for day, (_, rest) in parsed.items():
        if rest:
            following = day + timedelta(days=1)
            result[following] = merge(result.get(following, week[following.weekday()]) + rest)
    return result
