"""What the notices of tickets share: finding the rows behind intents, all of one kind at once."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any, ClassVar

from django.conf import settings
from django.db.models import Model, QuerySet
from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.models import User
from outbox.bilingual import in_reader_language
from outbox.cards import Card
from outbox.models import Delivery, Intent
from outbox.registry import Notice, Recipient
from sla.choices import Severity
from tickets.choices import Channel
from tickets.models import Escalation, Message, Ticket

#: Ways in on which nobody is asked who they are.
_BY_ANYBODY = (Channel.WEB, Channel.MAIL)
#: One message may tell of thousands after an outage; mail servers refuse what is too large, and nobody reads it.
MOST_LISTED = 100


class TicketNotice(Notice):
    """A notice whose payload names a ticket, perhaps a message of it, and what ``also`` says."""

    #: Further rows that the payload names, as {key: model}; they stand in the templates under that key.
    also: ClassVar[dict[str, type[Model]]] = {}

    def prepare(self, intents: list[Intent]) -> None:
        people = ("requester", "organization", "team__lead", "assignee", "category", "module")
        sources: dict[str, QuerySet[Any]] = {
            "ticket": Ticket.objects.select_related(*people).defer("tokens"),
            "message": Message.objects.select_related("author"),
            **{name: model._default_manager.all() for name, model in self.also.items()},
        }
        for name, rows in sources.items():
            fresh = [intent for intent in intents if name not in _rows(intent)]
            found = rows.in_bulk({pk for intent in fresh if (pk := intent.payload.get(name))}) if fresh else {}
            for intent in fresh:
                _rows(intent)[name] = found.get(intent.payload.get(name))

    def row_of(self, intent: Intent, name: str) -> Any:
        """The row that the payload names so; None when it names none or it is gone."""
        if name not in _rows(intent):
            self.prepare([intent])
        return _rows(intent)[name]

    def put_row(self, intent: Intent, name: str, row: Any) -> None:
        """Let ``row`` stand for what the payload names so."""
        _rows(intent)[name] = row

    def ticket_of(self, intent: Intent) -> Ticket:
        """The ticket with the people around it.

        Raises:
            Ticket.DoesNotExist: when it was deleted.
        """
        if (ticket := self.row_of(intent, "ticket")) is None:
            raise Ticket.DoesNotExist(intent.payload["ticket"])
        return ticket

    def escalation_of(self, intent: Intent) -> Escalation:
        """The escalation that the payload names; ``also`` has to name it too.

        Raises:
            Escalation.DoesNotExist: when it was deleted.
        """
        if (row := self.row_of(intent, "escalation")) is None:
            raise Escalation.DoesNotExist(intent.payload["escalation"])
        return row

    def people(self, *users: User | None) -> list[Recipient]:
        """Recipients for active people, each once."""
        found: dict[int, Recipient] = {}
        for user in users:
            if user is not None and user.is_active:
                found.setdefault(user.pk, Recipient.of(user))
        return list(found.values())

    def context(self, intents: list[Intent], delivery: Delivery, now: datetime) -> dict[str, Any]:
        """Each subject's newest rows under ``items``, the first one's also by name; ``left_out`` are not listed."""
        # Two messages in one ticket are one ticket in which somebody wrote.
        newest = list({self.subject_of(intent): intent for intent in intents}.values())
        listed = newest[:MOST_LISTED]
        self.prepare(listed)
        items = [self.item(intent, delivery, now) for intent in listed]
        counts = {"count": len(newest), "many": len(newest) > 1, "left_out": len(newest) - len(listed)}
        sender = self.sender_of(items[0]["ticket"])
        return {**sender, **items[0], **counts, "items": items, "delivery": delivery}

    def sender_of(self, ticket: Ticket) -> dict[str, Any]:
        """Who writes, where that is not the house: name, address and signature."""
        return {}

    def item(self, intent: Intent, delivery: Delivery, now: datetime) -> dict[str, Any]:
        """The variables of one intent."""
        ticket = self.ticket_of(intent)
        return {
            "ticket": ticket,
            "message": self.row_of(intent, "message"),
            **{name: self.row_of(intent, name) for name in self.also},
            "payload": intent.payload,
            "url": self.url(ticket, delivery, now),
        }

    def rows_for_example(self, intent: Intent) -> dict[str, Any]:
        """What `item` tells of an intent as far as it lies in rows: no link is minted for a look at the words."""
        ticket = self.ticket_of(intent)
        rows = {name: self.row_of(intent, name) for name in ("message", *self.also)}
        return {**intent.payload, "ticket": ticket, "delivery": {"user": ticket.requester}, **rows}

    def subject_of(self, intent: Intent) -> int:
        """What the words of a grouped message count: by default tickets."""
        return intent.payload["ticket"]

    def url(self, ticket: Ticket, delivery: Delivery, now: datetime) -> str:
        """Where the reader of this message looks at the ticket."""
        raise NotImplementedError

    def team_of(self, intent: Intent) -> int | None:
        return self.ticket_of(intent).team_id

    def card(self, intents: list[Intent], delivery: Delivery, now: datetime) -> Card:
        """The line of the bell with what a group has to know at a glance."""
        card, ticket = super().card(intents, delivery, now), self.ticket_of(intents[0])
        facts = [
            (_("Severity"), str(Severity(ticket.severity).label)),
            (_("Team"), str(ticket.team or "–")),
            (_("Assignee"), str(ticket.assignee or _("nobody"))),
        ]
        if ticket.organization:
            facts.append((_("Customer"), str(ticket.organization)))
        return replace(card, facts=tuple(facts), is_alarm=ticket.severity == Severity.S)

    def visible(self, intents: list[Intent], user: Any) -> set[int]:
        wanted = {intent.payload["ticket"] for intent in intents}
        seen = set(Ticket.objects.visible_to(user).filter(pk__in=wanted).values_list("pk", flat=True))
        return {intent.pk for intent in intents if intent.payload["ticket"] in seen}


def _rows(intent: Intent) -> dict[str, Any]:
    """What was read for ``intent``, kept on the object itself for as long as it lives."""
    return intent.__dict__.setdefault("rows_of_tickets", {})


class ToCustomers:
    """What goes to a customer comes from the team that has the ticket, under one subject for each ticket."""

    audience = "customers"

    def sender_of(self, ticket: Ticket) -> dict[str, Any]:
        team = ticket.team
        sender = {"topic": topic_of(ticket)}
        if team is None:
            return sender
        name = in_reader_language(team.from_name, team.from_name_en)
        signature = in_reader_language(team.signature, team.signature_en)
        return {**sender, "from_name": name, "from_address": team.from_address, "signature": signature}


def topic_of(ticket: Ticket) -> str:
    """What a subject may repeat of the ticket's own: nothing of a form or mail that anybody may have sent in another's
    name (hardening.md, «loops and bombing»). The same for all mails of a ticket, for a ticket's channel never changes.
    """
    return "" if ticket.channel in _BY_ANYBODY else ticket.subject


class StaffNotice(TicketNotice):
    """A notice for colleagues: it leads into the workspace."""

    audience = "staff"

    def url(self, ticket: Ticket, delivery: Delivery, now: datetime) -> str:
        return settings.SITE_URL + reverse("workspace:ticket", args=[ticket.number])

    def wakes(self, intent: Intent) -> bool:
        """Severity S alone breaks into a colleague's quiet hours, by the grade at the time of sending."""
        return self.ticket_of(intent).severity == Severity.S

    def settled(self, intents: list[Intent]) -> set[int]:
        self.prepare(intents)
        return {intent.pk for intent in intents if self.is_settled(intent)}

    def is_settled(self, intent: Intent) -> bool:
        """Whether nothing is left to do about it: told the next morning, it would send somebody for nothing."""
        return False
