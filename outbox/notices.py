"""The outbox's own kinds of message: the morning's digest, and a test mail, by which one sees that mail leaves."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from outbox import digest
from outbox.mail_models import Digest
from outbox.models import Delivery, Intent
from outbox.registry import Notice, Recipient


class TestNotice(Notice):
    """To whoever asked for it: payload ``{"user": id}``."""

    __test__ = False  # the name is not one of a test class
    kind = "outbox.test"
    label = _("Test mail")
    limit = (10, 3600)

    def recipients(self, intent: Intent, now: datetime) -> Sequence[Recipient]:
        people = get_user_model().objects.filter(pk=intent.payload["user"], is_active=True)
        return [Recipient.of(user) for user in people]

    def context(self, intents: list[Intent], delivery: Delivery, now: datetime) -> dict[str, Any]:
        return {"asked_at": intents[-1].created_at, "name": str(delivery.user)}


class DigestNotice(Notice):
    """What came since yesterday morning, sorted; silent when nothing of it is left to tell."""

    kind = digest.DIGEST
    label = _("The morning's digest")
    channels = ("mail",)
    bulk = True

    def recipients(self, intent: Intent, now: datetime) -> Sequence[Recipient]:
        row = self._row(intent)
        return [Recipient.of(row.user, ("mail",))] if row.user.is_active and digest.still_to_tell(row) else []

    def wakes(self, intent: Intent) -> bool:
        return False

    def settled(self, intents: list[Intent]) -> set[int]:
        return {intent.pk for intent in intents if not digest.still_to_tell(self._row(intent))}

    def context(self, intents: list[Intent], delivery: Delivery, now: datetime) -> dict[str, Any]:
        row = self._row(intents[0])
        sections, left_out = digest.sections(row, now=now)
        return {
            "person": row.user,
            "sections": sections,
            "left_out": left_out,
            "total": left_out + sum(len(section.lines) for section in sections),
            "url": settings.SITE_URL + reverse("outbox:notices"),
            "choices_url": settings.SITE_URL + reverse("profile-notifications"),
        }

    def _row(self, intent: Intent) -> Digest:
        return Digest.objects.select_related("user").get(pk=intent.payload["digest"])
