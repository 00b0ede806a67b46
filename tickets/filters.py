"""The queue's filters. The address holds them all; a value that does not exist finds nothing and says so."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import reduce
from operator import and_
from typing import Any

from django import forms
from django.db import models
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from search.vectors import query
from sla.choices import Severity
from tickets.choices import Status
from tickets.models import Ticket
from tickets.selectors.choices import Choices

#: Fewer tickets with the words of a text than this are looked up before the list is walked.
_FEW = 1000
#: «Soon» of the filter by deadline.
SOON = timedelta(hours=2)
#: More names than this are found by typing, not by scrolling.
MOST = 500


class Due(models.TextChoices):
    """Where the next deadline lies, seen from now."""

    OVERDUE = "overdue", pgettext_lazy("deadline", "overdue")
    SOON = "soon", _("within 2 hours")
    TODAY = "today", _("later than now, but today")
    NONE = "none", _("no deadline")


def text_condition(text: str) -> Q:
    """What a typed text means: a number, or words."""
    condition = Q(number=text.strip().upper())
    sought = query(text)
    return condition | Q(tokens=sought) if sought is not None else condition


def _has_tag(value: str, now: datetime) -> Q:
    # No join: a ticket must stand once, also where several conditions are counted in one query.
    return Q(Exists(Ticket.tags.through.objects.filter(ticket=OuterRef("pk"), tag_id=int(value))))


def _due(value: str, now: datetime) -> Q:
    """By the reader's day: it ends at midnight of their zone."""
    if value == Due.NONE:
        return Q(next_due_at=None)
    if value == Due.OVERDUE:
        return Q(next_due_at__lte=now)
    midnight = timezone.localtime(now).replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
    return Q(next_due_at__gt=now, next_due_at__lte=now + SOON if value == Due.SOON else midnight)


def _is(field: str) -> Callable[[str, datetime], Q]:
    return lambda value, now: Q(**{field: None if value == "none" else value})


#: What each filter means, by its name in the address.
CONDITIONS: dict[str, Callable[[str, datetime], Q]] = {
    "q": lambda value, now: text_condition(value),
    "severity": _is("severity"),
    "status": _is("status"),
    "team": _is("team_id"),
    "assignee": _is("assignee_id"),
    "due": _due,
    "category": _is("category_id"),
    "module": _is("module_id"),
    "version": _is("version_id"),
    "tag": _has_tag,
    "requester": _is("requester_id"),
    "organization": _is("organization_id"),
}


def condition(filters: Mapping[str, str], *, now: datetime) -> Q:
    """The tickets that pass all of ``filters``, whose values a `QueueFilter` found valid."""
    return reduce(and_, (CONDITIONS[name](value, now) for name, value in filters.items()), Q())


def narrowed(rows: QuerySet[Ticket], filters: Mapping[str, str], *, now: datetime) -> QuerySet[Ticket]:
    """Those of ``rows`` that pass all of ``filters``.

    Words that few tickets have are looked up first: the planner does not know how rare they are, and would walk the
    archive in the order of the list until it has found enough of them.
    """
    if text := filters.get("q"):
        has_words = Ticket.objects.filter(text_condition(text)).order_by().values_list("pk", flat=True)
        found = list(has_words[: _FEW + 1])
        if len(found) <= _FEW:
            rows = rows.filter(pk__in=found)
            filters = {name: value for name, value in filters.items() if name != "q"}
    return rows.filter(condition(filters, now=now))


def gone(filters: Mapping[str, str], there: Mapping[str, Collection[str]]) -> list[str]:
    """Those of ``filters``, valid once, whose value is no longer ``there``: a tag deleted, a colleague who left."""
    return [name for name, value in filters.items() if name in there and value not in there[name] and value != "none"]


@dataclass(frozen=True)
class Chip:
    """A filter that is set, in words; ``dead`` when its value is no longer there."""

    name: str
    label: str | Promise
    value: str
    dead: bool


def _chooser(label: Any) -> forms.ChoiceField:
    return forms.ChoiceField(label=label, required=False, widget=forms.Select(attrs={"class": "select"}))


class QueueFilter(forms.Form):
    """The controls; ``choices`` come from `tickets.selectors.choices.filter_choices`."""

    q = forms.CharField(
        label=_("Text or number"),
        required=False,
        max_length=200,
        widget=forms.TextInput(attrs={"type": "search", "class": "input", "placeholder": _("Text or number")}),
    )
    severity = _chooser(_("Severity"))
    status = _chooser(_("Status"))
    team = _chooser(_("Team"))
    assignee = _chooser(_("Assignee"))
    due = _chooser(_("Next deadline"))
    category = _chooser(_("Category"))
    module = _chooser(_("Product module"))
    version = _chooser(_("Product version"))
    tag = _chooser(_("Tag"))
    requester = _chooser(_("Customer"))
    organization = _chooser(_("Organization"))

    #: What stands in an empty control.
    ANY = {
        "severity": _("any severity"),
        "status": _("any status"),
        "team": _("any team"),
        "assignee": _("anybody"),
        "due": _("any deadline"),
        "category": _("any category"),
        "module": _("any module"),
        "version": _("any version"),
        "tag": _("any tag"),
        "requester": _("any customer"),
        "organization": _("any organization"),
    }

    def __init__(self, data: Mapping[str, str], *, choices: dict[str, Choices]) -> None:
        super().__init__(data)
        known: dict[str, list[tuple[Any, Any]]] = {
            **choices,
            "severity": Severity.choices,
            "status": Status.choices,
            "due": Due.choices,
        }
        known["assignee"] = [("none", gettext("unassigned")), *choices["assignee"]]
        for name, rows in known.items():
            field: Any = self.fields[name]
            field.choices = [("", self.ANY[name]), *rows]
            if len(rows) > MOST:  # all are valid, and the one that is chosen is shown
                field.widget.choices = [
                    row for at, row in enumerate(field.choices) if at <= MOST or row[0] == data.get(name)
                ]

    def chips(self) -> list[Chip]:
        """What is set, in the order of the controls."""
        self.is_valid()
        found = []
        for name, field in self.fields.items():
            if not (value := self.data.get(name)):
                continue
            word = dict(getattr(field, "choices", ())).get(value) if name != "q" else value
            found.append(Chip(name, field.label or "", str(word or gettext("no longer there")), name in self.errors))
        return found
