"""Working time the slow way, for the model: it walks day by day and knows nothing of the product's arithmetic."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

ZERO = timedelta(0)
DAY = timedelta(days=1)


class Hours:
    """The same hours on each weekday from Monday to Friday, but none on the dates in ``free``."""

    def __init__(self, zone: str, opens: time, closes: time, free: frozenset[date] = frozenset()) -> None:
        self.zone = ZoneInfo(zone)
        self.opens, self.closes, self.free = opens, closes, free

    def without(self, day: date) -> "Hours":
        return Hours(self.zone.key, self.opens, self.closes, self.free | {day})

    def works_on(self, day: date) -> bool:
        return day.weekday() < 5 and day not in self.free

    def spans(self, since: datetime) -> Iterator[tuple[datetime, datetime]]:
        """Stretches of work that end after ``since``, for ever."""
        day = since.astimezone(self.zone).date()
        while True:
            if self.works_on(day):
                opening = datetime.combine(day, self.opens, self.zone).astimezone(UTC)
                closing = datetime.combine(day, self.closes, self.zone).astimezone(UTC)
                if closing > since:
                    yield opening, closing
            day += DAY

    def between(self, start: datetime, end: datetime) -> timedelta:
        total = ZERO
        for opening, closing in self.spans(start):
            if opening >= end:
                return total
            total += max(min(closing, end) - max(opening, start), ZERO)
        return total

    def after(self, start: datetime, span: timedelta) -> datetime:
        """The earliest instant by which ``span`` was worked; ``start`` itself when that is nothing."""
        if span <= ZERO:
            return start
        for opening, closing in self.spans(start):
            begun = max(opening, start)
            if closing - begun >= span:
                return begun + span
            span -= closing - begun
        raise AssertionError("days never end")

    def same_time(self, start: datetime, days: int) -> datetime:
        """The same local time so many working days later; outside working hours it counts from the next opening."""
        opening, _closing = next(self.spans(start))
        local = max(start, opening).astimezone(self.zone)
        day = local.date()
        while days:
            day += DAY
            days -= self.works_on(day)
        return datetime.combine(day, local.time(), self.zone).astimezone(UTC)


class DayAndNight(Hours):
    """Every minute counts."""

    def __init__(self) -> None:
        super().__init__("UTC", time(0), time(0))

    def spans(self, since: datetime) -> Iterator[tuple[datetime, datetime]]:
        yield since, datetime.max.replace(tzinfo=UTC)


ALWAYS = DayAndNight()
