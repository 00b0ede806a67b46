"""Working-time cases written by others, run against our calendar. Pure: no Django, no database.

A case is a dictionary: the kind of question, the opening hours, its instants in local time, and what its source
expects. Optional are `holidays`, `breaks` and `shifts` by date, `overnight` hours, `pauses`, `closed_at`,
`direction` "before" and `timestamps_in` (the zone of the instants when it is not that of the hours).
"""

from collections import defaultdict
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from sla.deadlines import Pause, WorkingCalendar
from sla.hours import DAY, WEEKDAYS, Hours, Interval, merge, parse_days, parse_hours, parse_week, without

Case = Mapping[str, Any]


class Verdict(NamedTuple):
    """What a source expects of a case and what we say."""

    expected: Any
    actual: Any

    @property
    def agrees(self) -> bool:
        return bool(self.expected == self.actual)


def judge(case: Case) -> Verdict:
    """Run one case. A kind that is not known, or a case that makes no sense, is a ValueError."""
    kind = case.get("kind")
    if kind not in _KINDS:
        raise ValueError(f"unknown kind {kind!r}")
    try:
        return _KINDS[kind](case)
    except KeyError as error:
        raise ValueError(f"no field {error}") from error


def calendar_of(case: Case) -> WorkingCalendar:
    """The calendar that a case describes."""
    zone = ZoneInfo(case.get("timezone") or "UTC")
    hours = {name: list(intervals) for name, intervals in (case.get("weekly_hours") or {}).items()}
    for name, intervals in _overnight(case, hours).items():
        hours[name] = [*hours.get(name, []), *intervals]
    week = parse_week(hours)
    days = parse_days(case.get("shifts") or {}, week)
    for day, breaks in _breaks(case).items():
        days[day] = without(days.get(day, week[day.weekday()]), breaks)
    for text in case.get("holidays") or ():
        days[date.fromisoformat(text[:10])] = ()
    return WorkingCalendar(zone, week, days)


def _overnight(case: Case, hours: Mapping[str, Any]) -> Mapping[str, Any]:
    """Hours over midnight given apart: by weekday, or one list for every working weekday. A mere mark adds none."""
    extra = case.get("overnight")
    if isinstance(extra, Mapping):
        return extra
    if isinstance(extra, list) and extra:
        intervals = [extra] if isinstance(extra[0], str) else extra
        return dict.fromkeys(hours or WEEKDAYS[:5], intervals)
    return {}


def _breaks(case: Case) -> dict[date, Hours]:
    """Breaks by date; what runs over midnight belongs to the day after."""
    found: dict[date, list[Interval]] = defaultdict(list)
    for text, intervals in (case.get("breaks") or {}).items():
        day = date.fromisoformat(text)
        today, tomorrow = parse_hours(intervals)
        found[day] += today
        if tomorrow:
            found[day + timedelta(days=1)] += tomorrow
    return {day: merge(intervals) for day, intervals in found.items()}


def _zone(case: Case) -> ZoneInfo:
    return ZoneInfo(case.get("timestamps_in") or case.get("timezone") or "UTC")


def _instant(case: Case, text: str) -> datetime:
    read = datetime.fromisoformat(text)
    return read if read.tzinfo else read.replace(tzinfo=_zone(case))


def _pauses(case: Case) -> list[Pause]:
    return [(_instant(case, start), _instant(case, end)) for start, end in case.get("pauses") or ()]


def _moment(case: Case, expected: str, actual: datetime) -> Verdict:
    """Both as the local time that the source writes; an instant written with its offset is compared as an instant."""
    read = datetime.fromisoformat(expected)
    if read.tzinfo:
        return Verdict(read.astimezone(UTC).isoformat(" "), actual.isoformat(" "))
    return Verdict(read.isoformat(" "), actual.astimezone(_zone(case)).replace(tzinfo=None).isoformat(" "))


def _duration(case: Case) -> timedelta:
    return timedelta(seconds=case["seconds"]) if "seconds" in case else timedelta(minutes=case["minutes"])


def _backwards(case: Case) -> bool:
    return case.get("direction") in ("before", "back", "backward")


def _add(case: Case) -> Verdict:
    calendar = calendar_of(case)
    move = calendar.subtract if _backwards(case) else calendar.add
    due = move(_instant(case, case["start"]), _duration(case), pauses=_pauses(case))
    return _moment(case, case["expected_due"], due)


def _within(case: Case) -> Verdict:
    end = _instant(case, case["end"])
    if case.get("closed_at"):
        end = min(end, _instant(case, case["closed_at"]))
    worked = calendar_of(case).between(_instant(case, case["start"]), end, pauses=_pauses(case))
    if "expected_working_seconds" in case:
        return Verdict(case["expected_working_seconds"], worked.total_seconds())
    return Verdict(case["expected_working_minutes"], worked / timedelta(minutes=1))


def _add_business_days(case: Case) -> Verdict:
    count = -case["days"] if _backwards(case) else case["days"]
    due = calendar_of(case).add_working_days(_instant(case, case["start"]), count)
    return _moment(case, case["expected_due"], due)


def _is_working_time(case: Case) -> Verdict:
    return Verdict(case["expected"], calendar_of(case).is_working(_instant(case, case["start"])))


def _first_period(case: Case) -> Verdict:
    period = calendar_of(case).next_period(_instant(case, case["start"]))
    pairs = [_moment(case, text, bound) for text, bound in zip(case["expected_period"], period, strict=True)]
    return Verdict([each.expected for each in pairs], [each.actual for each in pairs])


def _busday_offset(case: Case) -> Verdict:
    """A question of days as numpy asks it: roll to a working day first, then count."""
    mask = case["weekmask"]
    works = [bit == "1" for bit in mask] if mask.isdigit() else [day in mask.lower() for day in WEEKDAYS]
    week = tuple(((0, DAY),) if each else () for each in works)
    free = {date.fromisoformat(text): () for text in case.get("holidays") or () if text != "NaT"}
    calendar = WorkingCalendar(ZoneInfo("UTC"), week, free)
    noon = datetime.combine(date.fromisoformat(case["start"]), time(12), tzinfo=UTC)
    due = calendar.add_working_days(_rolled(calendar, noon, case["roll"]), case["days"])
    return Verdict(case["expected"], due.date().isoformat())


def _rolled(calendar: WorkingCalendar, noon: datetime, roll: str) -> datetime:
    if calendar.is_working(noon):
        return noon
    after = calendar.next_opening(noon).replace(hour=12)
    before = calendar.previous_closing(noon) - timedelta(hours=12)
    if roll in ("preceding", "backward"):
        return before
    if roll == "modifiedfollowing":
        return after if after.month == noon.month else before
    if roll == "modifiedpreceding":
        return before if before.month == noon.month else after
    if roll in ("following", "forward"):
        return after
    raise ValueError(f"cannot roll {roll!r}")


_KINDS: dict[str, Callable[[Case], Verdict]] = {
    "add": _add,
    "within": _within,
    "add_business_days": _add_business_days,
    "is_working_time": _is_working_time,
    "first_period": _first_period,
    "busday_offset": _busday_offset,
}
