"""Cases written by others: vectors of six projects, numpy's days, and China's calendar by two packages."""

import csv
import io
import json
from datetime import date

import pytest
from django.core.management import CommandError, call_command

from sla.deadlines import WorkingCalendar
from sla.holidays_source import HolidaysUnknown, china_days, special_days
from sla.vectors import judge

# The work is used up exactly at closing time: this source names the next opening, we (and most others) the closing.
OTHER_CONVENTION = {("zendesk/biz spec/biz_spec.rb", "2006-01-01 00:00:00", "2006-01-15 11:00:00")}


def load(test_data, name):
    return json.loads((test_data / "worktime" / name).read_text(encoding="utf-8"))


def test_all_vectors_agree_but_the_other_convention(test_data):
    cases = load(test_data, "vectors.json")
    differing = [case for case in cases if not judge(case).agrees]
    assert {(case["source"], case["start"], case["expected_due"]) for case in differing} == OTHER_CONVENTION
    assert all("BOUNDARY" in case["note"] for case in differing)
    assert {case["kind"] for case in cases} == {"add", "within", "add_business_days", "is_working_time", "first_period"}


def test_days_as_numpy_counts_them(test_data):
    cases = load(test_data, "numpy_busday.json")
    assert cases
    for case in cases:
        assert judge(case).agrees, (case, judge(case))


def test_every_day_of_china_agrees_with_both_packages(test_data):
    data = load(test_data, "china_2024_2026.json")
    special = {day.date: day for year in data["years"] for day in china_days(year)}
    worked = sorted(day.date.isoformat() for day in special.values() if day.is_working)
    assert worked == data["makeup_working_days"]["chinesecalendar"] == data["makeup_working_days"]["holidays"]
    path = test_data / "worktime" / "china_2024_2026_all_days.csv"
    rows = list(csv.DictReader(io.StringIO(path.read_text(encoding="utf-8"))))
    assert len(rows) == 1096
    for row in rows:
        day = date.fromisoformat(row["date"])
        works = special[day].is_working if day in special else day.weekday() < 5
        assert works == (row["chinesecalendar_workday"] == "True"), row
        assert works == (row["holidays_pkg_workday"] == "True"), row


def test_holidays_of_other_countries_and_unknown_years():
    german = {day.date: day.name for day in special_days("de", 2026)}
    assert german[date(2026, 10, 3)] == "German Unity Day"
    assert any(day.is_working for day in special_days("HU", 2026))
    for country, year in (("CN", 2004 - 1), ("CN", 2099), ("XX", 2026)):
        with pytest.raises(HolidaysUnknown):
            special_days(country, year)


def case(**fields):
    return {"kind": "add", "source": "here", "timezone": "UTC", "weekly_hours": {"mon": [["09:00", "17:00"]]}, **fields}


@pytest.mark.parametrize(
    "fields",
    [
        {"start": "2026-06-01 10:00:00", "minutes": 60.5, "expected_due": "2026-06-01 11:00:30"},
        {"start": "2026-06-01 10:00:00", "seconds": 90, "minutes": 2, "expected_due": "2026-06-01 10:01:30"},
        {"start": "2026-06-01 12:00:00+02:00", "minutes": 60, "expected_due": "2026-06-01T13:00:00+02:00"},
        {"start": "2026-06-01 10:00:00", "minutes": 9, "holidays": ["2026-06-01"], "expected_due": "2026-06-08 09:09"},
        {
            "start": "2026-06-02 10:00:00",
            "minutes": 120,
            "shifts": {"2026-06-02": [["10:00", "11:00"], ["12:00", "14:00"]]},
            "breaks": {"2026-06-02": [["12:30", "13:00"]]},
            "expected_due": "2026-06-02 13:30:00",
        },
        {
            "start": "2026-06-01 17:00:00",
            "minutes": 60,
            "direction": "before",
            "pauses": [["2026-06-01 16:30:00", "2026-06-01 16:45:00"]],
            "expected_due": "2026-06-01 15:45:00",
        },
        {
            "start": "2026-06-01 17:00:00",
            "minutes": 120,
            "weekly_hours": {},
            "overnight": {"mon": [["23:00", "07:00"]]},
            "expected_due": "2026-06-02 01:00:00",
        },
        {"kind": "add_business_days", "start": "2026-06-08 10:00:00", "days": 1, "direction": "before",
         "expected_due": "2026-06-01 10:00:00"},
        {"kind": "within", "start": "2026-06-01 10:00:00", "end": "2026-06-01 13:00:00",
         "closed_at": "2026-06-01 12:00:00", "pauses": [["2026-06-01 09:00:00", "2026-06-01 10:30:00"]],
         "expected_working_minutes": 90},
        {"kind": "within", "start": "2026-06-01 10:00:00", "end": "2026-06-01 13:00:00",
         "closed_at": "2026-06-01 08:00:00", "expected_working_minutes": 0},
    ],
)  # fmt: skip
def test_optional_fields(fields):
    verdict = judge(case(**fields))
    assert verdict.agrees, verdict


def test_command_lists_what_differs_and_counts(tmp_path, capsys):
    right = case(start="2026-06-01 10:00:00", minutes=60, expected_due="2026-06-01 11:00:00")
    wrong = case(start="2026-06-01 10:00:00", minutes=60, expected_due="2026-06-01 12:00:00", note="wrong on purpose")
    path = tmp_path / "cases.json"
    path.write_text(json.dumps([right, wrong, {"kind": "guess"}, {"kind": "add"}, 7]))
    call_command("working_time", vectors=path)
    lines = capsys.readouterr().out.splitlines()
    assert json.loads(lines[-1]) == {"agree": 1, "differ": 4} and len(lines) == 5
    assert "wrong on purpose" in lines[0] and "12:00:00, ours 2026-06-01 11:00:00" in lines[0]
    assert "unknown kind 'guess'" in lines[1]


@pytest.mark.parametrize("text", ["{}", "not JSON"])
def test_command_refuses_what_is_no_list(tmp_path, text):
    path = tmp_path / "cases.json"
    path.write_text(text)
    with pytest.raises(CommandError):
        call_command("working_time", vectors=path)


def test_calendar_of_china_survives_its_dictionary():
    hours = [["09:00", "18:00"]]
    data = {"zone": "Asia/Shanghai", "weekly": {"mon": hours}, "days": {str(d.date): [] for d in china_days(2026)}}
    assert WorkingCalendar.from_dict(data).to_dict()["days"].keys() == data["days"].keys()
