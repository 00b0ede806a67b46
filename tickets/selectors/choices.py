"""Names to choose from in filters, read in one query however many lists there are."""

from collections import defaultdict
from typing import Any

from django.db.models import Exists, OuterRef, QuerySet, Value

from accounts.models import Membership, Team, User
from accounts.selectors import organizations_visible_to
from catalog.models import Category, Module
from outbox.bilingual import in_reader_language

Choices = list[tuple[str, str]]
#: More organizations than this are found by typing, not by scrolling.
MOST = 500


def workers() -> QuerySet[User]:
    """Active people whose roles let them work on tickets."""
    works = Membership.objects.filter(user=OuterRef("pk"), role__permissions__contains=["ticket.work"])
    return User.objects.filter(Exists(works), is_active=True)


def filter_choices(*, user: User) -> dict[str, Choices]:
    """Choices of the queue's filters by name, sorted by what the reader sees."""
    lists: dict[str, QuerySet[Any]] = {
        "team": Team.objects.all(),
        "category": Category.objects.all(),
        "module": Module.objects.all(),
        "organization": organizations_visible_to(user=user),
    }
    parts = [_named(kind, rows, "name_en") for kind, rows in lists.items()]
    parts.append(_named("assignee", workers(), Value("")))
    found: dict[str, Choices] = defaultdict(list)
    for kind, pk, name, name_en in parts[0].union(*parts[1:], all=True):
        found[kind].append((str(pk), in_reader_language(name, name_en)))
    return {kind: sorted(found[kind], key=lambda item: item[1].casefold())[:MOST] for kind in (*lists, "assignee")}


def _named(kind: str, rows: QuerySet[Any], english: Any) -> QuerySet[Any]:
    return rows.order_by().annotate(kind=Value(kind)).values_list("kind", "pk", "name", english)
