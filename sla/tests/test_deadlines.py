"""Working time by example: what docs/deadlines.md promises."""

import pickle
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from sla.deadlines import ALWAYS, EmptyCalendar, WorkingCalendar
from sla.holidays_source import china_days

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri")
HOURS = [["09:00", "18:00"]]
HOUR = timedelta(hours=1)


def week(hours=HOURS, names=WEEKDAYS):
    return dict.fromkeys(names, hours)


def calendar(weekly=None, days=None, zone="Asia/Shanghai"):
    return WorkingCalendar.from_dict({"zone": zone, "weekly": week() if weekly is None else weekly, "days": days or {}})


def china(*years):
    days = {day.date.isoformat(): HOURS if day.is_working else [] for year in years for day in china_days(year)}
    return calendar(days=days)


def at(text, zone="Asia/Shanghai", fold=0):
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone), fold=fold)


def local(instant, zone="Asia/Shanghai"):
    assert instant.tzinfo is UTC
    return instant.astimezone(ZoneInfo(zone)).strftime("%Y-%m-%d %H:%M")


@pytest.mark.parametrize(
    ("start", "hours", "due"),
    [
        ("2026-06-01 10:00", 4, "2026-06-01 14:00"),
        ("2026-06-01 16:00", 2, "2026-06-01 18:00"),  # at closing, not the next morning
        ("2026-06-01 16:00", 3, "2026-06-02 10:00"),
        ("2026-06-01 18:00", 1, "2026-06-02 10:00"),
        ("2026-06-06 12:00", 1, "2026-06-08 10:00"),  # a Saturday
        ("2026-06-01 18:00", 0, "2026-06-01 18:00"),
        ("2026-06-01 18:01", 0, "2026-06-02 09:00"),
        ("2026-06-01 07:00", 0, "2026-06-01 09:00"),
    ],
)
def test_add(start, hours, due):
    assert local(calendar().add(at(start), hours * HOUR)) == due


@pytest.mark.parametrize(
    ("end", "hours", "start"),
    [
        ("2026-06-02 10:00", 1, "2026-06-02 09:00"),  # at opening, not the evening before
        ("2026-06-02 10:00", 2, "2026-06-01 17:00"),
        ("2026-06-02 09:00", 1, "2026-06-01 17:00"),
        ("2026-06-07 12:00", 1, "2026-06-05 17:00"),
        ("2026-06-07 12:00", 0, "2026-06-05 18:00"),
        ("2026-06-02 09:00", 0, "2026-06-02 09:00"),
    ],
)
def test_subtract(end, hours, start):
    assert local(calendar().subtract(at(end), hours * HOUR)) == start
    assert local(calendar().add(at(end), -hours * HOUR)) == (
        start if hours else local(calendar().add(at(end), 0 * HOUR))
    )


def test_an_interval_holds_its_opening_and_not_its_closing():
    ours = calendar()
    assert ours.is_working(at("2026-06-01 09:00")) and not ours.is_working(at("2026-06-01 18:00"))
    assert local(ours.next_opening(at("2026-06-01 18:00"))) == "2026-06-02 09:00"
    assert local(ours.next_opening(at("2026-06-01 12:34"))) == "2026-06-01 12:34"
    assert local(ours.previous_closing(at("2026-06-01 18:00"))) == "2026-06-01 18:00"
    assert local(ours.previous_closing(at("2026-06-01 09:00"))) == "2026-05-29 18:00"
    assert [local(t) for t in ours.next_period(at("2026-06-06 09:00"))] == ["2026-06-08 09:00", "2026-06-08 18:00"]


def test_between_and_remaining():
    ours = calendar()
    friday, monday = at("2026-06-05 17:00"), at("2026-06-08 11:30")
    assert ours.between(friday, monday) == 3.5 * HOUR
    assert ours.between(monday, friday) == timedelta(0)
    assert ours.remaining(friday, monday) == 3.5 * HOUR
    assert ours.remaining(monday, friday) == -3.5 * HOUR


@pytest.mark.parametrize(
    ("start", "count", "due"),
    [
        ("2025-09-30 15:00", 1, "2025-10-09 15:00"),  # 1 to 8 October off: National Day with Mid-Autumn
        ("2025-09-30 19:00", 1, "2025-10-10 09:00"),  # after hours: counts from the opening on the 9th
        ("2025-10-10 15:00", 1, "2025-10-11 15:00"),  # a make-up Saturday
        ("2025-10-11 15:00", 1, "2025-10-13 15:00"),
        ("2025-09-27 12:00", 1, "2025-09-29 09:00"),  # free Saturday; the make-up Sunday 28th opens, Monday is due
        ("2026-09-30 15:00", 1, "2026-10-08 15:00"),  # 1 to 7 October off
        ("2026-10-08 15:00", 2, "2026-10-10 15:00"),  # make-up Saturday
        ("2026-10-10 15:00", 1, "2026-10-12 15:00"),
        ("2026-10-03 03:00", 1, "2026-10-09 09:00"),
        ("2026-09-30 18:00", 1, "2026-10-09 09:00"),  # arrived at closing: after hours
        ("2026-10-12 15:00", -1, "2026-10-10 15:00"),
        ("2026-10-08 09:00", -1, "2026-09-30 09:00"),
        ("2026-10-04 12:00", -1, "2026-09-29 18:00"),
        ("2026-10-04 12:00", 0, "2026-10-08 09:00"),
    ],
)
def test_working_days_around_national_day(start, count, due):
    assert local(china(2025, 2026).add_working_days(at(start), count)) == due


def test_working_hours_around_national_day():
    ours = china(2025, 2026)
    assert local(ours.add(at("2025-09-30 17:00"), 4 * HOUR)) == "2025-10-09 12:00"
    assert local(ours.add(at("2026-09-30 17:00"), 10 * HOUR)) == "2026-10-08 18:00"
    assert local(ours.add(at("2026-10-09 17:00"), 10 * HOUR)) == "2026-10-10 18:00"
    assert ours.between(at("2026-10-01 00:00"), at("2026-10-12 00:00")) == 27 * HOUR  # 8, 9 and Saturday 10 October


def test_a_working_day_that_does_not_work_at_that_time_is_due_at_its_next_opening():
    ours = calendar({**week([["09:00", "12:00"], ["13:00", "18:00"]]), "tue": [["10:00", "16:00"]]})
    assert local(ours.add_working_days(at("2026-06-01 09:30"), 1)) == "2026-06-02 10:00"
    assert local(ours.add_working_days(at("2026-06-01 16:30"), 1)) == "2026-06-03 09:00"
    assert local(ours.add_working_days(at("2026-06-01 16:00"), 1)) == "2026-06-02 16:00"
    assert local(ours.add_working_days(at("2026-06-02 12:30"), 1)) == "2026-06-03 13:00"


def test_pauses_do_not_count():
    ours = calendar()
    pause = (at("2026-06-01 11:00"), at("2026-06-01 13:30"))
    overlapping = [(at("2026-06-01 13:00"), at("2026-06-01 14:00")), pause]
    assert local(ours.add(at("2026-06-01 10:00"), HOUR, pauses=[pause])) == "2026-06-01 11:00"
    assert local(ours.add(at("2026-06-01 10:00"), 2 * HOUR, pauses=[pause])) == "2026-06-01 14:30"
    assert local(ours.add(at("2026-06-01 10:00"), 2 * HOUR, pauses=overlapping)) == "2026-06-01 15:00"
    assert local(ours.subtract(at("2026-06-01 15:00"), 2 * HOUR, pauses=overlapping)) == "2026-06-01 10:00"
    assert ours.between(at("2026-06-01 10:00"), at("2026-06-01 15:00"), pauses=overlapping) == 2 * HOUR
    assert ours.between(at("2026-06-01 12:00"), at("2026-06-01 12:30"), pauses=[pause]) == timedelta(0)


def test_overnight_shift_is_split_at_midnight():
    ours = calendar(week([["22:00", "06:00"]]), {"2026-06-03": []})
    assert ours.is_working(at("2026-06-06 05:59")) and not ours.is_working(at("2026-06-06 22:00"))
    assert not ours.is_working(at("2026-06-01 05:00"))  # Sunday evening has no shift
    assert local(ours.add(at("2026-06-01 23:00"), 7 * HOUR)) == "2026-06-02 06:00"
    assert [local(t) for t in ours.next_period(at("2026-06-01 12:00"))] == ["2026-06-01 22:00", "2026-06-02 06:00"]
    # The free 3 June lasts from midnight to midnight: the shifts around it end and begin there.
    assert local(ours.add(at("2026-06-02 23:00"), 2 * HOUR)) == "2026-06-04 01:00"


def test_dated_overnight_shift_lengthens_the_day_after():
    ours = calendar(days={"2026-06-01": [["22:00", "02:00"]], "2026-06-06": [["20:00", "24:00"]]})
    assert ours.between(at("2026-06-01 00:00"), at("2026-06-03 00:00")) == (2 + 2 + 9) * HOUR
    assert ours.between(at("2026-06-06 00:00"), at("2026-06-07 00:00")) == 4 * HOUR


@pytest.mark.parametrize(
    ("zone", "start", "hours", "due"),
    [
        ("Europe/Berlin", "2026-03-28 23:00", 4, "2026-03-29 04:00"),
        ("Europe/Berlin", "2026-10-24 23:00", 4, "2026-10-25 02:00"),
        ("America/Sao_Paulo", "2018-11-03 22:00", 3, "2018-11-04 02:00"),  # forward at midnight
        ("America/Sao_Paulo", "2018-02-17 22:00", 3, "2018-02-18 00:00"),
        ("Australia/Lord_Howe", "2026-04-04 23:00", 4, "2026-04-05 02:30"),  # half an hour back
        ("America/St_Johns", "2009-10-31 22:00", 3, "2009-11-01 00:00"),  # 00:01 becomes 23:01 of October
        ("Pacific/Apia", "2011-12-29 23:00", 2, "2011-12-31 01:00"),  # the 30th did not exist
    ],
)
def test_day_and_night_is_elapsed_time_whatever_the_clocks_do(zone, start, hours, due):
    ours = calendar({name: [["00:00", "24:00"]] for name in (*WEEKDAYS, "sat", "sun")}, zone=zone)
    begun = at(start, zone)
    reached = ours.add(begun, hours * HOUR)
    assert reached == begun.astimezone(UTC) + hours * HOUR and local(reached, zone) == due
    assert ours.between(begun, reached) == hours * HOUR and ours.subtract(reached, hours * HOUR) == begun


def test_clock_change_within_hours():
    night = calendar({name: [["00:00", "06:00"]] for name in (*WEEKDAYS, "sat", "sun")}, zone="Europe/Berlin")
    assert night.between(at("2026-03-29 00:00", "Europe/Berlin"), at("2026-03-30 00:00", "Europe/Berlin")) == 5 * HOUR
    assert night.between(at("2026-10-25 00:00", "Europe/Berlin"), at("2026-10-26 00:00", "Europe/Berlin")) == 7 * HOUR


def test_bounds_within_a_clock_change():
    berlin = "Europe/Berlin"
    # 02:15 does not exist on 29 March and becomes 03:15; 02:30 comes twice on 25 October and the first counts.
    ours = calendar({"sun": [["02:15", "04:00"]]}, zone=berlin)
    assert [local(t, berlin) for t in ours.next_period(at("2026-03-28 12:00", berlin))] == [
        "2026-03-29 03:15",
        "2026-03-29 04:00",
    ]
    ours = calendar({"sun": [["01:00", "02:30"]]}, zone=berlin)
    assert ours.next_period(at("2026-10-25 00:00", berlin))[1] == at("2026-10-25 02:30", berlin).astimezone(UTC)
    # Both hours that exist twice are told apart on the way in.
    first, second = at("2026-10-25 02:10", berlin), at("2026-10-25 02:10", berlin, fold=1)
    assert ALWAYS.between(first, second) == HOUR


def test_same_local_time_over_a_clock_change():
    ours = calendar(zone="Europe/Berlin")
    assert (
        local(ours.add_working_days(at("2026-03-27 15:00", "Europe/Berlin"), 1), "Europe/Berlin") == "2026-03-30 15:00"
    )


def test_leap_day_and_year_end():
    ours = calendar(dict.fromkeys((*WEEKDAYS, "sat", "sun"), HOURS))
    assert local(ours.add(at("2024-02-28 17:00"), 2 * HOUR)) == "2024-02-29 10:00"
    assert local(ours.add(at("2023-02-28 17:00"), 2 * HOUR)) == "2023-03-01 10:00"
    assert local(ours.add(at("2026-12-31 17:00"), 2 * HOUR)) == "2027-01-01 10:00"
    assert local(ours.subtract(at("2027-01-01 10:00"), 2 * HOUR)) == "2026-12-31 17:00"


def test_closing_at_the_end_of_a_month_is_a_closing():
    ours = calendar({"sun": [["20:00", "24:00"]]})
    midnight = at("2026-06-01 00:00")  # the end of Sunday 31 May
    assert ours.add(at("2026-05-31 20:00"), 4 * HOUR) == ours.add(midnight, timedelta(0)) == midnight
    assert ours.previous_closing(midnight) == midnight and not ours.is_working(midnight)
    assert local(ours.subtract(midnight, HOUR)) == "2026-05-31 23:00"


def test_spans_of_years_and_microseconds():
    ours = calendar()
    span = timedelta(hours=20_000, microseconds=1)
    due = ours.add(at("2020-01-01 09:00"), span)
    assert ours.between(at("2020-01-01 09:00"), due) == span
    assert ours.subtract(due, span) == at("2020-01-01 09:00")


def test_empty_calendar_says_so():
    empty = calendar({})
    for question in (empty.next_opening, empty.previous_closing, empty.next_period):
        with pytest.raises(EmptyCalendar):
            question(at("2026-06-01 09:00"))
    for question in (empty.add, empty.subtract):
        with pytest.raises(EmptyCalendar):
            question(at("2026-06-01 09:00"), HOUR)
    for count in (1, -1, 0):
        with pytest.raises(EmptyCalendar):
            empty.add_working_days(at("2026-06-01 09:00"), count)
    assert empty.between(at("2026-06-01 09:00"), at("2027-06-01 09:00")) == timedelta(0)


def test_a_calendar_of_dates_alone_ends():
    ours = calendar({}, {"2026-06-01": HOURS, "2026-09-01": HOURS})
    assert local(ours.add(at("2026-01-01 00:00"), 10 * HOUR)) == "2026-09-01 10:00"
    assert local(ours.add(at("2026-01-01 00:00"), 18 * HOUR)) == "2026-09-01 18:00"
    with pytest.raises(EmptyCalendar):
        ours.add(at("2026-01-01 00:00"), 18 * HOUR + timedelta(microseconds=1))
    with pytest.raises(EmptyCalendar):
        ours.next_opening(at("2026-09-01 18:00"))
    with pytest.raises(EmptyCalendar):
        ours.subtract(at("2026-09-01 18:00"), 19 * HOUR)
    assert [local(t) for t in ours.next_period(at("2026-06-02 00:00"))] == ["2026-09-01 09:00", "2026-09-01 18:00"]


def test_naive_instants_are_refused():
    naive = datetime(2026, 6, 1, 9)
    for question in (ALWAYS.is_working, ALWAYS.next_opening, ALWAYS.previous_closing):
        with pytest.raises(ValueError, match="naive"):
            question(naive)
    with pytest.raises(ValueError, match="naive"):
        ALWAYS.add(naive, HOUR)
    with pytest.raises(ValueError, match="naive"):
        ALWAYS.between(at("2026-06-01 09:00"), naive)


def test_past_what_a_date_can_hold():
    with pytest.raises(OverflowError):
        calendar().add(at("9998-12-31 17:00"), 9 * HOUR)


@pytest.mark.parametrize(
    "data",
    [
        {"zone": "Mars/Olympus", "weekly": {}},
        {"weekly": {}},
        {"zone": "UTC", "weekly": {"monday": HOURS}},
        {"zone": "UTC", "weekly": {"mon": [["9", "18:00"]]}},
        {"zone": "UTC", "weekly": {"mon": [["09:00", "24:01"]]}},
        {"zone": "UTC", "weekly": {"mon": [["09:60", "18:00"]]}},
        {"zone": "UTC", "weekly": {"mon": [["09:00", "09:00"]]}},
        {"zone": "UTC", "weekly": {"mon": ["09:00-18:00"]}},
        {"zone": "UTC", "weekly": {"mon": [["09:00"]]}},
        {"zone": "UTC", "weekly": {}, "days": {"2026-02-30": []}},
    ],
)
def test_nonsense_is_refused(data):
    with pytest.raises(ValueError, match=r"\w"):
        WorkingCalendar.from_dict(data)


def test_dictionary_round_trip():
    data = {
        "zone": "Asia/Kolkata",
        "weekly": {"mon": [["09:00", "12:00"], ["13:00", "24:00"]]},
        "days": {"2026-10-01": [], "2026-10-10": [["09:00", "18:00"]]},
    }
    ours = WorkingCalendar.from_dict(data)
    assert ours.to_dict() == data
    assert WorkingCalendar.from_dict(ours.to_dict()) == ours and hash(WorkingCalendar.from_dict(data)) == hash(ours)
    assert ours.days[date(2026, 10, 1)] == ()
    ours.next_opening(at("2026-06-01 09:00"))
    assert pickle.loads(pickle.dumps(ours)) == ours
    assert WorkingCalendar.from_dict({"zone": "UTC", "weekly": {"mon": [["00:00", "00:00"]]}}).weekly[0] == ((0, 1440),)
    overlapping = {"zone": "UTC", "weekly": {"mon": [["12:00", "18:00"], ["09:00", "13:00"]]}}
    assert WorkingCalendar.from_dict(overlapping).to_dict()["weekly"] == {"mon": [["09:00", "18:00"]]}


def test_always_is_elapsed_time():
    start = at("2026-03-29 00:30", "Europe/Berlin")
    assert ALWAYS.add(start, timedelta(days=400)) == start.astimezone(UTC) + timedelta(days=400)
    assert ALWAYS.between(start, start + timedelta(days=1)) == 23 * HOUR  # a local day with a clock change
