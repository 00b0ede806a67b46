"""«Next»: one ticket after the other, each held by one person at a time.

A hold is a short lease in a row of its own. Who takes one holds the ticket's lock meanwhile, so that of two who ask at
once the second passes over it (`SKIP LOCKED`) and gets another.
"""

from datetime import datetime, timedelta

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from outbox import clock, push
from outbox.contention import survives_deadlock
from tickets.choices import MessageKind
from tickets.models import PutAside, Ticket, TicketLease
from tickets.selectors.play import waiting_for
from tickets.services.conversation import add_message
from tickets.services.events import record
from tickets.services.locking import changing

#: A hold that is not renewed ends after this; an open page renews it every minute.
LEASE = timedelta(minutes=5)
#: What was put aside with a reason stays away this long, what was only passed by, less.
AWAY = timedelta(hours=1)
PASSED_BY = timedelta(minutes=15)


class HeldByAnother(ValidationError):
    """Somebody else has this ticket open as their next one."""


@survives_deadlock
def take_next(*, actor: User, now: datetime | None = None) -> Ticket | None:
    """The ticket that needs ``actor`` most now, held for them; None when there is none.

    The one that they held until now is passed by: it comes back in a while, or when something happens to it.
    """
    with transaction.atomic():
        instant = now or clock.now()
        held = TicketLease.objects.select_for_update().filter(user=actor).first()
        if held is not None:
            _put_aside(held.ticket_id, actor, PutAside.Reason.WENT_ON, PASSED_BY, now=instant)
        passed: list[int] = []
        while True:
            rows = waiting_for(user=actor, now=instant).exclude(pk__in=passed)
            ticket = rows.select_for_update(skip_locked=True, of=("self",)).first()
            if ticket is None:
                release(actor=actor)
                return None
            # Under its lock, in a new statement: what another committed after ours began to read is seen here.
            if _holder(ticket, now=instant) in (None, actor.pk):
                _hold(ticket, actor, now=instant)
                return ticket
            passed.append(ticket.pk)


@survives_deadlock
def hold(*, ticket: Ticket, actor: User, now: datetime | None = None) -> TicketLease:
    """Hold ``ticket``, or go on holding it.

    Raises:
        HeldByAnother: when somebody else holds it.
    """
    with transaction.atomic():
        row = Ticket.objects.select_for_update(of=("self",)).get(pk=ticket.pk)
        instant = now or clock.now()
        if _holder(row, now=instant) not in (None, actor.pk):
            raise HeldByAnother(_("Somebody else has taken this one up meanwhile."), code="held")
        return _hold(row, actor, now=instant)


def release(*, actor: User, ticket: Ticket | None = None) -> None:
    """Let go of what ``actor`` holds; with ``ticket``, only of that one."""
    held = TicketLease.objects.filter(user=actor, **({"ticket": ticket} if ticket else {}))
    numbers = list(held.values_list("ticket__number", flat=True))
    if held.delete()[0]:
        for number in numbers:
            push.publish(f"ticket:{number}")


@survives_deadlock
def put_aside(*, ticket: Ticket, actor: User, reason: str, words: str = "", now: datetime | None = None) -> None:
    """Put a ticket aside, with the reason; ``words`` become an internal note.

    Raises:
        ValidationError: keyed by field, for an unknown reason, or without words where the reason says nothing.
    """
    if reason not in PutAside.Reason.values or reason == PutAside.Reason.WENT_ON:
        raise ValidationError({"reason": _("Choose a reason.")})
    if reason == PutAside.Reason.OTHER and not words.strip():
        raise ValidationError({"words": _("Say in a few words why.")})
    with changing(ticket.pk, now=now) as change:
        facts = {}
        if words.strip():
            facts["message"] = add_message(change, MessageKind.NOTE, words, author=actor).pk
        record(ticket=change.ticket, code="ticket.put_aside", actor=actor, now=change.now, reason=reason, **facts)
        _put_aside(change.ticket.pk, actor, reason, AWAY, now=change.now)
        release(actor=actor, ticket=change.ticket)


def _holder(ticket: Ticket, *, now: datetime) -> int | None:
    return TicketLease.objects.filter(ticket=ticket, until__gt=now).values_list("user", flat=True).first()


def _hold(ticket: Ticket, actor: User, *, now: datetime) -> TicketLease:
    """Write the lease under the ticket's lock; one that ran out makes room."""
    if _holder(ticket, now=now) is None:
        TicketLease.objects.filter(ticket=ticket).exclude(user=actor).delete()
        push.publish(f"ticket:{ticket.number}")
    facts = {"ticket": ticket, "until": now + LEASE}
    return TicketLease.objects.update_or_create(user=actor, defaults=facts)[0]


def _put_aside(ticket_id: int, actor: User, reason: str, length: timedelta, *, now: datetime) -> None:
    PutAside.objects.update_or_create(
        ticket_id=ticket_id, user=actor, defaults={"reason": reason, "since": now, "until": now + length}
    )
