"""What the command palette finds: tickets, people, organizations, articles, each in a fixed number of queries."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from urllib.parse import urlencode

from django.db.models import Exists, OuterRef, Q
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from accounts.selectors import organizations_visible_to, users_visible_to
from knowledge.selectors import search_articles
from search.vectors import best, query
from tickets.models import Ticket
from tickets.querysets import TicketQuerySet
from tickets.selectors.choices import workers

_EACH = 5
_RECENT = 8


@dataclass(frozen=True)
class Hit:
    """One line: where it leads, and what is said of it. ``ticket`` is shown with its severity and status."""

    label: str
    href: str
    detail: str = ""
    icon: str = ""
    ticket: Ticket | None = None


@dataclass(frozen=True)
class Group:
    """Hits of one kind, under a heading."""

    label: str | Promise
    hits: list[Hit]


def found(*, user: User, text: str) -> list[Group]:
    """What ``text`` may mean to ``user``, one group of each source that finds something."""
    groups = [Group(label, source(user, text)) for label, source in SOURCES]
    return [group for group in groups if group.hits]


def recent(*, user: User, numbers: Iterable[str]) -> list[Group]:
    """The tickets that were open last, in their order, as far as ``user`` still sees them."""
    wanted = list(numbers)[:_RECENT]
    seen = Ticket.objects.workable_by(user).numbered(wanted)
    rows = {row.number: row for row in _lean(seen)} if wanted else {}
    hits = [_ticket(rows[number]) for number in wanted if number in rows]
    return [Group(_("Recent tickets"), hits)] if hits else []


def _lean(rows: TicketQuerySet) -> TicketQuerySet:
    """With what a hit shows and no more."""
    shown = ("number", "subject", "severity", "status", "requester__name", "requester__email")
    return rows.select_related("requester").only(*shown)


def _ticket(row: Ticket) -> Hit:
    href = reverse("workspace:ticket", args=[row.number])
    return Hit(row.subject, href, f"{row.number} · {row.requester}", ticket=row)


def tickets(user: User, text: str) -> list[Hit]:
    """By the beginning of a number, with or without its letter, else by words, the best first."""
    seen = Ticket.objects.workable_by(user)
    number = text.upper().removeprefix("T")
    if number.isascii() and number.isdigit():
        rows = seen.filter(number__startswith=f"T{number}").order_by("-id")[:_EACH]
        return [_ticket(row) for row in _lean(rows)]
    sought = query(text)
    return [_ticket(row) for row in _lean(best(seen, sought, limit=_EACH))] if sought else []


def people(user: User, text: str) -> list[Hit]:
    """Customers lead to what they submitted, colleagues to what they work on."""
    known = users_visible_to(user=user).filter(Q(name__icontains=text) | Q(email__icontains=text))
    works = Exists(workers().filter(pk=OuterRef("pk")))
    rows = known.select_related("organization").annotate(works=works).order_by("name", "pk")[:_EACH]
    return [
        Hit(
            str(row),
            _in_queue("assignee" if row.works else "requester", row.pk),
            str(row.title if row.works else row.organization or row.email),
            "user",
        )
        for row in rows
    ]


def organizations(user: User, text: str) -> list[Hit]:
    rows = organizations_visible_to(user=user).filter(Q(name__icontains=text) | Q(name_en__icontains=text))
    return [Hit(str(row), _in_queue("organization", row.pk), "", "building") for row in rows.order_by("name")[:_EACH]]


def articles(user: User, text: str) -> list[Hit]:
    rows = search_articles(user=user, text=text)[:_EACH]
    return [Hit(row.title, reverse("knowledge:article", args=[row.slug]), "", "book") for row in rows]


def _in_queue(name: str, pk: int) -> str:
    return f"{reverse('workspace:queue')}?{urlencode({'view': 'all', name: pk})}"


#: Each asks a fixed number of queries. What else is to be found by name is one more line here.
SOURCES: tuple[tuple[str | Promise, Callable[[User, str], list[Hit]]], ...] = (
    (_("Tickets"), tickets),
    (_("People"), people),
    (_("Organizations"), organizations),
    (_("Articles"), articles),
)
