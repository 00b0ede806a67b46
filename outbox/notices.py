"""The outbox's own kind of message: a test mail, by which an administrator sees that mail leaves the house."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.contrib.auth import get_user_model

from outbox.models import Delivery, Intent
from outbox.registry import Notice, Recipient


class TestNotice(Notice):
    """To whoever asked for it: payload ``{"user": id}``."""

    __test__ = False  # the name is not one of a test class
    kind = "outbox.test"
    limit = (10, 3600)

    def recipients(self, intent: Intent, now: datetime) -> Sequence[Recipient]:
        people = get_user_model().objects.filter(pk=intent.payload["user"], is_active=True)
        return [Recipient.of(user) for user in people]

    def context(self, intents: list[Intent], delivery: Delivery, now: datetime) -> dict[str, Any]:
        return {"asked_at": intents[-1].created_at, "name": str(delivery.user)}
