"""The queue's filters. The address holds them all; a value that does not exist finds nothing and says so."""

from typing import Any

import django_filters as filters
from django import forms
from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from search.vectors import query
from sla.choices import Severity
from tickets.choices import Status
from tickets.models import Ticket
from tickets.selectors.choices import Choices

_FEW = 1000


def _chooser(label: Any, field: str, empty: Any, **extra: Any) -> filters.ChoiceFilter:
    return filters.ChoiceFilter(
        field_name=field, label=label, empty_label=empty, widget=forms.Select(attrs={"class": "select"}), **extra
    )


class QueueFilter(filters.FilterSet):
    """Narrows the tickets of one view; ``choices`` come from `tickets.selectors.choices.filter_choices`."""

    q = filters.CharFilter(
        method="by_text",
        label=_("Text or number"),
        max_length=200,
        widget=forms.TextInput(attrs={"type": "search", "class": "input", "placeholder": _("Text or number")}),
    )
    severity = _chooser(_("Severity"), "severity", _("any severity"), choices=Severity.choices)
    status = _chooser(_("Status"), "status", _("any status"), choices=Status.choices)
    team = _chooser(_("Team"), "team_id", _("any team"))
    assignee = _chooser(_("Assignee"), "assignee_id", _("anybody"), null_value="none", null_label=_("unassigned"))
    category = _chooser(_("Category"), "category_id", _("any category"))
    module = _chooser(_("Product module"), "module_id", _("any module"))
    organization = _chooser(_("Organization"), "organization_id", _("any organization"))

    class Meta:
        model = Ticket
        fields: list[str] = []

    def __init__(self, *args: Any, choices: dict[str, Choices], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, rows in choices.items():
            self.filters[name].extra["choices"] = rows

    def by_text(self, rows: QuerySet[Ticket], name: str, value: str) -> QuerySet[Ticket]:
        """Tickets whose number it is, or whose subject and first message have words of it."""
        return rows.filter(text_condition(value))

    @property
    def narrowed(self) -> int:
        """How many filters are set."""
        return sum(1 for name in self.filters if self.form.data.get(name))


def text_condition(text: str) -> Q:
    """What a typed text means: a number, or words.

    What few tickets have is looked up here: the planner does not know how rare a word is, and would walk the archive
    in the order of the list until it has found enough of it.
    """
    condition = Q(number=text.strip().upper())
    sought = query(text)
    condition = condition | Q(tokens=sought) if sought is not None else condition
    found = list(Ticket.objects.filter(condition).order_by().values_list("pk", flat=True)[: _FEW + 1])
    return Q(pk__in=found) if len(found) <= _FEW else condition
