"""What a ticket is about: category, module, version, kind of fault, tags."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.utils.translation import gettext_lazy as _
from django.utils.translation import override

from accounts.models import User
from catalog.models import Category, CustomField, FaultType, Module, Version
from knowledge.services.writing import tag_named
from outbox.contention import survives_deadlock
from tickets import custom as custom_fields
from tickets.models import Ticket
from tickets.services.escalation import follow_targets
from tickets.services.events import record
from tickets.services.locking import Change, changing
from tickets.triage import both_names

MOST_TAGS = 12


@survives_deadlock
def set_properties(
    *,
    ticket: Ticket,
    actor: User,
    tags: Iterable[str] | None = None,
    custom: Mapping[str, Any] | None = None,
    now: datetime | None = None,
    **values: Category | Module | Version | FaultType | None,
) -> None:
    """Say what the ticket is about: ``category``, ``module``, ``version``, ``fault_type``; what is left out stays.

    ``custom`` are answers to the fields of the category that the ticket then has, by their code; None empties one.
    Another category may mean another policy, so the open deadlines follow it.

    Raises:
        PermissionDenied: when ``actor`` does not work on tickets.
        ValidationError: keyed by field, when module and version are of two products or there are too many tags.
    """
    if not actor.may("ticket.work"):
        raise PermissionDenied
    names = None if tags is None else _clean(tags)
    with changing(ticket.pk, now=now) as change:
        changed: list[dict[str, Any]] = [
            {"field": name, "source": _fact(getattr(change.ticket, name)), "target": _fact(value)}
            for name, value in values.items()
            if getattr(change.ticket, f"{name}_id") != (value.pk if value else None)
        ]
        change.set(**{row["field"]: values[row["field"]] for row in changed})
        _demand_one_product(change.ticket)
        if names is not None:
            changed += _set_tags(change.ticket, names)
        if custom:
            changed += set_answers(change, custom)
        if not changed:
            return
        record(ticket=change.ticket, code="ticket.properties", actor=actor, now=change.now, changes=changed)
        if any(row["field"] == "category" for row in changed):
            follow_targets(change.ticket, facts=change.facts, now=change.now)


def set_answers(change: Change, answers: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Keep answers to custom fields of a locked ticket; what changed, for its event.

    Raises:
        ValidationError: keyed by field, for what is no answer.
    """
    fields = custom_fields.fields_of(change.ticket.category)
    before = change.ticket.custom
    given = custom_fields.cleaned(answers, fields)
    after = {code: value for code, value in (before | given).items() if value is not None}
    if after == before:
        return []
    change.set(custom=after)
    return [_fact_of(row, before, after) for row in fields if before.get(row.code) != after.get(row.code)]


def _fact_of(row: CustomField, before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, Any]:
    """What the history keeps of a changed answer; free text it never repeats, because nobody can erase it there."""
    fact: dict[str, Any] = {"field": row.code, "label": both_names(row)}
    if row.kind != CustomField.Kind.TEXT:
        fact |= {"source": _said(row, before), "target": _said(row, after)}
    return fact


def _said(row: CustomField, answers: Mapping[str, Any]) -> dict[str, str] | None:
    if row.code not in answers:
        return None
    with override("zh-hans"):
        said = {"name": custom_fields.words(row, answers[row.code])}
    with override("en"):
        return said | {"name_en": custom_fields.words(row, answers[row.code])}


@survives_deadlock
def change_tags(
    *, ticket: Ticket, actor: User, add: Iterable[str] = (), remove: Iterable[str] = (), now: datetime | None = None
) -> None:
    """Add and remove tags by name, whatever other tags the ticket has.

    Raises:
        PermissionDenied: when ``actor`` does not work on tickets.
        ValidationError: keyed ``tags``, when there would be too many.
    """
    if not actor.may("ticket.work"):
        raise PermissionDenied
    unwanted = {name.casefold() for name in _clean(remove)}
    with changing(ticket.pk, now=now) as change:
        kept = [
            tag.name for tag in change.ticket.tags.all() if not unwanted & {tag.name.casefold(), tag.name_en.casefold()}
        ]
        changed = _set_tags(change.ticket, _clean([*kept, *add]))
        if changed:
            record(ticket=change.ticket, code="ticket.properties", actor=actor, now=change.now, changes=changed)


def _demand_one_product(ticket: Ticket) -> None:
    if ticket.module and ticket.version and ticket.module.product_id != ticket.version.product_id:
        raise ValidationError({"version": _("This version belongs to another product than the module.")})


def _set_tags(ticket: Ticket, names: list[str]) -> list[dict[str, Any]]:
    before = {tag.pk: tag.name for tag in ticket.tags.all()}
    after = {tag.pk: tag.name for tag in map(tag_named, names)}
    if before.keys() == after.keys():
        return []
    ticket.tags.set(after)
    return [{"field": "tags", "source": sorted(before.values()), "target": sorted(after.values())}]


def _clean(tags: Iterable[str]) -> list[str]:
    names = list(dict.fromkeys(name for name in (" ".join(tag.split())[:40] for tag in tags) if name))
    if len(names) > MOST_TAGS:
        raise ValidationError({"tags": _("At most %(most)d tags.") % {"most": MOST_TAGS}})
    return names


def _fact(value: Any) -> dict[str, str] | None:
    """A name that stays readable after the row is gone."""
    if value is None:
        return None
    return both_names(value) if hasattr(value, "name_en") else {"name": str(value)}
