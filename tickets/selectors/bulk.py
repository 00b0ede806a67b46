"""The tickets that somebody chose, and what they changed last."""

from collections.abc import Iterable
from datetime import datetime

from accounts.models import User
from tickets.models import BulkEdit, Ticket
from tickets.services.bulk import MOST, UNDO_FOR


def chosen(*, user: User, numbers: Iterable[str]) -> list[Ticket]:
    """The tickets called ``numbers`` that ``user`` sees from the inside, always in the same order of locking."""
    wanted = list(dict.fromkeys(numbers))[: MOST + 1]
    rows = Ticket.objects.workable_by(user).numbered(wanted)
    return list(rows.select_related("team").defer("tokens", "grading", "routing").order_by("pk"))


def latest_edit(*, user: User, now: datetime) -> BulkEdit | None:
    """The newest change of many tickets that ``user`` may still take back."""
    rows = BulkEdit.objects.filter(actor=user, created_at__gt=now - UNDO_FOR).order_by("-created_at", "-pk")
    newest = rows.first()
    return newest if newest and newest.undone_at is None else None
