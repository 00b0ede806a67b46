"""Which stretch of time a figure is about. Days begin at midnight of the reader's zone."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, tzinfo

#: The periods that can be chosen, in days; today is the last of them.
PERIODS = (7, 30, 90)
#: Into what a span can be cut.
STEPS = ("day", "week", "month")


@dataclass(frozen=True)
class Span:
    """From ``since`` on, before ``until``; ``days`` calendar days of ``zone``, the last of them unfinished."""

    since: datetime
    until: datetime
    days: int
    zone: tzinfo

    @property
    def before(self) -> "Span":
        """As long a stretch right before, cut off at the same time of day, so that both can be compared."""
        since, until = (_days_earlier(at, self.days, self.zone) for at in (self.since, self.until))
        return Span(since, until, self.days, self.zone)

    @property
    def step(self) -> str:
        """How charts cut it: by day, long ones by week."""
        return "day" if self.days <= 31 else "week"

    @property
    def steps(self) -> list[date]:
        """The days, or the Mondays of the weeks, that it touches."""
        return self.cut(self.step)

    def cut(self, step: str) -> list[date]:
        """The days, the Mondays of the weeks or the first days of the months that it touches."""
        first = self.since.astimezone(self.zone).date()
        last = first + timedelta(days=self.days - 1)
        if step == "day":
            return [first + timedelta(days=n) for n in range((last - first).days + 1)]
        if step == "week":
            monday = first - timedelta(days=first.weekday())
            return [monday + timedelta(weeks=n) for n in range((last - monday).days // 7 + 1)]
        months = range(first.year * 12 + first.month - 1, last.year * 12 + last.month)
        return [date(month // 12, month % 12 + 1, 1) for month in months]


def whole_days(since: date, until: date, *, now: datetime, zone: tzinfo) -> Span:
    """The calendar days of ``zone`` from ``since`` to ``until``, both included, or to today if that comes first.

    Raises:
        ValueError: when ``since`` is after the last of them.
    """
    last = min(until, now.astimezone(zone).date())
    if since > last:
        raise ValueError(since)
    end = datetime.combine(last + timedelta(days=1), time.min, zone)
    return Span(datetime.combine(since, time.min, zone), min(end, now), (last - since).days + 1, zone)


def last_days(days: int, *, now: datetime, zone: tzinfo) -> Span:
    """The last ``days`` calendar days of ``zone`` up to ``now``, today included."""
    first = now.astimezone(zone).date() - timedelta(days=days - 1)
    return Span(datetime.combine(first, time.min, zone), now, days, zone)


def _days_earlier(at: datetime, days: int, zone: tzinfo) -> datetime:
    """The same time of day ``days`` days earlier, also where the clocks were changed in between."""
    local = at.astimezone(zone).replace(tzinfo=None) - timedelta(days=days)
    return local.replace(tzinfo=zone)
