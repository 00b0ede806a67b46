"""What somebody may ask of the figures. The address holds all of it; a value that does not exist is refused."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from accounts.models import User
from accounts.selectors import teams_overseen
from reports.selectors.backlog import AGES
from reports.selectors.measures import DIMENSIONS
from reports.selectors.spans import PERIODS
from sla.choices import MetricCode, Severity
from tickets.choices import UNRESOLVED, Status
from tickets.selectors.choices import filter_choices

DEFAULT_DAYS = 30
_NONE = ("none", _("none"))
_EMPTY = {
    "team": _("any team"),
    "person": _("anybody"),
    "module": _("any module"),
    "organization": _("any organization"),
}


class FiguresFilter(forms.Form):
    """The period, and by dimension of whose tickets."""

    days = forms.TypedChoiceField(
        label=_("Period"),
        required=False,
        choices=[(days, str(days)) for days in PERIODS],
        coerce=int,
        empty_value=DEFAULT_DAYS,  # type: ignore[arg-type]  # the stubs know words only
    )
    team = forms.ChoiceField(label=_("Team"), required=False)
    severity = forms.ChoiceField(
        label=_("Severity"), required=False, choices=[("", _("any severity")), *Severity.choices]
    )
    person = forms.ChoiceField(label=_("Person"), required=False)
    module = forms.ChoiceField(label=_("Product module"), required=False)
    organization = forms.ChoiceField(label=_("Organization"), required=False)

    def __init__(self, data: Mapping[str, Any], *, user: User) -> None:
        super().__init__({"days": DEFAULT_DAYS, **{name: value for name, value in data.items() if value}})
        periods = [(days, ngettext("%d day", "%d days", days) % days) for days in PERIODS]
        self.fields["days"].choices = periods  # type: ignore[attr-defined]
        names = filter_choices(user=user)
        reach = {str(pk) for pk in teams_overseen(user=user).values_list("pk", flat=True)}
        lists = {
            "team": [row for row in names["team"] if row[0] in reach],
            "person": names["assignee"],
            "module": names["module"],
            "organization": names["organization"],
        }
        for name, rows in lists.items():
            self.fields[name].choices = [("", _EMPTY[name]), *rows, _NONE]  # type: ignore[attr-defined]
        for field in self.fields.values():
            field.widget.attrs["class"] = "select"

    @property
    def conditions(self) -> dict[str, str]:
        """What is asked by dimension, for `tickets_in`."""
        return {name: self.cleaned_data[name] for name in DIMENSIONS if self.cleaned_data.get(name)}

    def label_of(self, name: str, key: Any) -> str:
        """The name of the choice ``key`` (an id, None for none)."""
        wanted = "none" if key is None else str(key)
        for value, label in self.fields[name].choices:  # type: ignore[attr-defined]
            if str(value) == wanted:
                return str(label)
        return f"#{wanted}"


class ListFilter(FiguresFilter):
    """For the list behind a figure: narrower still, by promise, status or age."""

    metric = forms.ChoiceField(required=False, choices=MetricCode.choices)
    status = forms.ChoiceField(required=False, choices=[(code, Status(code).label) for code in UNRESOLVED])
    age = forms.ChoiceField(required=False, choices=[(code, label) for code, label, _oldest in AGES])
