"""Who may be calling."""

from dataclasses import dataclass

from django.db.models import Q

from accounts.models import STAND_INS, User
from accounts.selectors import users_visible_to
from tickets.choices import UNRESOLVED
from tickets.models import Ticket

#: So few digits would be half the country.
LEAST_DIGITS = 4
MOST_CALLERS = 6
_MOST_TICKETS = 5


@dataclass(frozen=True)
class Caller:
    """Somebody who may be calling, with their open tickets as far as the reader sees them."""

    user: User
    tickets: list[Ticket]


def digits_of(text: str) -> str:
    """A number without what people write around it, and without China's country code."""
    digits = "".join(char for char in text if char.isascii() and char.isdigit())[:20]
    for prefix in ("0086", "86"):
        if digits.startswith(prefix) and len(digits) - len(prefix) >= 7:
            return digits.removeprefix(prefix)
    return digits


def callers(*, user: User, text: str) -> list[Caller]:
    """Whose number begins with what was typed, or whose name or address it names; in a fixed number of queries."""
    digits, words = digits_of(text), text.strip()[:100]
    by_number = Q()
    if len(digits) >= LEAST_DIGITS:
        for prefix in ("", "86", "0086"):
            by_number |= ~Q(phone="") & Q(phone_digits__startswith=prefix + digits)
    elif len(words) >= 2 and not digits:
        by_number = Q(name__icontains=words) | Q(email__istartswith=words)
    if not by_number:
        return []
    known = users_visible_to(user=user) | User.objects.filter(email__startswith="phone-", email__endswith=STAND_INS)
    found = known.filter(by_number).select_related("organization").order_by("name", "pk")
    people = list(found[:MOST_CALLERS])
    open_ones = Ticket.objects.workable_by(user).filter(requester__in=people, status__in=UNRESOLVED)
    by_person: dict[int, list[Ticket]] = {}
    for ticket in open_ones.only("number", "subject", "severity", "status", "requester").order_by("-pk"):
        by_person.setdefault(ticket.requester_id, []).append(ticket)
    return [Caller(person, by_person.get(person.pk, [])[:_MOST_TICKETS]) for person in people]
