"""What webhooks hear of tickets: which events of the history are told under which name, with a thin body.

Thin: ids, codes and links, never words (decision 0070). Whoever hears of a ticket reads it by the API with a token of
their own, so that a webhook shows nobody what they may not see, and a late call never brings an old state along.
"""

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any

from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from outbox.webhooks import catalogue
from outbox.webhooks.announcing import Happening, announce
from tickets.models import Ticket, TicketEvent

EVENTS = {
    "ticket.created": _("a ticket was created"),
    "ticket.updated": _("status, assignee, team, severity or properties of a ticket changed"),
    "ticket.resolved": _("a ticket was resolved"),
    "ticket.reopened": _("a ticket was opened again"),
    "ticket.closed": _("a ticket was closed"),
    "ticket.urged": _("a customer asked to hurry"),
    "message.public": _("a message that the customer reads or wrote"),
    "message.internal": _("an internal note"),
    "clock.warned": _("a promise is due soon"),
    "clock.breached": _("a promise was missed"),
    "escalation.raised": _("an escalation was raised"),
    "escalation.acknowledged": _("an escalation was acknowledged"),
    "survey.answered": _("a survey was answered"),
}

_UPDATES = (
    "ticket.status", "ticket.assigned", "ticket.taken", "ticket.taken_over", "ticket.released", "ticket.team",
    "ticket.regraded", "ticket.properties", "ticket.merged_from", "ticket.parent_set", "ticket.parent_left",
)  # fmt: skip
#: Code of the history → event.
_TOLD = {
    **dict.fromkeys(_UPDATES, "ticket.updated"),
    "ticket.created": "ticket.created",
    "ticket.resolved": "ticket.resolved",
    "ticket.reopened": "ticket.reopened",
    "ticket.unmerged": "ticket.reopened",
    "ticket.confirmed": "ticket.closed",
    "ticket.closed.silence": "ticket.closed",
    "ticket.merged": "ticket.closed",
    "ticket.urged": "ticket.urged",
    "ticket.reply.public": "message.public",
    "ticket.customer_message": "message.public",
    "ticket.note": "message.internal",
    "clock.warned": "clock.warned",
    "clock.breached": "clock.breached",
    "ticket.escalated": "escalation.raised",
    "ticket.escalation.acknowledged": "escalation.acknowledged",
    "survey.answered.link": "survey.answered",
    "survey.answered.call": "survey.answered",
}
#: Facts of the history that are told as well: codes, ids and instants.
_FACTS = frozenset(
    {"message", "metric", "cycle", "level", "due_at", "severity", "channel", "solved", "source", "target", "assignee"}
)


def register_all() -> None:
    """Register every event; called once when the app is ready."""
    for event, label in EVENTS.items():
        catalogue.register(event, label)


def tell(event: TicketEvent, ticket: Ticket) -> None:
    """Let webhooks hear of one event of ``ticket``, in its transaction."""
    _announce([event.code], lambda: [_happening(event.code, event.data, event.actor_id, ticket)], event.created_at)


def tell_many(rows: list[tuple[int, str, dict]], *, now: datetime) -> None:
    """The same for the events ``(ticket id, code, data)`` of a sweep."""

    def happenings() -> Iterable[Happening]:
        tickets = Ticket.objects.only("number", "team_id").in_bulk({ticket_id for ticket_id, _code, _data in rows})
        return [_happening(code, data, None, tickets[pk]) for pk, code, data in rows if code in _TOLD]

    _announce([code for _pk, code, _data in rows], happenings, now)


def _announce(codes: Iterable[str], happenings: Callable[[], Iterable[Happening]], now: datetime) -> None:
    if events := {_TOLD[code] for code in codes if code in _TOLD}:
        announce(events=events, happenings=happenings, now=now)


def _happening(code: str, data: dict[str, Any], actor_id: int | None, ticket: Ticket) -> Happening:
    path = reverse("api-ticket-detail", args=[ticket.number])
    body = {
        "ticket": {
            "number": ticket.number,
            "url": settings.SITE_URL + path,
            "page": settings.SITE_URL + reverse("workspace:ticket", args=[ticket.number]),
        },
        "change": code,
        "actor": actor_id,
        "facts": {name: value for name, value in data.items() if name in _FACTS},
    }
    return Happening(_TOLD[code], f"ticket:{ticket.number}", body, ticket.team_id)
