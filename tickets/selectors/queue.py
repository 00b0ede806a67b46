"""The queue: its views, their counts, and one page by its place in the order instead of an offset."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import IntegerField, Prefetch, Q, Subquery
from django.utils.dateparse import parse_datetime
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from sla.choices import ClockState
from sla.selectors import OPEN, clocks_to_show
from tickets.models import Ticket
from tickets.querysets import DUE_OR_URGED, IS_UNRESOLVED, OWES_REPORT, AnyOf, TicketQuerySet

PAGE = 50
#: No view is counted further, so that a large desk costs no more than a small one; «999+» says it.
COUNTED = 1000
_NAMESAKES = 5
_LARGEST_ID = 2**63 - 1


class _Counted(Subquery):
    """How many rows a subquery has."""

    template = "(SELECT count(*) FROM (%(subquery)s) AS counted)"
    output_field = IntegerField()


@dataclass(frozen=True)
class View:
    """One tab of the queue.

    Attributes:
        condition: what belongs here, for a person.
        sort: the order when none is asked for, a key of `ORDERS`.
        scope: which tickets it chooses from at all.
        whole: it shows no count, because every refresh would count the archive.
    """

    label: str | Promise
    condition: Callable[[User], Q]
    sort: str = "due"
    scope: Q = IS_UNRESOLVED
    whole: bool = False

    def holds(self, user: User) -> Q:
        """What ``user`` finds here of what they see."""
        return self.scope & self.condition(user)


def _unassigned(user: User) -> Q:
    """Of one's own teams; people without a team (managers) see all."""
    teams = user.team_ids()
    return Q(assignee=None, team__in=teams) if teams else Q(assignee=None)


# Few among very many, which the planner cannot know: told as an array it looks these up instead of all that is closed.
_OWED = Q(AnyOf("pk", ArraySubquery(Ticket.objects.filter(OWES_REPORT).order_by().values("pk"))))

VIEWS: dict[str, View] = {
    "due": View(_("Next due"), lambda user: Q()),
    "mine": View(_("Mine"), lambda user: Q(assignee=user)),
    "unassigned": View(_("Unassigned in my teams"), _unassigned),
    "waiting": View(_("Waiting for customer"), lambda user: Q(status="pending")),
    "escalated": View(_("Escalated"), lambda user: Q(breached_at__isnull=False)),
    "reports": View(_("Reports owed"), lambda user: Q(), scope=_OWED),
    "all": View(_("All tickets"), lambda user: Q(), sort="new", scope=Q(), whole=True),
}
#: Orders by name; each ends in the unique id, so that a place in it is exact.
ORDERS: dict[str, list[Any]] = {"due": [DUE_OR_URGED.asc(nulls_last=True), "id"], "new": ["-id"]}


@dataclass(frozen=True)
class Page:
    """Rows of one page; ``after`` is the place where the next one begins, empty on the last."""

    rows: list[Ticket]
    after: str


class BadPlace(ValueError):
    """Not a place that `place_of` wrote."""


def counts(*, user: User) -> dict[str, int]:
    """How many tickets each view holds, at most `COUNTED` of each, in one query."""
    seen = Ticket.objects.workable_by(user).order_by().values("pk")
    held = {name: seen.filter(view.holds(user)) for name, view in VIEWS.items() if not view.whole}
    figures = {name: _Counted(rows[:COUNTED]) for name, rows in held.items()}
    return User.objects.filter(pk=user.pk).values(**figures).get()


def in_view(*, user: User, name: str) -> TicketQuerySet:
    """The tickets of a view that ``user`` sees from the inside."""
    return Ticket.objects.workable_by(user).filter(VIEWS[name].holds(user))


def of_people_named(text: str, *, seen: TicketQuerySet, limit: int) -> list[int]:
    """Keys of the newest tickets of requesters with that name or address, as far as they are among ``seen``.

    The people come first and each by himself: sought together, tickets would be walked from the newest to the oldest
    for somebody who has none.
    """
    people = User.objects.filter(Q(name__icontains=text) | Q(email__iexact=text)).order_by("name", "pk")
    each = [seen.filter(requester=pk).order_by("-id").values_list("pk")[:limit] for pk in _keys(people[:_NAMESAKES])]
    return sorted(_keys(each[0].union(*each[1:], all=True)), reverse=True)[:limit] if each else []


def _keys(rows: Any) -> list[int]:
    return list(rows.values_list("pk", flat=True))


def page_of(rows: TicketQuerySet, *, sort: str, after: str = "", size: int = PAGE) -> Page:
    """One page of ``rows``, with all that a row shows, in a fixed number of queries.

    Raises:
        BadPlace: when ``after`` is no place.
    """
    rows = rows.annotate(place_at=DUE_OR_URGED)
    if after:
        rows = rows.filter(_beyond(after, sort))
    wanted = (
        rows.order_by(*ORDERS[sort])
        .select_related("requester", "organization", "assignee", "team")
        .defer("tokens", "grading", "routing")
        .prefetch_related(Prefetch("clocks", queryset=clocks_to_show().filter(state__in=OPEN), to_attr="open_clocks"))
    )
    found = list(wanted[: size + 1])
    for ticket in found:
        _face(ticket)
    return Page(found[:size], place_of(found[size - 1], sort) if len(found) > size else "")


def _face(ticket: Any) -> None:
    """What the row shows of the deadlines: the next running clock, else a paused one; and how urgent that makes it."""
    running = [clock for clock in ticket.open_clocks if clock.state == ClockState.RUNNING]
    ticket.next_clock = next(iter(running or ticket.open_clocks), None)
    late = any(clock.breached_at for clock in ticket.open_clocks)
    ticket.urgency_class = "row-breached" if late else "row-soon" if any(c.warned_at for c in running) else ""


def fingerprint(ticket: Ticket) -> str:
    """Changes whenever what the row shows changes."""
    due = int(ticket.next_due_at.timestamp()) if ticket.next_due_at else 0
    return f"{ticket.pk}.{ticket.revision}.{due}.{int(ticket.breached_at is not None)}"


def place_of(ticket: Any, sort: str) -> str:
    """Where ``ticket``, a row of `page_of`, stands in the order ``sort``."""
    if sort == "new":
        return str(ticket.pk)
    due = ticket.place_at.isoformat() if ticket.place_at else ""
    return f"{due}~{ticket.pk}"


def _beyond(place: str, sort: str) -> Q:
    due_text, _sep, pk_text = place.rpartition("~")
    if not (pk_text.isascii() and pk_text.isdigit()) or int(pk_text) > _LARGEST_ID:
        raise BadPlace(place)
    pk = int(pk_text)
    if sort == "new":
        return Q(pk__lt=pk)
    if not due_text:
        return Q(place_at=None, pk__gt=pk)
    due = _instant(due_text)
    return Q(place_at__gt=due) | Q(place_at=due, pk__gt=pk) | Q(place_at=None)


def _instant(text: str) -> datetime:
    try:
        due = parse_datetime(text)
    except ValueError as error:
        raise BadPlace(text) from error
    if due is None or due.tzinfo is None:
        raise BadPlace(text)
    return due
