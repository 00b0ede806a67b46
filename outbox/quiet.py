"""Quiet hours: a stretch of somebody's day in which messages wait, unless what they tell must wake. Pure."""

import zoneinfo
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Self
from zoneinfo import ZoneInfo

from django.conf import settings

_ONE_DAY = timedelta(days=1)


def zone_of(user: Any) -> ZoneInfo:
    """The zone that a person lives in: the house's when they named none, or none that is known here."""
    try:
        return ZoneInfo(getattr(user, "time_zone", "") or settings.TIME_ZONE)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError):
        return ZoneInfo(settings.TIME_ZONE)


@dataclass(frozen=True)
class QuietHours:
    """From ``start`` on, no longer at ``end``, by the hands of the clock in ``zone``; may run over midnight."""

    start: time
    end: time
    zone: ZoneInfo

    @classmethod
    def of(cls, user: Any) -> Self | None:
        """Those that a user row carries; None without."""
        if user.quiet_from is None or user.quiet_until is None:
            return None
        return cls(user.quiet_from, user.quiet_until, zone_of(user))

    def ends_at(self, now: datetime) -> datetime | None:
        """When the quiet ends in which ``now`` lies (UTC); None while it is not quiet.

        Where the clocks change, a bound that does not exist moves by the gap, and one that comes twice is the first,
        as in working calendars (docs/deadlines.md).
        """
        today = now.astimezone(self.zone).date()
        for first_day in (today - _ONE_DAY, today):
            last_day = first_day if self.start < self.end else first_day + _ONE_DAY
            finish = self._instant(last_day, self.end)
            if self._instant(first_day, self.start) <= now < finish:
                return finish
        return None

    def _instant(self, day: date, at: time) -> datetime:
        return datetime.combine(day, at, tzinfo=self.zone).astimezone(UTC)
