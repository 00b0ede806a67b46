"""Which answers did not reach their reader, as mail servers reported."""

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from outbox.models import Delivery
from tickets.choices import MessageKind
from tickets.models import Ticket


def undelivered_in(ticket: Ticket, messages: Iterable[Any]) -> dict[int, list[str]]:
    """The reports about public ``messages`` of ``ticket`` and its duplicates (see `with_trail`), by message."""
    public = [message for message in messages if message.kind == MessageKind.PUBLIC]
    if not public:
        return {}
    numbers = {ticket.number, *(one.origin for one in public if one.origin)}
    bounced = Delivery.objects.filter(
        state=Delivery.State.BOUNCED, stream__in=[f"ticket:{number}" for number in numbers], intent__kind="ticket.reply"
    )
    found: dict[int, list[str]] = defaultdict(list)
    for message_id, address, why in bounced.values_list("intent__payload__message", "address", "last_error"):
        found[message_id].append(why if address in why else f"{address}: {why}")
    return dict(found)
