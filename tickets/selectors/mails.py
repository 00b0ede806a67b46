"""What became of the mails, and of the messages by chat, that told the customer of a message."""

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from django.db.models.fields.json import KeyTextTransform
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from outbox.models import Delivery
from outbox.registry import kinds_with_progress
from tickets.choices import MessageKind
from tickets.models import Message, Ticket

_WORDS: dict[str, tuple[str | Promise, str]] = {
    Delivery.State.QUEUED: (pgettext_lazy("mail", "waiting to be sent"), ""),
    Delivery.State.ACCEPTED: (_("accepted by the mail server"), ""),
    Delivery.State.SUPPRESSED: (_("held back"), "tag-warn"),
    Delivery.State.BOUNCED: (_("bounced: the address takes no mail"), "tag-alert"),
    Delivery.State.DEAD: (_("not sent: given up"), "tag-alert"),
    Delivery.State.SETTLED: (_("not needed any more"), ""),
}
#: The same by a chat service, which has no server of a recipient behind it.
_WECOM: dict[str, tuple[str | Promise, str]] = {
    **_WORDS,
    Delivery.State.ACCEPTED: (_("accepted by WeCom"), ""),
    Delivery.State.BOUNCED: (_("not sent: WeCom does not know this person"), "tag-alert"),
}
_WAYS: dict[str, tuple[str, str | Promise, dict[str, tuple[str | Promise, str]]]] = {
    Delivery.Channel.MAIL: ("mail", pgettext_lazy("way of a message", "Mail:"), _WORDS),
    Delivery.Channel.WECOM: ("message", pgettext_lazy("way of a message", "WeCom:"), _WECOM),
}
_AGAIN = (Delivery.State.BOUNCED, Delivery.State.DEAD, Delivery.State.SUPPRESSED)


@dataclass(frozen=True)
class MailState:
    """One mail at its message, or what went by a chat service instead."""

    pk: int
    address: str
    way: str | Promise
    words: str | Promise
    icon: str
    tone: str
    at: datetime
    why: str = ""
    may_go_again: bool = False
    may_move: bool = False
    """Whether it may stand otherwise at the next look."""


def mails_of(*, ticket: Ticket, messages: Collection[Message]) -> dict[int, list[MailState]]:
    """The mails to the customer by message, in one query; «accepted» means that a server took it and no more."""
    public = [message.pk for message in messages if message.kind in (MessageKind.PUBLIC, MessageKind.AUTOMATIC)]
    if not public:
        return {}
    rows = Delivery.objects.filter(
        stream=f"ticket:{ticket.number}", channel__in=list(_WAYS), intent__kind__in=kinds_with_progress()
    ).annotate(message=KeyTextTransform("message", "intent__payload"))
    found: dict[int, list[MailState]] = defaultdict(list)
    for row in rows.filter(message__in=[str(pk) for pk in public]).order_by("pk"):
        found[int(row.message)].append(_state(row))
    return found


def _state(row: Delivery) -> MailState:
    icon, way, by_state = _WAYS[row.channel]
    words, tone = by_state[row.state]
    failing = row.state == Delivery.State.QUEUED and row.last_error
    return MailState(
        pk=row.pk,
        address=row.address,
        way=way,
        words=_("waiting: the last attempt failed") if failing else words,
        icon=icon,
        tone="tag-warn" if failing else tone,
        at=row.accepted_at or row.created_at,
        why=row.last_error[:200] if row.state != Delivery.State.ACCEPTED else "",
        may_go_again=row.state in _AGAIN,
        may_move=row.state in (Delivery.State.QUEUED, *_AGAIN),
    )
