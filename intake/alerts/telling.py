"""What alerts say on tickets that are there: lines in the history, and a message where one is needed."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from intake.alerts.models import Alert, AlertSource
from tickets.choices import Channel
from tickets.models import Ticket, TicketEvent
from tickets.services.conversation import customer_message
from tickets.services.events import record
from tickets.services.locking import announce
from tickets.services.unattended import resolve_unattended

_NAMED = 10


def note(ticket: Ticket, *, code: str, source: AlertSource, now: datetime, **facts: int) -> None:
    """One line of the history for all alerts of one message."""
    record(ticket=ticket, code=code, actor=source.person, now=now, source_name=source.name, **facts)
    announce(ticket)


def note_joined(ticket: Ticket, *, source: AlertSource, now: datetime, count: int) -> None:
    """Say how many alerts a storm has by now, at first and whenever they doubled: a flood here helps nobody either."""
    total = Alert.objects.filter(ticket=ticket).count()
    if total - count < 1 << (total.bit_length() - 1):
        note(ticket, code="ticket.alert.joined", source=source, now=now, count=total)


def note_over(ticket: Ticket, *, source: AlertSource, now: datetime, count: int, left: int) -> None:
    """Say that something is over: whenever nothing is left, and on the way there at each half."""
    if left & (left - 1):  # neither none nor a power of two
        return
    newest = _newest(ticket, source, now).first()
    if newest is None or newest.code != "ticket.alert.over" or newest.data.get("left") != left:
        note(ticket, code="ticket.alert.over", source=source, now=now, count=count, left=left)


def note_again(ticket: Ticket, *, source: AlertSource, now: datetime, count: int) -> None:
    """Say that something fires again, of what flaps once in a while."""
    if not _newest(ticket, source, now).filter(code="ticket.alert.again").exists():
        note(ticket, code="ticket.alert.again", source=source, now=now, count=count)


def _newest(ticket: Ticket, source: AlertSource, now: datetime) -> QuerySet[TicketEvent]:
    """What was said of alerts lately, the newest first."""
    since = now - timedelta(minutes=source.storm_minutes)
    said = TicketEvent.objects.filter(ticket=ticket, code__startswith="ticket.alert.", created_at__gt=since)
    return said.order_by("-id")


def fires_again(*, source: AlertSource, ticket_id: int, alerts: Sequence[Alert], now: datetime) -> Ticket:
    """What is firing again goes on in its ticket; an ended one opens again, or is followed by one that is linked to it.

    The rule is that of a customer who writes to an ended ticket (`conversation.customer_message`). To an open ticket
    only a line of the history is added: nobody is messaged for what they work on already.
    """
    ticket = Ticket.objects.get(pk=ticket_id)
    ticket = Ticket.objects.filter(merged_from=ticket.pk).first() or ticket
    if ticket.is_unresolved:
        note_again(ticket, source=source, now=now, count=len(alerts))
        return ticket
    count = len(alerts)
    words = ngettext("%(count)d alert fires again:", "%(count)d alerts fire again:", count) % {"count": count}
    names = "\n".join(f"- {alert.name}" for alert in alerts[:_NAMED])
    more = "\n" + _("and %(count)d more") % {"count": count - _NAMED} if count > _NAMED else ""
    body = f"{words}\n{names}{more}"
    author = source.person or ticket.requester
    return customer_message(ticket=ticket, author=author, body=body, channel=Channel.ALERT, now=now).ticket


def close_if_over(*, source: AlertSource, ticket: Ticket, now: datetime) -> None:
    """Resolve a ticket of which everything is over, where the source's row says so; where that is not possible by a
    machine alone, it stays open."""
    if not ticket.is_unresolved or source.person is None:
        return
    name = {"source": source.name}
    try:
        with transaction.atomic():
            resolve_unattended(
                ticket=ticket,
                actor=source.person,
                cause=_("Not looked for: it was over by itself."),
                solution=_("All alerts of this ticket are over, as %(source)s says.") % name,
                proof=_("Told by %(source)s.") % name,
                channel=Channel.ALERT,
                now=now,
            )
    except ValidationError:
        note(ticket, code="ticket.alert.stays", source=source, now=now)
