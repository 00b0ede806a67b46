"""What a row of the queue says beside the ticket: is it news, did the reader begin an answer, is the assignee there."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db.models import Exists, OuterRef, Subquery

from accounts.models import User
from accounts.selectors import away
from tickets.models import Draft, TicketEvent, TicketSeen
from tickets.querysets import TicketQuerySet


def with_marks(rows: TicketQuerySet, *, user: User, now: datetime) -> TicketQuerySet:
    """``rows`` with what `mark` reads: subqueries, which PostgreSQL asks for the rows of the page alone."""
    by_people = TicketEvent.objects.filter(ticket=OuterRef("pk"), actor__isnull=False).order_by("-id")[:1]
    seen = TicketSeen.objects.filter(ticket=OuterRef("pk"), user=user).values("event_id")
    begun = Draft.objects.filter(ticket=OuterRef("pk"), author=user).exclude(body="").values("returned")
    return rows.annotate(
        acted_id=Subquery(by_people.values("pk")),
        acted_by=Subquery(by_people.values("actor")),
        seen_id=Subquery(seen),
        draft_returned=Subquery(begun),
        is_assignee_away=Exists(away(now=now, user="assignee")),
    )


def mark(rows: Iterable[Any], *, user: User) -> None:
    """Give each row of `with_marks` ``is_unread``, ``is_begun`` (the reader has a draft) and ``is_assignee_there``."""
    teams = set(user.team_ids())
    for row in rows:
        person = row.assignee
        row.is_assignee_there = bool(person and person.is_active and person.on_duty and not row.is_assignee_away)
        row.is_begun = row.draft_returned is not None
        row.is_unread = _is_unread(row, user, teams)


def _is_unread(row: Any, user: User, teams: set[int]) -> bool:
    """Whether somebody else was the last to do something, and that is beyond what ``user`` has seen.

    Whoever writes has read. A ticket that was never opened is news to those whom it concerns while it is open; an
    archive is not. What the system does by itself shows in the clocks, and is no news.
    """
    if row.acted_by == user.pk:
        return False
    if row.seen_id is None:
        return row.is_unresolved and (row.assignee_id == user.pk or row.team_id in teams)
    return row.acted_id is not None and row.acted_id > row.seen_id
