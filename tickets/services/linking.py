"""Tickets that have to do with each other, and incidents with the tickets that are cases of them."""

from collections.abc import Sequence
from datetime import datetime

from django.core.exceptions import ValidationError
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from outbox.contention import survives_deadlock
from tickets.models import Ticket, TicketLink
from tickets.services.events import record
from tickets.services.together import changing_together


@survives_deadlock
def link_tickets(
    *, ticket: Ticket, others: Sequence[Ticket], kind: str, actor: User, now: datetime | None = None
) -> list[TicketLink]:
    """Say that ``ticket`` is related to, a duplicate of, or blocks each of ``others``. Both histories say it.

    Raises:
        ValidationError: when one of them is the ticket itself or is linked so already, in whatever direction.
        MergedTicket: when one was merged into another ticket.
    """
    _demand_others(ticket, others)
    with changing_together([ticket, *others], now=now) as changes:
        now = changes[ticket.pk].now
        links = []
        for other in others:
            pair = Q(source=ticket, target=other) | Q(source=other, target=ticket)
            if TicketLink.objects.filter(pair, kind=kind).exists():
                raise ValidationError(
                    _("%(number)s is linked like this already."), code="linked", params={"number": other.number}
                )
            link = TicketLink(source=ticket, target=other, kind=kind, created_by=actor, created_at=now)
            link.save(force_insert=True)
            links.append(link)
            _record(link, "ticket.linked", actor=actor, now=now)
    return links


@survives_deadlock
def unlink_tickets(*, link: TicketLink, actor: User, now: datetime | None = None) -> None:
    """Take a link away; both histories say it. A link that is gone already changes nothing."""
    with changing_together([link.source, link.target], now=now) as changes:
        deleted, _rows = TicketLink.objects.filter(pk=link.pk).delete()
        if deleted:
            _record(link, "ticket.unlinked", actor=actor, now=changes[link.source.pk].now)


@survives_deadlock
def set_parent(*, tickets: Sequence[Ticket], parent: Ticket | None, actor: User, now: datetime | None = None) -> None:
    """Make ``tickets`` cases of the incident ``parent``, or with None of none any more. One level only.

    Raises:
        ValidationError: when the parent is part of another one itself, or one of the tickets is the parent or has
            tickets below it.
        MergedTicket: when one was merged into another ticket.
    """
    if parent:
        _demand_others(parent, tickets)
    fathers = [*Ticket.objects.filter(children__in=tickets).distinct(), *([parent] if parent else [])]
    with changing_together([*tickets, *fathers], now=now) as changes:
        if parent and changes[parent.pk].ticket.parent_id:
            raise ValidationError(_("It is part of another ticket itself. Choose that one."), code="level")
        for change in (changes[ticket.pk] for ticket in tickets):
            former = change.ticket.parent
            if former == parent:
                continue
            if change.ticket.children.exists():
                raise ValidationError(
                    _("Other tickets are part of %(number)s. Make them part of another one first."),
                    code="level",
                    params={"number": change.ticket.number},
                )
            change.set(parent=parent)
            for incident, mine, theirs in (
                (former, "ticket.parent_left", "ticket.child_left"),
                (parent, "ticket.parent_set", "ticket.child_added"),
            ):
                if incident:
                    record(ticket=change.ticket, code=mine, actor=actor, now=change.now, number=incident.number)
                    record(ticket=incident, code=theirs, actor=actor, now=change.now, number=change.ticket.number)


def _record(link: TicketLink, code: str, *, actor: User, now: datetime) -> None:
    for ticket, other, inward in ((link.source, link.target, False), (link.target, link.source, True)):
        record(ticket=ticket, code=code, actor=actor, now=now, kind=link.kind, inward=inward, number=other.number)


def _demand_others(ticket: Ticket, others: Sequence[Ticket]) -> None:
    if not others:
        raise ValidationError(_("Name another ticket."), code="none")
    if ticket.pk in {other.pk for other in others}:
        raise ValidationError(_("A ticket has nothing to say of itself: name another one."), code="self")
