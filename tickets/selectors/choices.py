"""Names to choose from in filters, read in one query however many lists there are."""

from collections import defaultdict
from typing import Any

from django.db.models import Case, Exists, F, OuterRef, QuerySet, Value, When
from django.db.models.functions import Concat

from accounts.models import Membership, Team, User
from accounts.selectors import organizations_visible_to, users_visible_to
from catalog.models import Category, Module, Tag, Version
from outbox.bilingual import in_reader_language

Choices = list[tuple[str, str]]
_MOST_DIGITS = 18  # of an id


def workers() -> QuerySet[User]:
    """Active people whose roles let them work on tickets."""
    works = Membership.objects.filter(user=OuterRef("pk"), role__permissions__contains=["ticket.work"])
    return User.objects.filter(Exists(works), is_active=True)


def filter_choices(*, user: User, requester: str = "") -> dict[str, Choices]:
    """Choices of the queue's filters by name, sorted by what the reader sees.

    Customers are found by search, not by scrolling: of them only the chosen ``requester`` is one.
    """
    lists: dict[str, QuerySet[Any]] = {
        "team": Team.objects.all(),
        "category": Category.objects.all(),
        "module": Module.objects.all(),
        "tag": Tag.objects.all(),
        "organization": organizations_visible_to(user=user),
    }
    parts = [_named(kind, rows, F("name"), F("name_en")) for kind, rows in lists.items()]
    parts.append(_named("assignee", workers(), F("name"), Value("")))
    # A version says little without its product.
    english = Case(When(product__name_en="", then=Value("")), default=Concat("product__name_en", Value(" "), "name"))
    parts.append(_named("version", Version.objects.all(), Concat("product__name", Value(" "), "name"), english))
    if requester.isdecimal() and len(requester) < _MOST_DIGITS:
        sought = users_visible_to(user=user).filter(pk=requester)
        parts.append(_named("requester", sought, F("name"), Value("")))
    found: dict[str, Choices] = defaultdict(list)
    for kind, pk, name, name_en in parts[0].union(*parts[1:], all=True):
        found[kind].append((str(pk), in_reader_language(name, name_en)))
    kinds = (*lists, "assignee", "version", "requester")
    return {kind: sorted(found[kind], key=lambda item: item[1].casefold()) for kind in kinds}


def _named(kind: str, rows: QuerySet[Any], name: Any, english: Any) -> QuerySet[Any]:
    return rows.order_by().annotate(kind=Value(kind)).values_list("kind", "pk", name, english)
