"""Importing holidays: what is written, what stays, and when a new version of the calendar begins."""

from datetime import UTC, date, datetime, timedelta

import pytest
from django.core.management import CommandError, call_command

from sla.holidays_source import SpecialDay
from sla.models import Calendar, CalendarDay, CalendarVersion
from sla.policies import policy_book
from sla.selectors import calendar_of
from sla.services.calendars import import_days, snapshot

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 1, 1, tzinfo=UTC)
HOURS = [["09:00", "12:00"], ["13:00", "18:00"]]


@pytest.fixture
def office():
    return Calendar.objects.create(
        code="office", name="Office", name_en="Office", zone="Asia/Shanghai", weekly_hours={"mon": HOURS, "tue": HOURS}
    )


def test_china_with_make_up_days(office, capsys):
    call_command("import_holidays", "CN", "2026", calendar="office")
    assert "0 replaced" in capsys.readouterr().out
    assert office.days.get(date="2026-10-01").intervals == []
    assert office.days.get(date="2026-10-10").intervals == HOURS
    assert "National Day" in office.days.get(date="2026-10-10").name
    ours = calendar_of(policy_book().newest[office.pk])
    assert ours.next_opening(datetime(2026, 10, 6, tzinfo=UTC)) == datetime(2026, 10, 10, 1, tzinfo=UTC)


def test_twice_changes_nothing(office, capsys):
    for _ in range(2):
        call_command("import_holidays", "CN", "2026", calendar="office")
    assert "office" not in capsys.readouterr().err
    assert list(office.snapshots.values_list("number", flat=True)) == [1]
    call_command("import_holidays", "CN", "2025", calendar="office")
    assert sorted(office.snapshots.values_list("number", flat=True)) == [1, 2]
    assert office.days.filter(date__year=2025).exists() and office.days.filter(date__year=2026).exists()


def test_what_somebody_set_stays_unless_replaced(office, capsys):
    CalendarDay.objects.create(calendar=office, date="2026-10-02", intervals=[["10:00", "12:00"]], name="stock-taking")
    call_command("import_holidays", "CN", "2026", calendar="office")
    assert "1 dates were set otherwise" in capsys.readouterr().out
    assert office.days.get(date="2026-10-02").name == "stock-taking"
    call_command("import_holidays", "CN", "2026", "--replace", calendar="office")
    assert office.days.get(date="2026-10-02").intervals == [] and office.snapshots.count() == 2


def test_a_version_never_changes(office):
    first = snapshot(calendar=office, now=NOW)
    before = first.definition
    assert snapshot(calendar=office, now=NOW + timedelta(days=1)) == first
    import_days(calendar=office, special=[SpecialDay(date(2026, 6, 1), "off", is_working=False)], now=NOW)
    assert CalendarVersion.objects.get(pk=first.pk).definition == before
    monday = datetime(2026, 6, 1, 2, tzinfo=UTC)
    assert calendar_of(first.pk).is_working(monday) and not calendar_of(policy_book().newest[office.pk]).is_working(
        monday
    )


def test_a_make_up_day_needs_hours(office):
    office.weekly_hours = {}
    office.save()
    with pytest.raises(CommandError, match="no weekly hours"):
        call_command("import_holidays", "CN", "2026", calendar="office")
    assert not office.days.exists() and not office.snapshots.exists()


@pytest.mark.parametrize(
    ("country", "year", "code", "says"),
    [
        ("CN", "2099", "office", "not for 2099"),
        ("XX", "2026", "office", "XX"),
        ("CN", "2026", "nowhere", "office"),
        ("CN", "2026", None, "--calendar"),
    ],
)
def test_refusals_say_why(office, country, year, code, says):
    Calendar.objects.create(code="second", name="Second", name_en="Second")
    with pytest.raises(CommandError, match=says):
        call_command("import_holidays", country, year, calendar=code)
    assert not office.days.exists()
