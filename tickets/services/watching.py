"""Colleagues who follow a ticket: who does, and what they are told.

A watcher sees the ticket and reads in the bell what is said on it and how it ends; no mail, so that
following costs nobody anything.
"""

from collections.abc import Collection
from datetime import datetime

from django.core.exceptions import PermissionDenied, ValidationError
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from outbox.contention import survives_deadlock
from tickets.models import Participant, Ticket
from tickets.services.events import record
from tickets.services.locking import Change, changing


@survives_deadlock
def follow(*, ticket: Ticket, people: Collection[User], actor: User, now: datetime | None = None) -> None:
    """Let ``people`` follow a ticket: oneself, or colleagues, who see it from then on and are told so.

    Raises:
        PermissionDenied: when ``actor`` may not let others see it.
        ValidationError: keyed ``people``, when one of them is no colleague, or is its customer.
    """
    if any(person.pk != actor.pk for person in people) and not actor.may("ticket.work"):
        raise PermissionDenied
    with changing(ticket.pk, now=now) as change:
        for person in people:
            if not person.may("workspace.enter") or person.pk == change.ticket.requester_id:
                raise ValidationError({"people": _("Only colleagues can follow a ticket.")})
            _part, created = Participant.objects.get_or_create(
                ticket=change.ticket,
                user=person,
                defaults={"kind": Participant.Kind.WATCHER, "added_by": actor, "added_at": change.now},
            )
            if created:
                record(ticket=change.ticket, code="ticket.followed", actor=actor, now=change.now, user=person.pk)
                if person.pk != actor.pk:
                    change.tell("ticket.watching", user=person.pk, by=actor.pk)


@survives_deadlock
def unfollow(*, ticket: Ticket, person: User, actor: User, now: datetime | None = None) -> None:
    """End that ``person`` takes part: oneself always, another by who works on tickets; twice does no harm.

    Raises:
        PermissionDenied: when ``actor`` may not take others off.
    """
    if person.pk != actor.pk and not actor.may("ticket.work"):
        raise PermissionDenied
    with changing(ticket.pk, now=now) as change:
        gone, _rows = Participant.objects.filter(ticket=change.ticket, user=person).delete()
        if gone:
            record(ticket=change.ticket, code="ticket.unfollowed", actor=actor, now=change.now, user=person.pk)


def tell_watchers(change: Change, *, what: str, actor: User | None) -> None:
    """Tell who follows a locked ticket of ``what`` (a word of the notice `ticket.watched`)."""
    if Participant.objects.filter(ticket=change.ticket, kind=Participant.Kind.WATCHER).exists():
        change.tell("ticket.watched", what=what, by=actor.pk if actor else None)
