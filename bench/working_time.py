"""How long working time takes beside businesstimedelta, both in this run: microseconds, and theirs / ours.

    python bench/working_time.py

China's hours with a lunch break and the holidays and make-up days of 2024 to 2026; businesstimedelta, which knows
no make-up days, gets the same week and holidays only. «cold» builds our calendar anew each time, «warm» keeps it.
"""

import datetime as dt
import gc
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from zoneinfo import ZoneInfo

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import businesstimedelta as peer
import pytz

from sla.deadlines import WorkingCalendar
from sla.holidays_source import china_days

ZONE = ZoneInfo("Asia/Shanghai")
START = dt.datetime(2025, 1, 6, 10, 30, tzinfo=ZONE)
SPANS = {"2 hours": 2, "10 days": 80, "1 year": 8 * 250}
HOURS = [["09:00", "12:00"], ["13:00", "18:00"]]


def our_calendar(make_up: bool) -> WorkingCalendar:
    """The calendar; without make-up days it is the same as the peer's, so that answers can be compared."""
    days = {
        day.date.isoformat(): HOURS if day.is_working else []
        for year in (2024, 2025, 2026)
        for day in china_days(year)
        if make_up or not day.is_working
    }
    weekly = dict.fromkeys(("mon", "tue", "wed", "thu", "fri"), HOURS)
    return WorkingCalendar.from_dict({"zone": ZONE.key, "weekly": weekly, "days": days})


def peer_rules() -> peer.Rules:
    """The same week and holidays as rules of businesstimedelta."""
    zone = pytz.timezone(ZONE.key)  # its own dependency; it takes no other zones
    free = {day.date for year in (2024, 2025, 2026) for day in china_days(year) if not day.is_working}
    work = peer.WorkDayRule(start_time=dt.time(9), end_time=dt.time(18), working_days=[0, 1, 2, 3, 4], tz=zone)
    lunch = peer.LunchTimeRule(start_time=dt.time(12), end_time=dt.time(13), working_days=[0, 1, 2, 3, 4], tz=zone)
    return peer.Rules([work, lunch, peer.HolidayRule(free, tz=zone)])


def measure(question: Callable[[], object], seconds: float = 0.5) -> float:
    """Median microseconds of one call."""
    question()
    samples: list[float] = []
    end = time.perf_counter() + seconds
    gc.disable()
    while time.perf_counter() < end or len(samples) < 3:
        begun = time.perf_counter()
        question()
        samples.append((time.perf_counter() - begun) * 1e6)
    gc.enable()
    return statistics.median(samples)


def main() -> None:
    """Print one line per question."""
    ours, plain, theirs = our_calendar(True), our_calendar(False), peer_rules()
    data = ours.to_dict()
    print(f"{'question':<18}{'cold µs':>10}{'warm µs':>10}{'peer µs':>12}{'peer/warm':>11}{'peer/cold':>11}")
    for name, hours in SPANS.items():
        span = dt.timedelta(hours=hours)
        due, peer_due = plain.add(START, span), START + peer.BusinessTimeDelta(theirs, hours=hours)
        if due != peer_due:
            sys.exit(f"{name}: the answers differ, ours {due}, businesstimedelta {peer_due}")

        def cold(span: dt.timedelta = span) -> object:
            return WorkingCalendar(ours.zone, ours.weekly, ours.days).add(START, span)

        adding = (
            measure(cold),
            measure(lambda span=span: ours.add(START, span)),
            measure(lambda hours=hours: START + peer.BusinessTimeDelta(theirs, hours=hours)),
        )
        line(f"add {name}", *adding)

        def cold_between(due: dt.datetime = due) -> object:
            return WorkingCalendar(ours.zone, ours.weekly, ours.days).between(START, due)

        asking = (
            measure(cold_between),
            measure(lambda due=due: ours.between(START, due)),
            measure(lambda due=due: theirs.difference(START, due)),
        )
        line(f"between {name}", *asking)
    print(f"reading the calendar from its dictionary: {measure(lambda: WorkingCalendar.from_dict(data)):.0f} µs")


def line(name: str, cold: float, warm: float, peers: float) -> None:
    """One row of the table."""
    print(f"{name:<18}{cold:>10.1f}{warm:>10.1f}{peers:>12.1f}{peers / warm:>11.0f}{peers / cold:>11.1f}")


if __name__ == "__main__":
    main()
