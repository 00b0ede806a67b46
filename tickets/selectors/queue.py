"""The queue: its views, their counts, and one page by its place in the order instead of an offset."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Exists, IntegerField, OuterRef, Prefetch, Q, Subquery
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from sla.choices import ClockState
from sla.selectors import OPEN, clocks_to_show
from tickets.columns import AT_FIRST, COLUMNS
from tickets.models import Ticket
from tickets.querysets import IS_UNRESOLVED, OWES_REPORT, AnyOf, TicketQuerySet
from tickets.selectors.handover import open_handovers
from tickets.selectors.marks import mark, with_marks
from tickets.selectors.orders import ORDERS

PAGE = 50
#: No view is counted further, so that a large desk costs no more than a small one; «999+» says it.
COUNTED = 1000
_NAMESAKES = 5


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
    "handed_over": View(_("Handed over"), lambda user: Q(pk__in=open_handovers().values("ticket"))),
    "escalated": View(_("Escalated"), lambda user: Q(breached_at__isnull=False)),
    "reports": View(_("Reports owed"), lambda user: Q(), scope=_OWED),
    "all": View(_("All tickets"), lambda user: Q(), sort="-number", scope=Q(), whole=True),
}


@dataclass(frozen=True)
class Page:
    """Rows of one page; ``after`` is the place where the next one begins, empty on the last."""

    rows: list[Ticket]
    after: str


def counts(*, user: User, more: Mapping[str, Q] | None = None) -> dict[str, int]:
    """How many tickets each view holds, and each of ``more`` among what is worked on or owed, in one query.

    At most `COUNTED` of each.
    """
    seen = Ticket.objects.workable_by(user).order_by().values("pk")
    held = {name: seen.filter(view.holds(user)) for name, view in VIEWS.items() if not view.whole}
    held |= {name: seen.filter(IS_UNRESOLVED | _OWED).filter(holds) for name, holds in (more or {}).items()}
    figures = {name: _Counted(rows[:COUNTED]) for name, rows in held.items()}
    counted: Any = User.objects.filter(pk=user.pk).values(**figures).get()
    return counted


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


def page_of(
    rows: TicketQuerySet,
    *,
    user: User,
    now: datetime,
    sort: str,
    after: str = "",
    size: int = PAGE,
    columns: Collection[str] = AT_FIRST,
) -> Page:
    """One page of ``rows``, with all that ``columns`` show to ``user``, in a fixed number of queries.

    Raises:
        BadPlace: when ``after`` is no place.
    """
    order = ORDERS[sort]
    rows = order.annotated(with_marks(rows, user=user, now=now))
    rows = rows.annotate(is_handed_over=Exists(open_handovers().filter(ticket=OuterRef("pk"))))
    if after:
        rows = rows.filter(order.behind(after))
    wanted = (
        rows.order_by(*order.ordering)
        .select_related("assignee", *(join for name in columns for join in COLUMNS[name].joins))
        .defer("tokens", "grading", "routing")
        .prefetch_related(Prefetch("clocks", queryset=clocks_to_show().filter(state__in=OPEN), to_attr="open_clocks"))
    )
    if "tags" in columns:
        wanted = wanted.prefetch_related("tags")
    found = list(wanted[: size + 1])
    mark(found, user=user)
    for ticket in found:
        _face(ticket)
    return Page(found[:size], order.place_of(found[size - 1]) if len(found) > size else "")


def _face(ticket: Any) -> None:
    """What the row shows of the deadlines: the next running clock, else a paused one; and how urgent that makes it."""
    running = [clock for clock in ticket.open_clocks if clock.state == ClockState.RUNNING]
    ticket.next_clock = next(iter(running or ticket.open_clocks), None)
    late = any(clock.breached_at for clock in ticket.open_clocks)
    ticket.urgency_class = "row-breached" if late else "row-soon" if any(c.warned_at for c in running) else ""


def fingerprint(ticket: Any) -> str:
    """Changes whenever what the row shows changes."""
    due = int(ticket.next_due_at.timestamp()) if ticket.next_due_at else 0
    marks = f"{int(ticket.breached_at is not None)}{int(ticket.is_unread)}{int(ticket.is_assignee_there)}"
    marks += f"{int(ticket.is_begun)}{int(bool(ticket.draft_returned))}"
    return f"{ticket.pk}.{ticket.revision}.{due}.{marks}"
