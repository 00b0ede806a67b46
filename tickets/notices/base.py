"""What the notices of tickets share: finding the rows behind an intent, once per message."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.conf import settings
from django.urls import reverse

from accounts.models import User
from outbox.models import Delivery, Intent
from outbox.registry import Notice, Recipient
from tickets.models import Message, Ticket


class TicketNotice(Notice):
    """A notice whose payload names a ticket, and perhaps a message of it."""

    def ticket_of(self, intent: Intent) -> Ticket:
        """The ticket with the people around it."""
        rows = Ticket.objects.select_related(
            "requester", "organization", "team__lead", "assignee", "category", "module"
        )
        return rows.get(pk=intent.payload["ticket"])

    def message_of(self, intent: Intent) -> Message | None:
        """The message that the intent tells of, if it names one."""
        pk = intent.payload.get("message")
        return Message.objects.select_related("author").filter(pk=pk).first() if pk else None

    def people(self, *users: User | None) -> list[Recipient]:
        """Recipients for active people, each once."""
        found: dict[int, Recipient] = {}
        for user in users:
            if user is not None and user.is_active:
                found.setdefault(user.pk, Recipient.of(user))
        return list(found.values())

    def context(self, intents: list[Intent], delivery: Delivery, now: datetime) -> dict[str, Any]:
        """Each intent's rows under ``items``, the first one's also by name."""
        items = [self.item(intent, delivery, now) for intent in intents]
        return {**items[0], "items": items, "many": len(items) > 1, "delivery": delivery}

    def item(self, intent: Intent, delivery: Delivery, now: datetime) -> dict[str, Any]:
        """The variables of one intent."""
        ticket = self.ticket_of(intent)
        return {
            "ticket": ticket,
            "message": self.message_of(intent),
            "payload": intent.payload,
            "url": self.url(ticket, delivery, now),
        }

    def url(self, ticket: Ticket, delivery: Delivery, now: datetime) -> str:
        """Where the reader of this message looks at the ticket."""
        raise NotImplementedError

    def visible(self, intents: list[Intent], user: Any) -> set[int]:
        wanted = {intent.payload["ticket"] for intent in intents}
        seen = set(Ticket.objects.visible_to(user).filter(pk__in=wanted).values_list("pk", flat=True))
        return {intent.pk for intent in intents if intent.payload["ticket"] in seen}


class StaffNotice(TicketNotice):
    """A notice for colleagues: it leads into the workspace."""

    def url(self, ticket: Ticket, delivery: Delivery, now: datetime) -> str:
        return settings.SITE_URL + reverse("workspace:ticket", args=[ticket.number])
