"""Macros: a canned answer with what it does beside, as one change."""

from datetime import datetime

from django.db import transaction

from accounts.models import User
from outbox import clock
from outbox.contention import survives_deadlock
from tickets.models import CannedAnswer, Message, Ticket
from tickets.services.conversation import reply
from tickets.services.events import record
from tickets.services.properties import change_tags
from tickets.triage import both_names


@survives_deadlock
@transaction.atomic
def run_macro(
    *,
    ticket: Ticket,
    actor: User,
    macro: CannedAnswer,
    body: str,
    revision: int | None = None,
    now: datetime | None = None,
) -> Message:
    """Send ``body``, the text of ``macro`` as the agent left it, and do what the macro does; all of it or nothing.

    Raises:
        ValidationError: as for `reply` and `change_tags`.
    """
    now = now or clock.now()
    message = reply(
        ticket=ticket,
        actor=actor,
        body=body,
        status=macro.status if macro.status != ticket.status else "",
        takes=macro.takes,
        revision=revision,
        now=now,
    )
    if macro.tags:
        change_tags(ticket=ticket, actor=actor, add=macro.tags, now=now)
    record(ticket=ticket, code="ticket.macro", actor=actor, now=now, macro=macro.pk, name=both_names(macro))
    return message
