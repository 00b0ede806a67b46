"""Hand-over notes: what somebody has not read yet, the newest of a team, and the past ones by their place."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Exists, OuterRef, Prefetch, QuerySet
from django.db.models.expressions import RawSQL

from accounts.models import Team, User
from tickets.models import ShiftNote, ShiftNoteReading, Ticket

PAGE = 20
#: Over a weekend and a day; what nobody read by then is history.
FRESH_FOR = timedelta(days=4)


@dataclass(frozen=True)
class NotePage:
    """Notes, the newest first; ``after`` is the id behind which the next page begins, 0 on the last."""

    rows: list[Any]
    after: int


def unread(*, user: User, now: datetime | RawSQL) -> list[Any]:
    """Fresh notes of ``user``'s own teams that others wrote and they have not read, the oldest first.

    One query while there are none, and one or two more for the tickets that they name.
    """
    read = ShiftNoteReading.objects.filter(note=OuterRef("pk"), user=user)
    rows = _shown().filter(team__in=user.team_ids(), written_at__gt=now - FRESH_FOR).exclude(author=user)
    return _numbered(rows.exclude(Exists(read)).order_by("id")[:PAGE], user)


def latest(*, user: User, team: Team) -> Any | None:
    """The newest note of ``team`` with who has read it, and whether ``user`` need not any more (``is_read``)."""
    note: Any = next(iter(_numbered(_with_readers(_shown().filter(team=team))[:1], user)), None)
    if note is not None:
        note.is_read = user.pk in {note.author_id, *(one.user_id for one in note.readings.all())}
    return note


def past(*, user: User, team: Team, after: int = 0) -> NotePage:
    """One page of the notes of ``team``."""
    rows = _with_readers(_shown().filter(team=team))
    found = _numbered((rows.filter(pk__lt=after) if after else rows)[: PAGE + 1], user)
    return NotePage(found[:PAGE], found[PAGE - 1].pk if len(found) > PAGE else 0)


def _shown() -> QuerySet[ShiftNote]:
    return ShiftNote.objects.select_related("team", "author").order_by("-id")


def _numbered(rows: QuerySet[ShiftNote], user: User) -> list[Any]:
    """The rows with ``numbers``: of the tickets that each names, those that ``user`` sees."""
    notes: list[Any] = list(rows)
    numbers: dict[int, list[str]] = defaultdict(list)
    if notes:
        named = Ticket.objects.workable_by(user).filter(shift_notes__in=[note.pk for note in notes])
        for note_id, number in named.order_by("number").values_list("shift_notes", "number"):
            numbers[note_id].append(number)
    for note in notes:
        note.numbers = numbers[note.pk]
    return notes


def _with_readers(rows: QuerySet[ShiftNote]) -> QuerySet[ShiftNote]:
    readings = ShiftNoteReading.objects.select_related("user").order_by("read_at")
    return rows.prefetch_related(Prefetch("readings", readings))
