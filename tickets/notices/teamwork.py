"""What colleagues who work together on a ticket are told."""

from collections.abc import Callable
from datetime import datetime

from accounts.models import User
from outbox.models import Intent
from outbox.registry import Recipient
from tickets.models import ChecklistItem, Handover, Participant, Ticket
from tickets.notices.base import StaffNotice
from tickets.notices.ladder import nobody_else, responsible_lead


class HandoverNotice(StaffNotice):
    """One of the two sides of a hand-over; when nobody of it is there, the lead of the ticket's team."""

    also = {"handover": Handover}
    must_reach = True

    def __init__(self, kind: str, whom: Callable[[Ticket, Handover], User | None], state: str) -> None:
        self.kind = kind
        self._whom = whom
        self._state = state

    def is_settled(self, intent: Intent) -> bool:
        """The other side has answered, or it went on."""
        row = self.row_of(intent, "handover")
        return row is None or row.state != self._state

    def recipients(self, intent: Intent, now: datetime) -> list[Recipient]:
        ticket, row = self.ticket_of(intent), self.row_of(intent, "handover")
        person = self._whom(ticket, row) if row else None
        here = person is not None and person.may("ticket.work")
        return self.people(person if here else responsible_lead(ticket.team, now=now))

    def fallback_recipients(self, intent: Intent, now: datetime) -> list[Recipient]:
        return self.people(*nobody_else())


class Understood(StaffNotice):
    """The giver reads in the bell that the note was understood."""

    kind = "ticket.handover.acknowledged"
    channels = ("page",)
    also = {"handover": Handover}

    def recipients(self, intent: Intent, now: datetime) -> list[Recipient]:
        row = self.row_of(intent, "handover")
        return self.people(row.given_by if row else None)


class ItemGiven(StaffNotice):
    """An item of a checklist is somebody's."""

    kind = "ticket.checklist_item"
    group = True
    also = {"item": ChecklistItem}

    def subject_of(self, intent: Intent) -> int:
        return intent.payload["item"]

    def is_settled(self, intent: Intent) -> bool:
        """Done, gone, or another's by now."""
        row = self.row_of(intent, "item")
        return row is None or row.done_at is not None or row.owner_id != intent.payload["user"]

    def recipients(self, intent: Intent, now: datetime) -> list[Recipient]:
        return self.people(User.objects.filter(pk=intent.payload["user"]).first())


class TakenAway(StaffNotice):
    """Whoever had a ticket reads in the bell that another one has it now."""

    kind = "ticket.taken_away"
    channels = ("page",)
    group = True

    def recipients(self, intent: Intent, now: datetime) -> list[Recipient]:
        return self.people(User.objects.filter(pk=intent.payload["user"]).first())


class Watching(StaffNotice):
    """A colleague lets somebody follow a ticket."""

    kind = "ticket.watching"
    channels = ("page",)
    group = True

    def recipients(self, intent: Intent, now: datetime) -> list[Recipient]:
        return self.people(User.objects.filter(pk=intent.payload["user"]).first())


class Watched(StaffNotice):
    """Who follows a ticket reads in the bell what happened; the assignee hears of it otherwise."""

    kind = "ticket.watched"
    channels = ("page",)
    group = True

    def recipients(self, intent: Intent, now: datetime) -> list[Recipient]:
        ticket = self.ticket_of(intent)
        parts = ticket.participants.filter(kind=Participant.Kind.WATCHER).select_related("user")
        told = (intent.payload.get("by"), ticket.assignee_id)
        return self.people(*(part.user for part in parts if part.user_id not in told))


def _receiver(ticket: Ticket, row: Handover) -> User | None:
    return ticket.assignee


def _giver(ticket: Ticket, row: Handover) -> User | None:
    return row.given_by


NOTICES = [
    HandoverNotice("ticket.handed_over", _receiver, Handover.State.OPEN),
    HandoverNotice("ticket.handover.returned", _giver, Handover.State.RETURNED),
    Understood(),
    ItemGiven(),
    TakenAway(),
    Watching(),
    Watched(),
]
