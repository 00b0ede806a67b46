"""What the deadlines' own set-up tells: a calendar that lacks a year, to who can mend it."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.urls import reverse

from accounts.selectors import administrators
from outbox.models import Delivery, Intent
from outbox.registry import Notice, Recipient
from sla.models import Calendar
from sla.selectors import MissingYear, missing_years


def import_address(missing: MissingYear) -> str:
    """The path of the page that imports just this year into just this calendar."""
    return f"{reverse('sla:import-holidays')}?{urlencode({'calendar': missing.calendar.pk, 'year': missing.year})}"


class YearMissing(Notice):
    """A working calendar that keeps holidays knows none of a year; silent when somebody mended it meanwhile."""

    kind = "calendar.year_missing"

    def recipients(self, intent: Intent, now: datetime) -> Sequence[Recipient]:
        return [Recipient.of(user) for user in administrators()] if self._missing(intent, now) else []

    def wakes(self, intent: Intent) -> bool:
        return False

    def context(self, intents: list[Intent], delivery: Delivery, now: datetime) -> dict[str, Any]:
        payload = intents[0].payload
        calendar = Calendar.objects.get(pk=payload["calendar"])
        missing = self._missing(intents[0], now) or MissingYear(calendar, payload["year"], has_begun=False)
        return {"missing": missing, "url": settings.SITE_URL + import_address(missing)}

    def visible(self, intents: list[Intent], user: Any) -> set[int]:
        return super().visible(intents, user) if user.may("admin.configure") else set()

    def _missing(self, intent: Intent, now: datetime) -> MissingYear | None:
        wanted = (intent.payload["calendar"], intent.payload["year"])
        return next((each for each in missing_years(now=now) if (each.calendar.pk, each.year) == wanted), None)
