"""Canned answers: which are offered, and whether a text is one of them as it was inserted."""

from typing import Any

from django.db.models import Q

from accounts.models import User
from tickets import canned
from tickets.models import CannedAnswer, Ticket

#: As many as one reads in a list at the caret; who wants another types on.
OFFERED = 8


def canned_offered(*, ticket: Ticket, user: User, text: str) -> list[dict[str, Any]]:
    """Canned answers whose shortcut or name holds ``text``, filled in for this customer."""
    named = Q(shortcut__icontains=text) | Q(name__icontains=text) | Q(name_en__icontains=text)
    rows = CannedAnswer.objects.usable_by(user).filter(named)
    return [
        {"label": row.label, "hint": f"::{row.shortcut}", "insert": canned.fill(row, ticket=ticket, agent=user)}
        for row in rows[:OFFERED]
    ]


def is_canned(*, ticket: Ticket, user: User, body: str) -> bool:
    """Whether ``body`` is an untouched canned answer, which is an answer to no clock (design.md, «no gaming»)."""
    return canned.is_untouched(body, answers=CannedAnswer.objects.usable_by(user), ticket=ticket, agent=user)
