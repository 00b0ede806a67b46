"""By which ways the customer of a ticket is told: the notices ask it, and the composer says it."""

from dataclasses import dataclass

from outbox.chat import Contact, contact_of
from outbox.models import Delivery
from outbox.registry import Recipient
from tickets.choices import Channel
from tickets.models import Ticket


@dataclass(frozen=True)
class Ways:
    """Where what is told arrives; nowhere when both are empty."""

    mail: str = ""
    chat: Contact | None = None

    @property
    def nowhere(self) -> bool:
        return not self.mail and self.chat is None


def ways_to_customer(ticket: Ticket) -> Ways:
    """By mail where there is an address; by the chat that the ticket came by, or the only way there is."""
    person = ticket.requester
    mail = person.email if person.is_active else ""
    if mail and ticket.channel != Channel.WECOM:
        return Ways(mail)
    return Ways(mail, contact_of(person, f"ticket:{ticket.number}"))


def customer_of(ticket: Ticket) -> list[Recipient]:
    """The requester as the recipient of a message; nobody where no way leads to them."""
    ways, person = ways_to_customer(ticket), ticket.requester
    if ways.nowhere:
        return []
    if ways.chat is None:
        return [Recipient.of(person)]
    own = (Delivery.Channel.MAIL, Delivery.Channel.PAGE) if ways.mail else ()
    quiet = Recipient.of(person).quiet
    return [
        Recipient(
            f"user:{person.pk}",
            person.pk,
            ways.mail,
            person.language,
            (*own, ways.chat.channel),
            quiet,
            ways.chat.address,
        )
    ]
