"""Which stretch of time a figure is about. Days begin at midnight of the reader's zone."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, tzinfo

#: The periods that can be chosen, in days; today is the last of them.
PERIODS = (7, 30, 90)


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
        first, last = self.since.astimezone(self.zone).date(), self.until.astimezone(self.zone).date()
        if self.step == "day":
            return [first + timedelta(days=n) for n in range((last - first).days + 1)]
        monday = first - timedelta(days=first.weekday())
        return [monday + timedelta(weeks=n) for n in range((last - monday).days // 7 + 1)]


def last_days(days: int, *, now: datetime, zone: tzinfo) -> Span:
    """The last ``days`` calendar days of ``zone`` up to ``now``, today included."""
    first = now.astimezone(zone).date() - timedelta(days=days - 1)
    return Span(datetime.combine(first, time.min, zone), now, days, zone)


def _days_earlier(at: datetime, days: int, zone: tzinfo) -> datetime:
    """The same time of day ``days`` days earlier, also where the clocks were changed in between."""
    local = at.astimezone(zone).replace(tzinfo=None) - timedelta(days=days)
    return local.replace(tzinfo=zone)
