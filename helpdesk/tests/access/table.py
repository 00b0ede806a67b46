"""The words in which the cells of the access matrix are written."""

from dataclasses import dataclass, field
from typing import Any

ANONYMOUS, TOKEN = "anonymous", "token"  # nobody; a token of the administrator that has no scope

#: Who wrote the ticket; a colleague; one who sees all tickets of the organization; a customer of another company.
CUSTOMERS = frozenset({"requester", "colleague", "overseer", "stranger"})
#: `agent`, `lead`: of the ticket's team; `elsewhere`: agent of another team; `product` was not called in, `rnd` was.
STAFF = frozenset({"agent", "elsewhere", "lead", "product", "rnd", "manager", "administrator"})
SIGNED_IN = CUSTOMERS | STAFF
ROLES = (ANONYMOUS, *sorted(CUSTOMERS), *sorted(STAFF), TOKEN)
EVERYBODY = frozenset(ROLES)

SIDE = frozenset({"requester", "overseer"})  # the customer's side of the ticket
INSIDE = frozenset({"agent", "lead", "rnd", "manager", "administrator"})  # see the ticket with its notes
SEES = SIDE | INSIDE
WORKS = frozenset({"agent", "lead", "administrator"})  # may work on the ticket
NOTES = WORKS | {"rnd"}
LEADS = frozenset({"lead", "administrator"})
HANDLES = LEADS | {"manager"}  # handle escalations
WRITERS = STAFF - {"manager"}  # write articles
BOSS = frozenset({"administrator"})

REDIRECT, NO_METHOD = 302, 405


@dataclass(frozen=True)
class Case:
    """One address with one method: which roles get which status; whoever is not named is refused.

    Attributes:
        expected: status → roles.
        args: argument of the address → name in `scene.Scene.things` (or the text itself when there is none).
        data: body of a POST or PATCH; «@name» stands for a thing of the scene.
        query: query string.
        refused: status → roles that are refused otherwise than the others (API: 403 for what one sees but may not do).
        open_door: an address for everybody, whose refusals are 404 for anonymous visitors too.
        writes: tables that a GET may touch.
    """

    expected: dict[int, frozenset[str]]
    args: dict[str, str] = field(default_factory=dict)
    data: dict[str, Any] = field(default_factory=dict)
    query: str = ""
    refused: dict[int, frozenset[str]] = field(default_factory=dict)
    open_door: bool = False
    writes: frozenset[str] = frozenset()

    def status_for(self, role: str, *, api: bool) -> int:
        """The status that ``role`` must get."""
        for status, roles in (*self.expected.items(), *self.refused.items()):
            if role in roles:
                return status
        if self.open_door:
            return 404
        if role == ANONYMOUS:
            return 401 if api else REDIRECT
        if role == TOKEN:
            return 403 if api else REDIRECT  # pages do not know tokens: the visitor is anonymous there
        return 404


def case(expected: dict[int, frozenset[str]], *, data: dict | None = None, query: str = "", **args: str) -> Case:
    """A `Case` whose further keywords are the arguments of the address."""
    return Case(expected=expected, args=args, data=data or {}, query=query)


def public(expected: dict[int, frozenset[str]] | int = 200, *, data: dict | None = None, query: str = "", **args: str):
    """An address for everybody: the same status for all when only a status is given."""
    wanted = {expected: EVERYBODY} if isinstance(expected, int) else expected
    return Case(expected=wanted, args=args, data=data or {}, query=query, open_door=True)


def call(
    expected: dict[int, frozenset[str]],
    *,
    forbidden: frozenset[str] = frozenset(),
    data: dict | None = None,
    query: str = "",
    **args: str,
) -> Case:
    """An address of the API; ``forbidden``: who is known there but may not do this (403)."""
    return Case(expected=expected, args=args, data=data or {}, query=query, refused={403: forbidden})


#: Instead of a list of cases: the address does not have this method.
NOT_THERE: list[Case] = []

Rows = dict[str, dict[str, list[Case]]]
