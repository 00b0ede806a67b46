"""What belongs to tickets, over all tickets: messages, files and clocks that somebody may read."""

from typing import Any

from django.db.models import Q, QuerySet

from accounts.models import User
from sla.models import Clock
from tickets.choices import MessageKind
from tickets.models import Attachment, Message, Ticket
from tickets.promises import TOLD_TO_CUSTOMERS


def _inside(user: User) -> QuerySet[Ticket]:
    """The tickets of which ``user`` reads the house's own side; never that of their own problem."""
    return Ticket.objects.workable_by(user).exclude(requester_id=user.pk)


def _readable(user: User, ticket: str, for_all: Q) -> Q:
    """What belongs to a visible ticket, and is ``for_all`` of its readers or read from the inside."""
    visible = Q(**{f"{ticket}__in": Ticket.objects.visible_to(user).order_by()})
    inside: dict[str, Any] = {f"{ticket}__in": _inside(user).order_by()}
    return visible & (for_all | Q(**inside))


def messages_visible_to(user: User) -> QuerySet[Message]:
    """Messages of visible tickets; notes of those seen from the inside."""
    return Message.objects.filter(_readable(user, "ticket", ~Q(kind=MessageKind.NOTE)))


def attachments_visible_to(user: User) -> QuerySet[Attachment]:
    """Files of those messages."""
    return Attachment.objects.filter(_readable(user, "message__ticket", ~Q(message__kind=MessageKind.NOTE)))


def clocks_visible_to(user: User) -> QuerySet[Clock]:
    """Clocks of visible tickets; to customers those that they are told of."""
    return Clock.objects.filter(_readable(user, "ticket", Q(metric__in=TOLD_TO_CUSTOMERS)))
