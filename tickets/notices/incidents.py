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

    def recipients(self, intent: Intent, now: datetime) -> Sequence[Recipient]:
        followers = User.objects.filter(followed_incidents__incident__news=intent.payload["news"], is_active=True)
        return [Recipient.of(user) for user in followers.order_by("pk")]

    def context(self, intents: list[Intent], delivery: Delivery, now: datetime) -> dict[str, Any]:
        news = IncidentNews.objects.select_related("incident").get(pk=intents[0].payload["news"])
        address = settings.SITE_URL + reverse("portal:incident", args=[news.incident_id])
        return {"news": news, "incident": news.incident, "url": address, "delivery": delivery}


NOTICES = [News()]
