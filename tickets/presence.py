"""Who has a ticket open and who writes on it right now, so that two do not answer at once.

Kept as marks that run out (`outbox.marks`), told by hints on topics of their own: customers, who hear `ticket:…`, learn
nothing of it. While Redis is away nobody is seen, and everything else works.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from accounts.models import User
from outbox import marks, push
from tickets.models import Ticket

#: A page says so every 20 seconds while it is looked at (static/js/presence.js); two beats may get lost.
HERE = timedelta(seconds=50)
#: Who types says so every 4 seconds.
WRITES = timedelta(seconds=10)
KINDS = ("public", "note")


@dataclass(frozen=True)
class Present:
    """A colleague on a ticket's page; ``writes`` is «public» or «note» while they type."""

    user: User
    writes: str


def beat(*, ticket: Ticket, user: User, writes: str, now: datetime) -> None:
    """``user`` looks at ``ticket``, and writes a reply or a note when ``writes`` says so; tells the others of news."""
    place = _place(ticket.pk)
    news = marks.drop(place, [f"{user.pk}:{kind}" for kind in KINDS if kind != writes])
    news |= marks.put(place, f"{user.pk}", now=now, lasts=HERE)
    if writes in KINDS:
        news |= marks.put(place, f"{user.pk}:{writes}", now=now, lasts=WRITES)
    if news:
        _tell(ticket)


def leave(*, ticket: Ticket, user: User) -> None:
    """``user`` went away; another page of theirs says otherwise within its next beat."""
    if marks.drop(_place(ticket.pk), [f"{user.pk}", *(f"{user.pk}:{kind}" for kind in KINDS)]):
        _tell(ticket)


def present(*, tickets: Iterable[int], besides: User, now: datetime) -> dict[int, list[Present]]:
    """Who else is on each of ``tickets`` (ids), who writes first: one question to Redis, and one for names if need be.

    Whoever asks has made sure that ``besides`` works with these tickets.
    """
    keys = list(tickets)
    found: dict[int, dict[int, str]] = {}
    for key, members in zip(keys, marks.read(map(_place, keys), now=now), strict=True):
        for member in members:
            pk, _colon, writes = member.partition(":")
            if int(pk) != besides.pk:
                here = found.setdefault(key, {})
                here[int(pk)] = writes or here.get(int(pk), "")
    if not found:
        return {}
    people = User.objects.in_bulk({pk for here in found.values() for pk in here})
    return {
        key: sorted(
            (Present(people[pk], writes) for pk, writes in here.items() if pk in people),
            key=lambda one: (not one.writes, one.user.name, one.user.pk),
        )
        for key, here in found.items()
    }


def _place(pk: int) -> str:
    return f"ticket:{pk}"


def _tell(ticket: Ticket) -> None:
    push.publish(f"presence:{ticket.number}")
    if ticket.team_id:
        push.publish(f"desk:{ticket.team_id}")
