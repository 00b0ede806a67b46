"""The orders of the queue, and places in them: a page begins behind a place, not at an offset, so none shifts."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import reduce
from operator import or_
from typing import Any

from django.db.models import F, Q
from django.db.models.expressions import OrderBy
from django.utils.dateparse import parse_datetime
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from sla.choices import Severity
from tickets.querysets import DUE_OR_URGED, GRAVEST_FIRST, TicketQuerySet

_LARGEST_ID = 2**63 - 1


class BadPlace(ValueError):
    """Not a place that `place_of` wrote."""


def _id(text: str) -> int:
    if not (text.isascii() and text.isdigit()) or int(text[:20]) > _LARGEST_ID:
        raise BadPlace(text)
    return int(text)


def _rank(text: str) -> int:
    if text not in {str(severity.rank) for severity in Severity}:
        raise BadPlace(text)
    return int(text)


def _instant(text: str) -> datetime:
    try:
        value = parse_datetime(text)
    except ValueError as error:
        raise BadPlace(text) from error
    if value is None or value.tzinfo is None:
        raise BadPlace(text)
    return value


@dataclass(frozen=True)
class Key:
    """One thing that an order looks at.

    Attributes:
        name: the field of the ticket, or the annotation that ``source`` gives.
        read: a value from its text, or `BadPlace`.
        nullable: it may be missing; what misses it stands last.
    """

    name: str
    read: Callable[[str], Any]
    source: Any = None
    descending: bool = False
    nullable: bool = False

    @property
    def ordering(self) -> OrderBy:
        source = F(self.name) if self.source is None else self.source
        last = True if self.nullable else None
        return source.desc(nulls_last=last) if self.descending else source.asc(nulls_last=last)

    def text(self, ticket: Any) -> str:
        value = getattr(ticket, self.name)
        if value is None:
            return ""
        return value.isoformat() if isinstance(value, datetime) else str(value)

    def value(self, text: str) -> Any:
        """The value that `text` wrote."""
        return None if self.nullable and not text else self.read(text)

    def at(self, value: Any) -> Q:
        """What has this very value."""
        return Q(**{f"{self.name}__isnull": True}) if value is None else Q(**{self.name: value})

    def behind(self, value: Any) -> Q | None:
        """What stands behind ``value`` by this key alone; None when nothing can."""
        if value is None:
            return None
        beyond = Q(**{f"{self.name}__{'lt' if self.descending else 'gt'}": value})
        return beyond | Q(**{f"{self.name}__isnull": True}) if self.nullable else beyond

    def from_here(self, value: Any) -> Q:
        """What stands at ``value`` or behind it: the bound at which an index begins to read."""
        if self.nullable:
            return Q()
        return Q(**{f"{self.name}__{'lte' if self.descending else 'gte'}": value})


@dataclass(frozen=True)
class Order:
    """Keys, the last of which is unique, so that a place is exact."""

    label: str | Promise
    keys: tuple[Key, ...]

    @property
    def ordering(self) -> list[OrderBy]:
        return [key.ordering for key in self.keys]

    @property
    def descending(self) -> bool:
        return self.keys[0].descending

    def annotated(self, rows: TicketQuerySet) -> TicketQuerySet:
        """``rows`` with what `place_of` will read from them."""
        return rows.annotate(**{key.name: key.source for key in self.keys if key.source is not None})

    def place_of(self, ticket: Any) -> str:
        """Where a row of `annotated` stands."""
        return "~".join(key.text(ticket) for key in self.keys)

    def behind(self, place: str) -> Q:
        """What comes after ``place``.

        Raises:
            BadPlace: when it is no place of this order.
        """
        texts = place.split("~")
        if len(texts) != len(self.keys):
            raise BadPlace(place)
        values = [key.value(text) for key, text in zip(self.keys, texts, strict=True)]
        branches, same = [], Q()
        for key, value in zip(self.keys, values, strict=True):
            if (further := key.behind(value)) is not None:
                branches.append(same & further)
            same &= key.at(value)
        return self.keys[0].from_here(values[0]) & reduce(or_, branches)


def _by(name: str, read: Callable[[str], Any], label: Any, *, descending: bool = False, **more: Any) -> Order:
    return Order(label, (Key(name, read, descending=descending, **more), Key("id", _id, descending=descending)))


_DUE = Key("place_due", _instant, source=DUE_OR_URGED, nullable=True)
_GRADE = Key("place_grade", _rank, source=GRAVEST_FIRST)
#: By their names in the address. Each has its index for the open tickets.
ORDERS: dict[str, Order] = {
    "due": Order(_("next deadline first"), (_DUE, Key("id", _id))),
    "severity": Order(_("gravest first"), (_GRADE, _DUE, Key("id", _id))),
    "-updated": _by("updated_at", _instant, _("latest change first"), descending=True),
    "updated": _by("updated_at", _instant, _("oldest change first")),
    "-created": _by("created_at", _instant, _("newest ticket first"), descending=True),
    "created": _by("created_at", _instant, _("oldest ticket first")),
    "-number": Order(_("highest number first"), (Key("id", _id, descending=True),)),
    "number": Order(_("lowest number first"), (Key("id", _id),)),
}
