"""The news of a known incident, for whoever follows it."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.conf import settings
from django.urls import reverse

from accounts.models import User
from outbox.models import Delivery, Intent
from outbox.registry import Notice, Recipient
from tickets.models import IncidentNews


class News(Notice):
    """Each news leaves by itself: what was told is not told otherwise afterwards."""

    kind = "incident.news"
    audience = "customers"
    bulk = True

    def essential(self, intent: Intent) -> bool:
        return False

    def recipients(self, intent: Intent, now: datetime) -> Sequence[Recipient]:
        followers = User.objects.filter(followed_incidents__incident__news=intent.payload["news"], is_active=True)
        return [Recipient.of(user) for user in followers.order_by("pk")]

    def context(self, intents: list[Intent], delivery: Delivery, now: datetime) -> dict[str, Any]:
        rows = self.rows_for_example(intents[0])
        address = settings.SITE_URL + reverse("portal:incident", args=[rows["incident"].pk])
        return {**rows, "url": address, "delivery": delivery}

    def rows_for_example(self, intent: Intent) -> dict[str, Any]:
        """The news and its incident."""
        news = IncidentNews.objects.select_related("incident").get(pk=intent.payload["news"])
        return {"news": news, "incident": news.incident}


NOTICES = [News()]
