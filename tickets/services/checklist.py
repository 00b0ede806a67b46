"""The checklist of a ticket: items with owners, ticked, moved and taken away; templates put on it."""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from datetime import datetime

from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import Max
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from outbox.contention import survives_deadlock
from tickets.models import ChecklistItem, ChecklistTemplate, Ticket
from tickets.permissions import may_hold
from tickets.services.events import record
from tickets.services.locking import Change, changing

MOST_ITEMS = 50


@survives_deadlock
def add_items(
    *, ticket: Ticket, actor: User, texts: Sequence[str], owner: User | None = None, now: datetime | None = None
) -> list[ChecklistItem]:
    """Put items at the end of the list; their ``owner`` is told.

    Raises:
        ValidationError: keyed ``text``, when there is none or there are too many; keyed ``owner``, when that person
            cannot work the ticket.
    """
    with _working(ticket, actor, now) as change:
        words = _words(texts)
        if not words:
            raise ValidationError({"text": _("Please write something.")})
        return _append(change, words, actor=actor, owner=owner)


@survives_deadlock
def apply_template(
    *, ticket: Ticket, actor: User, template: ChecklistTemplate, now: datetime | None = None
) -> list[ChecklistItem]:
    """Put the items of ``template`` on the ticket that are not there yet, also when two press at once.

    Raises:
        ValidationError: when all of them are there, or there would be too many.
    """
    with _working(ticket, actor, now) as change:
        present = set(change.ticket.checklist.values_list("text", flat=True))
        missing = [text for text in _words(template.items) if text not in present]
        if not missing:
            raise ValidationError(_("All of it is on the list already."), code="present")
        return _append(change, missing, actor=actor)


@survives_deadlock
def set_done(*, item: ChecklistItem, actor: User, done: bool, now: datetime | None = None) -> None:
    """Tick an item, or take the tick back; twice does no harm."""
    with _working(item.ticket, actor, now) as change:
        row = _fresh(change, item)
        if (row.done_at is not None) == done:
            return
        row.done_by, row.done_at = (actor, change.now) if done else (None, None)
        row.save(update_fields=["done_by", "done_at"])
        code = "ticket.checklist.done" if done else "ticket.checklist.undone"
        record(ticket=change.ticket, code=code, actor=actor, now=change.now, item=row.pk)


@survives_deadlock
def set_owner(*, item: ChecklistItem, actor: User, owner: User | None, now: datetime | None = None) -> None:
    """Give an item to somebody who can work the ticket, who is told, or to nobody.

    Raises:
        ValidationError: keyed ``owner``, when that person cannot.
    """
    with _working(item.ticket, actor, now) as change:
        row = _fresh(change, item)
        if row.owner == owner:
            return
        _demand_owner(change.ticket, owner)
        row.owner = owner
        row.save(update_fields=["owner"])
        user = owner.pk if owner else None
        record(ticket=change.ticket, code="ticket.checklist.owner", actor=actor, now=change.now, item=row.pk, user=user)
        _tell_owner(change, row, actor)


@survives_deadlock
def move_item(*, item: ChecklistItem, actor: User, up: bool, now: datetime | None = None) -> None:
    """Let an item change places with its neighbour; at the end of the list nothing happens."""
    with _working(item.ticket, actor, now) as change:
        rows = list(change.ticket.checklist.all())
        at = [row.pk for row in rows].index(_fresh(change, item).pk)
        to = at - 1 if up else at + 1
        if 0 <= to < len(rows):
            rows[at], rows[to] = rows[to], rows[at]
            for position, row in enumerate(rows, start=1):
                row.position = position
            ChecklistItem.objects.bulk_update(rows, ["position"])


@survives_deadlock
def remove_item(*, item: ChecklistItem, actor: User, now: datetime | None = None) -> None:
    """Take an item off the list."""
    with _working(item.ticket, actor, now) as change:
        _fresh(change, item).delete()
        record(ticket=change.ticket, code="ticket.checklist.removed", actor=actor, now=change.now, item=item.pk)


def _working(ticket: Ticket, actor: User, now: datetime | None) -> AbstractContextManager[Change]:
    if not actor.may("ticket.work"):
        raise PermissionDenied
    return changing(ticket.pk, now=now)


def _words(texts: Sequence[str]) -> list[str]:
    return [text.strip()[:200] for text in texts if text.strip()]


def _append(change: Change, words: Sequence[str], *, actor: User, owner: User | None = None) -> list[ChecklistItem]:
    rows = change.ticket.checklist.all()
    if len(rows) + len(words) > MOST_ITEMS:
        raise ValidationError({"text": _("At most %(most)d items.") % {"most": MOST_ITEMS}})
    _demand_owner(change.ticket, owner)
    last = rows.aggregate(last=Max("position"))["last"] or 0
    common = {"ticket": change.ticket, "owner": owner, "added_by": actor, "added_at": change.now}
    items = [ChecklistItem(text=text, position=last + at, **common) for at, text in enumerate(words, start=1)]
    ChecklistItem.objects.bulk_create(items)
    facts = {"count": len(items), "user": owner.pk if owner else None}
    record(ticket=change.ticket, code="ticket.checklist.added", actor=actor, now=change.now, **facts)
    for item in items:
        _tell_owner(change, item, actor)
    return items


def _fresh(change: Change, item: ChecklistItem) -> ChecklistItem:
    row = change.ticket.checklist.select_related("owner").filter(pk=item.pk).first()
    if row is None:
        raise ValidationError(_("Somebody took this item off the list."), code="gone")
    return row


def _demand_owner(ticket: Ticket, owner: User | None) -> None:
    if owner is not None and not may_hold(owner, ticket):
        raise ValidationError({"owner": _("This person does not work on tickets of that team.")})


def _tell_owner(change: Change, item: ChecklistItem, actor: User) -> None:
    if item.owner_id and item.owner_id != actor.pk:
        change.tell("ticket.checklist_item", item=item.pk, user=item.owner_id)
