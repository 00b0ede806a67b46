"""The legal moves of a ticket: one table for pages, API, mail and jobs."""

from dataclasses import dataclass

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from tickets.choices import Status

NEW, OPEN, PENDING = Status.NEW, Status.OPEN, Status.PENDING
ON_HOLD, RESOLVED, CLOSED = Status.ON_HOLD, Status.RESOLVED, Status.CLOSED


@dataclass(frozen=True)
class Move:
    """One legal move and what it asks for.

    Attributes:
        by_hand: whether staff may choose it in the status menu; the others happen through their own service.
        needs_reply: a public reply must go out in the same move (no ticket waits for a customer who was not asked).
        needs_reason: the move must say what is waited for.
    """

    by_hand: bool = True
    needs_reply: bool = False
    needs_reason: bool = False


_ASK = Move(needs_reply=True)
_WAIT = Move(needs_reason=True)
_SERVICE = Move(by_hand=False)

MOVES: dict[tuple[str, str], Move] = {
    (NEW, OPEN): Move(),
    (NEW, PENDING): _ASK,
    (NEW, ON_HOLD): _WAIT,
    (NEW, RESOLVED): _SERVICE,
    (NEW, CLOSED): _SERVICE,  # merged into another ticket
    (OPEN, PENDING): _ASK,
    (OPEN, ON_HOLD): _WAIT,
    (OPEN, RESOLVED): _SERVICE,
    (OPEN, CLOSED): _SERVICE,  # merged into another ticket
    (PENDING, OPEN): Move(),
    (PENDING, ON_HOLD): _WAIT,
    (PENDING, RESOLVED): _SERVICE,
    (PENDING, CLOSED): _SERVICE,  # merged into another ticket
    (ON_HOLD, OPEN): Move(),
    (ON_HOLD, PENDING): _ASK,
    (ON_HOLD, RESOLVED): _SERVICE,
    (ON_HOLD, CLOSED): _SERVICE,  # merged into another ticket
    (RESOLVED, CLOSED): _SERVICE,
    (RESOLVED, OPEN): _SERVICE,
    (CLOSED, OPEN): _SERVICE,
    (CLOSED, PENDING): _SERVICE,  # a merge is undone
    (CLOSED, ON_HOLD): _SERVICE,  # a merge is undone
}


class IllegalMove(ValidationError):
    """The move does not exist, or lacks what it asks for."""


def check_move(
    *,
    source: str,
    target: str,
    has_reply: bool = False,
    reason: str = "",
    by_hand: bool = False,
    by_service: bool = False,
) -> Move:
    """The `Move` from ``source`` to ``target``.

    ``by_hand`` and ``by_service`` ask for moves of that kind only: a new ticket is opened by hand, never reopened.

    Raises:
        IllegalMove: when there is none, or what it asks for is missing.
    """
    move = MOVES.get((Status(source), Status(target)))
    if move is None or (by_hand and not move.by_hand) or (by_service and move.by_hand):
        raise _no_way(source, target)
    if move.needs_reply and not has_reply:
        raise IllegalMove(_("Waiting for the customer needs a reply that asks them something."), code="reply")
    if move.needs_reason and not reason.strip():
        raise IllegalMove(_("Say what the ticket waits for."), code="reason")
    return move


def check_return(*, source: str, target: str) -> Move:
    """The `Move` by hand from ``target`` to ``source``, which a ticket at ``source`` takes back.

    Raises:
        IllegalMove: when there is none.
    """
    move = MOVES.get((Status(target), Status(source)))
    if move is None or not move.by_hand:
        raise _no_way(source, target)
    return move


def _no_way(source: str, target: str) -> IllegalMove:
    words = {"source": Status(source).label, "target": Status(target).label}
    return IllegalMove(_("A ticket cannot go from “%(source)s” to “%(target)s” this way."), code="move", params=words)


def choices_by_hand(source: str) -> list[str]:
    """The statuses that staff may choose from ``source``, in the order of the table."""
    return [str(target) for (start, target), move in MOVES.items() if start == source and move.by_hand]
