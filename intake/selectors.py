"""Reading mails that came in."""

from collections.abc import Collection
from dataclasses import dataclass

from django.db.models import Exists, OuterRef, Q, QuerySet

from accounts.models import User
from intake.mail.parsing import ParsedMail, parse
from intake.mail.processing import content_of
from intake.models import InboundMail, MailSource
from intake.querysets import SORT
from tickets.models import Ticket
from tickets.selectors.queue import COUNTED

#: What somebody may have to decide about; the tabs of the list, in this order.
TABS = ("parked", "held", "duplicate", "ignored", "received", "processed")
PAGE = 50
#: Shown at once at a ticket; each is read anew for that.
MOST_HELD = 20
_PREVIEW = 20_000
_RELATED = ("mailbox", "ticket", "decided_by", "same_as")


@dataclass(frozen=True)
class Preview:
    """What a mail says, as far as it can be read."""

    parsed: ParsedMail | None
    text: str
    is_cut: bool


def mails(*, user: User, state: str, search: str = "", mailbox: int | None = None) -> QuerySet[InboundMail]:
    """Those in ``state`` that ``user`` may see, the newest first."""
    rows = InboundMail.objects.visible_to(user).filter(state=state).select_related(*_RELATED)
    if search:
        rows = rows.filter(Q(sender__icontains=search) | Q(subject__icontains=search) | Q(message_id__iexact=search))
    if mailbox is not None:
        rows = rows.filter(mailbox=mailbox)
    return rows.order_by("-id")


def counts(*, user: User) -> dict[str, int]:
    """How many wait for a decision, by state."""
    seen = InboundMail.objects.visible_to(user)
    return {state: seen.filter(state=state)[:COUNTED].count() for state in ("parked", "held")}


def waiting(*, user: User) -> int:
    """How many mails in all wait for a decision, for the rail: one query, and no further than it is shown."""
    if not user.may(SORT):
        return 0
    return InboundMail.objects.visible_to(user).filter(state__in=["parked", "held"]).order_by()[:COUNTED].count()


def held_at(*, ticket: Ticket, user: User) -> list[InboundMail]:
    """The mails that wait at ``ticket`` for approval, the oldest first; those of its duplicates too."""
    here = Q(ticket=ticket) | Q(ticket__merged_into=ticket)
    rows = InboundMail.objects.visible_to(user).filter(here, state=InboundMail.State.HELD)
    return list(rows.select_related(*_RELATED).order_by("pk")[:MOST_HELD])


def originals_of(messages: Collection[int]) -> dict[int, bool]:
    """The messages that came from mails, each with whether the bytes are still kept; for `tickets.originals`."""
    rows = InboundMail.objects.filter(became__in=messages).order_by("pk")
    return dict(rows.values_list("became", Exists(MailSource.objects.filter(mail=OuterRef("pk")))))


def preview(mail: InboundMail) -> Preview:
    """Read ``mail`` anew for whoever looks at it; of one whose original is no longer kept there is nothing to read."""
    try:
        parsed = parse(content_of(mail))
    except MailSource.DoesNotExist:
        return Preview(None, "", False)
    text = (parsed.text or parsed.reply_text).replace("\x00", "").strip()
    return Preview(parsed, text[:_PREVIEW], len(text) > _PREVIEW)
