"""Which tickets a mail belongs to by the ids in its head. A number in a subject never says it.

Two ways lead from an id to a ticket: it is that of a mail which we sent (`outbox.rendering.message_id`), or that of
one which came in before. Whether its sender may write there is another question (`intake.mail.sorting`).
"""

from dataclasses import dataclass, field

from accounts.models import User
from intake.mail.parsing import ParsedMail
from intake.mail.receiving import short_id
from intake.models import InboundMail
from outbox.models import Delivery
from outbox.rendering import batch_of
from tickets.models import Message, Participant, Ticket

#: Of a mail that refers to more, the last ones count: they are the nearest.
MOST_IDS = 100


@dataclass(frozen=True)
class Thread:
    """The tickets that a mail may belong to, the oldest first."""

    answered: list[Ticket] = field(default_factory=list)
    """It refers to a mail of these."""
    related: list[Ticket] = field(default_factory=list)
    """These and it refer to the same mail, or they to it: order of arrival is not order of writing."""


def thread_ids(parsed: ParsedMail, own: str) -> list[str]:
    """The ids by which mails of one conversation know each other: its own and those that it refers to.

    Not the one that all our mails of a ticket refer to (`outbox.rendering.thread_id`): it can be computed from the
    ticket's number, and so proves nothing.
    """
    given = [own, *_referred(parsed)]
    return [one for one in dict.fromkeys(given) if one and not one.startswith("stream.")][:MOST_IDS]


def _referred(parsed: ParsedMail) -> list[str]:
    return [short_id(one) for one in (*parsed.references, *parsed.in_reply_to)][-MOST_IDS:]


def thread_of(parsed: ParsedMail, *, own: str) -> Thread:
    """The tickets around a mail whose Message-ID is ``own``."""
    ids = thread_ids(parsed, own)
    referred = set(_referred(parsed))
    answered, related = _by_our_mails(referred), set()
    came = InboundMail.objects.filter(thread_ids__overlap=ids, ticket__isnull=False)
    for message_id, ticket_id, state in came.values_list("message_id", "ticket", "state").order_by("pk")[:500]:
        if message_id in referred and state == InboundMail.State.PROCESSED:
            answered.add(ticket_id)
        else:
            related.add(ticket_id)
    return Thread(_tickets(answered), _tickets(related - answered))


def sent_by_us(parsed: ParsedMail, *further: str) -> list[Delivery]:
    """The deliveries of our mails that a mail refers to."""
    batches = {batch for one in (*further, *_referred(parsed)) if one and (batch := batch_of(one))}
    sent = Delivery.objects.filter(batch__in=batches, channel=Delivery.Channel.MAIL)
    return list(sent.select_related("intent", "user").order_by("pk"))


def takes_part(person: User | None, ticket: Ticket) -> bool:
    """Whether ``person`` stands on the customer's side of ``ticket`` or was let in there by somebody."""
    if person is None or not person.is_active:
        return False
    if person.pk == ticket.requester_id:
        return True
    if not person.is_customer:
        return False
    if Ticket.objects.visible_to(person).filter(pk=ticket.pk).exists():
        return True
    return Participant.objects.filter(ticket=ticket, user=person).exists()


def heir_of(ticket: Ticket) -> Ticket:
    """The ticket that goes on with this one's problem: itself, or the one that it was merged into."""
    return ticket.merged_into or ticket


def numbers_of(deliveries: list[Delivery]) -> list[str]:
    """The numbers of the tickets that ``deliveries`` are about."""
    found = (row.stream.partition(":") for row in deliveries)
    return [number for kind, _sep, number in found if kind == "ticket"]


def answered_message(delivery: Delivery) -> Message | None:
    """The message of the conversation that ``delivery`` brought."""
    return Message.objects.filter(pk=delivery.intent.payload.get("message")).first()


def _by_our_mails(referred: set[str]) -> set[int]:
    batches = {batch for one in referred if (batch := batch_of(one))}
    sent = Delivery.objects.filter(batch__in=batches, channel=Delivery.Channel.MAIL).distinct()
    numbers = [one.partition(":")[2] for one in sent.values_list("stream", flat=True) if one.startswith("ticket:")]
    return set(Ticket.objects.filter(number__in=numbers).values_list("pk", flat=True))


def _tickets(keys: set[int]) -> list[Ticket]:
    rows = Ticket.objects.select_related("merged_into", "requester", "team").filter(pk__in=keys).order_by("pk")
    return list({heir_of(row).pk: heir_of(row) for row in rows}.values())
