"""The note that one shift leaves for the next, and who has read it."""

from collections.abc import Collection
from datetime import datetime

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import Team, User
from outbox import clock, push
from outbox.contention import survives_deadlock
from tickets.models import ShiftNote, ShiftNoteReading, Ticket
from tickets.permissions import works_for
from tickets.services.events import record
from tickets.services.locking import changing

#: Longer is not read at the beginning of a shift.
MOST_BODY = 8_000  # characters
MOST_TICKETS = 30


@survives_deadlock
def write_note(
    *, team: Team, actor: User, body: str, numbers: Collection[str] = (), now: datetime | None = None
) -> ShiftNote:
    """Leave a note for the next shift of ``team``; each ticket that it names gets a line in its history.

    Raises:
        PermissionDenied: when ``actor`` does not work for the team.
        ValidationError: keyed ``body`` when it is empty or too long, ``tickets`` for numbers that are unknown here.
    """
    if not works_for(actor, team):
        raise PermissionDenied
    body = body.strip()
    if not body:
        raise ValidationError({"body": _("Say in a line or two how the shift ends.")})
    if len(body) > MOST_BODY:
        raise ValidationError({"body": _("This is longer than %(most)d characters.") % {"most": MOST_BODY}})
    pinned = _pinned(actor, {number.upper() for number in numbers})
    with transaction.atomic():
        note = ShiftNote.objects.create(team=team, author=actor, body=body, written_at=now or clock.now())
        note.tickets.set(pinned)
        for pk in sorted(pinned):  # in one order everywhere, so that two notes never wait for each other
            with changing(pk, now=now, even_merged=True) as change:
                facts = {"team": team.pk, "note": note.pk}
                record(ticket=change.ticket, code="ticket.shift_note", actor=actor, now=change.now, **facts)
        push.publish(f"team:{team.pk}")
    return note


def _pinned(actor: User, numbers: Collection[str]) -> list[int]:
    if len(numbers) > MOST_TICKETS:
        raise ValidationError({"tickets": _("Name at most %(most)d tickets.") % {"most": MOST_TICKETS}})
    found = dict(Ticket.objects.workable_by(actor).numbered(numbers).values_list("number", "pk"))
    unknown = sorted(set(numbers) - set(found))
    if unknown:
        raise ValidationError({"tickets": _("No such ticket here: %(numbers)s") % {"numbers": ", ".join(unknown)}})
    return list(found.values())


def mark_read(*, note: ShiftNote, actor: User, now: datetime) -> None:
    """Note that ``actor`` has read it; said twice it stays as it was first. One's own note needs no reading."""
    if note.author_id == actor.pk:
        return
    _row, created = ShiftNoteReading.objects.get_or_create(note=note, user=actor, defaults={"read_at": now})
    if created:
        push.publish(f"team:{note.team_id}")
