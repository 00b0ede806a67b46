"""Working time by property, and against a plain model that looks at every single minute."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sla.deadlines import EmptyCalendar, WorkingCalendar

MINUTE = timedelta(minutes=1)
ZERO = timedelta(0)
# Each with a day around which its clocks change, or where the offset is odd.
PLACES = {
    "Asia/Shanghai": date(2026, 10, 1),
    "Europe/Berlin": date(2026, 3, 29),
    "America/New_York": date(2026, 11, 1),
    "Australia/Lord_Howe": date(2026, 4, 5),
    "Asia/Tehran": date(2016, 3, 21),
    "America/Sao_Paulo": date(2018, 11, 4),
    "Africa/Casablanca": date(2026, 2, 15),
    "Asia/Kathmandu": date(2026, 1, 31),
    "Asia/Kolkata": date(2024, 2, 29),
    "UTC": date(2026, 12, 31),
}
# Bounds at which no clock of these places changes, so that «local time lies inside» is the whole truth.
BOUNDS = [0, *range(4 * 60, 22 * 60 + 1, 15), 24 * 60]


@st.composite
def day_hours(draw):
    bounds = sorted(draw(st.lists(st.sampled_from(BOUNDS), min_size=0, max_size=6, unique=True)))
    return tuple(zip(bounds[::2], bounds[1::2], strict=False))


@st.composite
def calendars(draw):
    zone = draw(st.sampled_from(sorted(PLACES)))
    weekly = tuple(draw(st.tuples(*[day_hours()] * 7)))
    near = st.integers(-6, 6).map(lambda offset: PLACES[zone] + timedelta(days=offset))
    return WorkingCalendar(ZoneInfo(zone), weekly, draw(st.dictionaries(near, day_hours(), max_size=4)))


working = calendars().filter(lambda each: any(each.weekly))


def instants(calendar, days=3, unit="minutes"):
    base = datetime.combine(PLACES[calendar.zone.key], datetime.min.time(), tzinfo=UTC)
    scale = {"minutes": 1440, "microseconds": 86_400_000_000}[unit]
    return st.integers(-days * scale, days * scale).map(lambda n: base + timedelta(**{unit: n}))


class MinuteModel:
    """Looks at each minute around the place's day; knows nothing of intervals, months or sums."""

    def __init__(self, calendar, days=5):
        base = datetime.combine(PLACES[calendar.zone.key], datetime.min.time(), tzinfo=UTC)
        self.all = [base + n * MINUTE for n in range(-days * 1440, days * 1440)]
        self.open = [minute for minute in self.all if self.works(calendar, minute)]

    @staticmethod
    def works(calendar, instant):
        local = instant.astimezone(calendar.zone)
        hours = calendar.days.get(local.date(), calendar.weekly[local.weekday()])
        return any(start <= local.hour * 60 + local.minute < end for start, end in hours)

    def between(self, start, end):
        return sum(start <= minute < end for minute in self.open) * MINUTE

    def add(self, start, count):
        later = [minute for minute in self.open if minute >= start]
        return later[count - 1] + MINUTE if count <= len(later) else None

    def subtract(self, end, count):
        earlier = [minute for minute in self.open if minute < end]
        return earlier[-count] if count <= len(earlier) else None


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_agrees_with_the_minute_model(data):
    ours = data.draw(calendars())
    model = MinuteModel(ours)
    start = data.draw(instants(ours))
    end = data.draw(instants(ours))
    count = data.draw(st.integers(1, 3000))
    assert ours.between(start, end) == model.between(start, end)
    assert ours.is_working(start) == (start in model.open)
    due, begun = model.add(start, count), model.subtract(start, count)
    if due is not None:
        assert ours.add(start, count * MINUTE) == due
    if begun is not None:
        assert ours.subtract(start, count * MINUTE) == begun
    opening = next((minute for minute in model.open if minute >= start), None)
    if opening is not None:
        assert ours.next_opening(start) == opening
    closing = next((minute + MINUTE for minute in reversed(model.open) if minute < start), None)
    if closing is not None:
        assert ours.previous_closing(start) == min(closing, start)


durations = st.integers(1, 400 * 86_400_000_000).map(lambda n: timedelta(microseconds=n))


@settings(deadline=None)
@given(st.data(), durations)
def test_add_and_subtract_are_inverse(data, duration):
    ours = data.draw(working)
    instant = data.draw(instants(ours, unit="microseconds"))
    due, begun = ours.add(instant, duration), ours.subtract(instant, duration)
    assert ours.subtract(due, duration) == ours.next_opening(instant)
    assert ours.add(begun, duration) == ours.previous_closing(instant)
    assert ours.between(instant, due) == duration == ours.between(begun, instant)
    assert ours.remaining(due, instant) == -duration


@settings(deadline=None)
@given(st.data(), durations)
def test_due_is_the_earliest_and_within_working_time(data, duration):
    ours = data.draw(working)
    instant = data.draw(instants(ours, unit="microseconds"))
    due = ours.add(instant, duration)
    tick = timedelta(microseconds=1)
    assert ours.is_working(due - tick), "the instant before a due instant is worked"
    assert ours.between(instant, due - tick) == duration - tick
    assert ours.next_opening(instant) >= instant >= ours.previous_closing(instant)


@settings(deadline=None)
@given(st.data())
def test_between_conserves(data):
    ours = data.draw(calendars())
    first, second, third = sorted(data.draw(instants(ours, days=40, unit="microseconds")) for _ in range(3))
    assert ours.between(first, second) + ours.between(second, third) == ours.between(first, third)
    assert ZERO <= ours.between(first, third) <= third - first
    pause = (first, second)
    assert ours.between(first, third, pauses=[pause, pause]) == ours.between(second, third)


@settings(deadline=None)
@given(st.data(), durations, durations)
def test_sums_compose_and_are_monotone(data, one, two):
    ours = data.draw(working)
    early, late = sorted((data.draw(instants(ours)), data.draw(instants(ours))))
    assert ours.add(ours.add(early, one), two) == ours.add(early, one + two)
    assert ours.add(early, one) <= ours.add(late, one)
    assert ours.add(early, ZERO) <= ours.add(early, one) < ours.add(early, one + two)
    assert ours.subtract(early, one) <= ours.subtract(late, one)
    assert ours.add(ours.add(early, one), ZERO) == ours.add(early, one)


@settings(deadline=None)
@given(st.data(), durations)
def test_a_pause_moves_the_due_instant_by_its_working_time(data, duration):
    ours = data.draw(working)
    start, begin, finish = sorted(data.draw(instants(ours, days=30)) for _ in range(3))
    due = ours.add(start, duration, pauses=[(begin, finish)])
    assert ours.between(start, due, pauses=[(begin, finish)]) == duration
    plain = ours.add(start, duration)
    assert due == (plain if plain <= begin else ours.add(plain, ours.between(begin, finish)))
    assert ours.subtract(due, duration, pauses=[(begin, finish)]) >= start


@settings(deadline=None)
@given(st.data(), st.integers(1, 300))
def test_working_days(data, count):
    ours = data.draw(working)
    start = data.draw(instants(ours))
    due = ours.add_working_days(start, count)
    opening = ours.next_opening(start)
    first = opening.astimezone(ours.zone)
    worked, day = 0, first.date()
    while worked < count:
        day += timedelta(days=1)
        worked += bool(ours.days.get(day, ours.weekly[day.weekday()]))
    assert due > opening and due.astimezone(ours.zone).date() >= day
    assert due == ours.add(datetime.combine(day, first.time().replace(fold=0), tzinfo=ours.zone), ZERO)
    assert ours.add_working_days(start, count + 1) >= due
    reached = due.astimezone(ours.zone)
    if (reached.date(), reached.time()) == (day, first.time()):  # not moved on to a later opening
        back = ours.add_working_days(due, -count).astimezone(ours.zone)
        assert (back.date(), back.time()) == (first.date(), first.time())


@given(st.data())
def test_dictionaries_tell_all(data):
    ours = data.draw(calendars())
    assert WorkingCalendar.from_dict(ours.to_dict()) == ours


@given(st.data(), durations)
def test_an_empty_calendar_never_answers(data, duration):
    ours = WorkingCalendar(ZoneInfo("Asia/Shanghai"), ((),) * 7, {date(2026, 10, 1): ()})
    with pytest.raises(EmptyCalendar):
        ours.add(data.draw(instants(ours)), duration)
