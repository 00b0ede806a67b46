"""Read what the audit triggers kept (see `outbox.audited`): one list over all tables, newest first, «from → to»."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from typing import Any

from django.apps import apps
from django.core.exceptions import ObjectDoesNotExist
from django.db import models
from django.db.models import Q
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _
from pghistory.models import Event as _Event

from accounts.models import User

PAGE = 30
Event = Any  # the tables are made by pghistory at run time; their columns are beyond a type checker


@dataclass
class Change:
    """One insert, update or delete of one row."""

    at: datetime
    kind: str
    table: str
    what: str
    who: User | None
    fields: list[tuple[str, str, str]] = field(default_factory=list)  # name, from, to


@cache
def event_models() -> list[Any]:
    """The tables that the triggers fill."""
    return sorted((m for m in apps.get_models() if issubclass(m, _Event)), key=lambda m: m._meta.label)


def changes_page(*, after: str = "", size: int = PAGE) -> tuple[list[Change], str]:
    """Changes before the cursor ``after`` (empty or unreadable: the newest), and the cursor of the next page or ""."""
    position = _read_cursor(after)
    rows = [row for model in event_models() for row in _before(model, position)[: size + 1]]
    rows.sort(key=_key, reverse=True)
    page = rows[:size]
    people = User.objects.in_bulk({pk for row in page if (pk := _who(row))})
    following = _write_cursor(page[-1]) if len(rows) > size else ""
    return [_change(row, people) for row in page], following


def _key(row: Event) -> tuple[datetime, str, int]:
    return row.pgh_created_at, row._meta.label, row.pgh_id


def _before(model: Any, position: tuple[datetime, str, int] | None) -> models.QuerySet:
    rows = model.objects.select_related("pgh_context").order_by("-pgh_created_at", "-pgh_id")
    if position is None:
        return rows
    at, label, pk = position
    same_instant = Q(pgh_created_at=at)
    if model._meta.label == label:
        same_instant &= Q(pgh_id__lt=pk)
    elif model._meta.label > label:
        return rows.filter(pgh_created_at__lt=at)
    return rows.filter(Q(pgh_created_at__lt=at) | same_instant)


def _write_cursor(row: Event) -> str:
    at, label, pk = _key(row)
    return f"{at.isoformat()}~{label}~{pk}"


def _read_cursor(text: str) -> tuple[datetime, str, int] | None:
    at, _sep, rest = text.partition("~")
    label, _sep, pk = rest.partition("~")
    try:
        instant = parse_datetime(at)
        if instant is None or instant.tzinfo is None or not pk.isascii() or not pk.isdigit() or len(pk) > 18:
            return None
    except ValueError:
        return None
    return instant, label, int(pk)


def _who(row: Event) -> int | None:
    context = row.pgh_context
    return context.metadata.get("user") if context is not None else None


def _change(row: Event, people: dict[int, User]) -> Change:
    tracked = row.pgh_tracked_model
    change = Change(
        at=row.pgh_created_at,
        kind=row.pgh_label,
        table=str(tracked._meta.verbose_name),
        what=_name(row, tracked),
        who=people.get(_who(row) or 0),
    )
    # What nobody can edit is bookkeeping, no decision.
    columns = [column for column in tracked._meta.concrete_fields if not column.primary_key and column.editable]
    if row.pgh_label == "update":
        later = _next_state(row, tracked)
        for column in columns:
            old, new = _shown(row, column), _shown(later, column) if later else _("(gone)")
            if old != new:
                change.fields.append((str(column.verbose_name), old, new))
    else:
        for column in columns:
            if value := _shown(row, column):
                pair = ("", value) if row.pgh_label == "insert" else (value, "")
                change.fields.append((str(column.verbose_name), *pair))
    return change


def _next_state(row: Event, tracked: Any) -> models.Model | None:
    """What the row became by this update: what the next trigger kept, else the row as it is now."""
    kept = type(row).objects.filter(
        pgh_obj_id=row.pgh_obj_id, pgh_id__gt=row.pgh_id, pgh_label__in=["update", "delete"]
    )
    return kept.order_by("pgh_id").first() or tracked.objects.filter(pk=row.pgh_obj_id).first()


def _name(row: Event, tracked: Any) -> str:
    """The row's own name, made from what was kept."""
    values: dict[str, Any] = {c.attname: getattr(row, c.attname) for c in tracked._meta.concrete_fields}
    try:
        return str(tracked(**values))
    except ObjectDoesNotExist:
        return f"#{row.pgh_obj_id}"


def _shown(row: models.Model, column: models.Field) -> str:
    """A value as people read it: the name behind a key, the label of a choice, a list with commas."""
    value = getattr(row, column.attname)
    if value is None or value == "" or value == []:
        return ""
    if column.is_relation:
        try:
            return str(getattr(row, column.name))
        except ObjectDoesNotExist:
            return f"#{value}"
    if column.choices:
        return str(dict(column.flatchoices).get(value, value))
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, Iterable) and not isinstance(value, str | dict):
        return ", ".join(str(item) for item in value)
    return str(value)
