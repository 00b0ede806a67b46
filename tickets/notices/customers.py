"""What the customer is told. Each goes to the requester in their language, with a way to look and answer."""

from datetime import datetime
from typing import Any

from django.conf import settings
from django.urls import reverse

from outbox.models import Delivery, Intent
from outbox.registry import Recipient
from sla.choices import Severity
from sla.models import Clock
from tickets.choices import Mark
from tickets.models import Resolution, SeverityContest, Ticket
from tickets.notices.base import TicketNotice, ToCustomers
from tickets.notices.words import ANSWERING, THREAD
from tickets.services.links import answer_link, way_in
from tickets.ways import customer_of


class CustomerNotice(ToCustomers, TicketNotice):
    """Goes to the requester. People without an account get a private link, minted when the mail is made.

    ``optional``: who wants to hear only answers and decisions does not hear of it by mail.
    """

    channels = ("mail", "page", Delivery.Channel.WECOM)
    subject_of_thread = THREAD
    answering = ANSWERING
    shows_progress = True

    def __init__(self, kind: str, limit: tuple[int, int] | None = None, *, optional: bool = False) -> None:
        self.kind = kind
        self.limit = limit
        self._optional = optional

    def essential(self, intent: Intent) -> bool:
        return not self._optional

    def recipients(self, intent: Intent, now: datetime) -> list[Recipient]:
        return customer_of(self.ticket_of(intent))

    def visible(self, intents: list[Intent], user: Any) -> set[int]:
        """Who stands for an ID of a chat signs in nowhere, and is told of their own tickets all the same."""
        if user.is_active:
            return super().visible(intents, user)
        wanted = {intent.payload["ticket"] for intent in intents}
        own = set(Ticket.objects.filter(pk__in=wanted, requester=user.pk).values_list("pk", flat=True))
        return {intent.pk for intent in intents if intent.payload["ticket"] in own}

    def url(self, ticket: Ticket, delivery: Delivery, now: datetime) -> str:
        if delivery.channel == Delivery.Channel.PAGE:
            return settings.SITE_URL + reverse("portal:ticket", args=[ticket.number])
        return way_in(ticket=ticket, user=ticket.requester, now=now)


class Answered(CustomerNotice):
    """A public reply; one that is a progress update and nothing else is no answer yet."""

    def essential(self, intent: Intent) -> bool:
        message = self.row_of(intent, "message")
        return message is None or message.marks != [Mark.PROGRESS]


class Acknowledged(CustomerNotice):
    """The acknowledgement states the number and the promise, and repeats nothing that the sender wrote:
    a stranger's form must not carry a stranger's words to a victim (hardening.md, «loops and bombing»)."""

    auto_submitted = "auto-replied"

    def item(self, intent: Intent, delivery: Delivery, now: datetime) -> dict[str, Any]:
        item = super().item(intent, delivery, now)
        response = Clock.objects.filter(ticket=item["ticket"], metric="first_response").order_by("pk").first()
        return {**item, "response_due_at": response.due_at if response else None}


class Regraded(CustomerNotice):
    """States both grades in words and the new deadlines."""

    def item(self, intent: Intent, delivery: Delivery, now: datetime) -> dict[str, Any]:
        item = super().item(intent, delivery, now)
        payload = intent.payload
        return {**item, "source": Severity(payload["source"]).label, "target": Severity(payload["target"]).label}


class ContestDeclined(CustomerNotice):
    """The lead's answer to a contested grade."""

    also = {"contest": SeverityContest}


class Resolved(CustomerNotice):
    """Asks «solved or not?» by a link that answers once."""

    def item(self, intent: Intent, delivery: Delivery, now: datetime) -> dict[str, Any]:
        item = super().item(intent, delivery, now)
        resolution = Resolution.objects.get(ticket=item["ticket"], cycle=intent.payload["cycle"])
        return {
            **item,
            "resolution": resolution,
            "answer_url": answer_link(ticket=item["ticket"], cycle=resolution.cycle),
        }


class Split(CustomerNotice):
    """Tells the number of the ticket that goes on with a part of another one."""

    also = {"origin": Ticket}


NOTICES = [
    Acknowledged("ticket.acknowledged", limit=(3, 3600)),
    Answered("ticket.reply"),
    CustomerNotice("ticket.closed", optional=True),
    Regraded("ticket.regraded"),
    ContestDeclined("ticket.contest_declined"),
    Resolved("ticket.resolved"),
    Split("ticket.split", optional=True),
    CustomerNotice("ticket.unmerged", optional=True),
]
