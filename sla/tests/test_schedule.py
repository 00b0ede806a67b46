"""Where a deadline moves when its clock stood still. 2026-06-01 is a Monday."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from sla.deadlines import WorkingCalendar
from sla.schedule import shift

SHANGHAI = ZoneInfo("Asia/Shanghai")
OFFICE = WorkingCalendar.from_dict(
    {"zone": SHANGHAI.key, "weekly": {day: [["09:00", "18:00"]] for day in ("mon", "tue", "wed", "thu", "fri")}}
)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI).astimezone(UTC)


@pytest.mark.parametrize(
    ("due", "paused", "resumed", "moved"),
    [
        ("2026-06-03 15:00", "2026-06-02 10:00", "2026-06-02 12:00", "2026-06-03 17:00"),
        ("2026-06-03 17:00", "2026-06-02 10:00", "2026-06-02 12:00", "2026-06-04 10:00"),
        ("2026-06-03 15:00", "2026-06-02 20:00", "2026-06-02 21:00", "2026-06-03 15:00"),  # outside working hours
        ("2026-06-03 15:00", "2026-06-03 16:00", "2026-06-03 17:00", "2026-06-03 15:00"),  # overdue before the pause
        # Due at an opening: on the evening before nothing is left to work, and it is not due the sooner for that.
        ("2026-06-03 09:00", "2026-06-02 20:00", "2026-06-02 21:00", "2026-06-03 09:00"),
        ("2026-06-03 09:00", "2026-06-02 17:00", "2026-06-02 17:00", "2026-06-03 09:00"),
        ("2026-06-03 09:00", "2026-06-02 17:00", "2026-06-02 21:00", "2026-06-03 10:00"),
        ("2026-06-03 09:00", "2026-06-02 20:00", "2026-06-03 09:30", "2026-06-03 09:30"),
    ],
)
def test_a_pause_moves_by_the_working_time_it_took(due, paused, resumed, moved):
    assert shift(OFFICE, at(due), paused_at=at(paused), resumed_at=at(resumed)) == at(moved)
