"""How much of a conversation a page shows: all of most, the newest part of the longest."""

from django.db.models import QuerySet

from tickets.models import Message

#: Longer conversations show their newest part first; the rest is one click away.
MESSAGES = 150


def newest_part(said: QuerySet[Message], *, whole: bool = False) -> tuple[list[Message], int]:
    """The newest of what was ``said``, in the order of saying, and how many earlier ones are not among them.

    One query more counts those of a long conversation; ``whole`` takes all of it.
    """
    rows = said.order_by("-pk")
    found = list(rows if whole else rows[: MESSAGES + 1])
    hidden = 0
    if not whole and len(found) > MESSAGES:
        hidden = said.order_by().count() - MESSAGES
        found = found[:MESSAGES]
    return found[::-1], hidden
