"""What a program may ask of the figures, and how the answer leaves: as JSON, or as the file that the page offers."""

from collections.abc import Iterable
from datetime import date
from typing import Any

from django.utils.translation import gettext
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter
from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request

from accounts.authentication import caller
from accounts.models import Team
from catalog.models import Module
from outbox import clock
from reports.forms import DEFAULT_DAYS, ListFilter
from reports.lists import TITLES
from reports.selectors.measures import DIMENSIONS, all_tickets, tickets_in
from reports.selectors.spans import STEPS, Span, last_days, whole_days
from reports.views import zone_of
from sla.choices import MetricCode, Severity
from tickets.choices import UNRESOLVED
from tickets.querysets import TicketQuerySet

LONGEST = 366  # days
#: Dimensions that a program names by code, as everywhere else; people and organizations are ids.
_CODED: dict[str, Any] = {"team": Team, "module": Module}


class CsvRenderer(JSONRenderer):
    """Lets `Accept: text/csv` and `?format=csv` be asked; the view makes the file, and a problem stays JSON."""

    media_type = "text/csv"
    format = "csv"


class SpanIn(serializers.Serializer):
    """A stretch of time, and by dimension of whose tickets."""

    days = serializers.IntegerField(required=False, min_value=1, max_value=LONGEST)
    since = serializers.DateField(required=False)
    until = serializers.DateField(required=False)
    team = serializers.CharField(required=False)
    severity = serializers.CharField(required=False)
    person = serializers.CharField(required=False)
    module = serializers.CharField(required=False)
    organization = serializers.CharField(required=False)

    def validate(self, given: dict[str, Any]) -> dict[str, Any]:
        since, until = given.get("since"), given.get("until")
        if since is None and until is None:
            return given
        if since is None or until is None or "days" in given:
            raise serializers.ValidationError({"since": gettext("Give “since” and “until”, or “days”.")})
        if until < since or (until - since).days >= LONGEST or since < date(2000, 1, 1):
            message = gettext("At most %(max)d days, the first of them first.") % {"max": LONGEST}
            raise serializers.ValidationError({"since": message})
        return given


class GroupsIn(SpanIn):
    by = serializers.ChoiceField(sorted(DIMENSIONS), default="team")


class SeriesIn(SpanIn):
    step = serializers.ChoiceField(STEPS, default="day")


class TicketsIn(SpanIn):
    figure = serializers.ChoiceField(list(TITLES))
    metric = serializers.CharField(required=False)
    status = serializers.CharField(required=False)
    age = serializers.CharField(required=False)
    cursor = serializers.CharField(required=False, default="")
    page_size = serializers.IntegerField(required=False, min_value=1, max_value=200, default=50)


class Asked:
    """What is asked, understood: the tickets, the span, and the page's own form, which knows the names."""

    def __init__(self, request: Request, serializer: type[SpanIn]) -> None:
        """Raises:
        ValidationError: a parameter that does not exist, or a value that is none.
        """
        self.given = given = checked(request, serializer)
        self.user, self.now = caller(request), clock.now()
        zone = zone_of(self.user)
        self.form = ListFilter(self._as_the_page_asks(given), user=self.user)
        if not self.form.is_valid():
            raise ValidationError({name: [str(each) for each in said] for name, said in self.form.errors.items()})
        self.tickets: TicketQuerySet = tickets_in(all_tickets(self.user), self.form.conditions)
        if "since" not in given:
            self.span: Span = last_days(given.get("days", DEFAULT_DAYS), now=self.now, zone=zone)
            return
        try:
            self.span = whole_days(given["since"], given["until"], now=self.now, zone=zone)
        except ValueError as error:
            raise ValidationError({"since": [gettext("This day is yet to come.")]}) from error

    def _as_the_page_asks(self, given: dict[str, Any]) -> dict[str, Any]:
        """Codes become the ids that the page's addresses hold; an unknown one becomes a choice that does not exist."""
        asked = {name: given[name] for name in (*DIMENSIONS, "metric", "status", "age") if name in given}
        for name, model in _CODED.items():
            if asked.get(name, "none") != "none":
                asked[name] = model.objects.filter(code=asked[name]).values_list("pk", flat=True).first() or "?"
        return asked

    def keys(self, dimension: str) -> dict[str, str]:
        """Id → what a program calls it."""
        model = _CODED.get(dimension)
        return {str(pk): code for pk, code in model.objects.values_list("pk", "code")} if model else {}

    def names(self, dimension: str) -> dict[str, str]:
        """Id (or «none») → its name in the reader's language."""
        choices: Iterable[Any] = self.form.fields[dimension].choices  # type: ignore[attr-defined]
        return {str(key): str(label) for key, label in choices}


def checked(request: Request, serializer: type[serializers.Serializer]) -> dict[str, Any]:
    """The parameters of a request.

    Raises:
        ValidationError: one that does not exist, or a value that is none.
    """
    asked = serializer(data=request.query_params.dict(), context={"request": request})
    if unknown := set(request.query_params) - set(asked.fields) - {"format"}:
        raise ValidationError({name: [gettext("There is no such parameter.")] for name in sorted(unknown)})
    asked.is_valid(raise_exception=True)
    return asked.validated_data


_NONE = "; `none`: those without one"
SPAN_PARAMETERS = [
    OpenApiParameter("days", int, description=f"The last days with today, up to {LONGEST}; 30 if nothing is said."),
    OpenApiParameter("since", OpenApiTypes.DATE, description="The first day, with `until`."),
    OpenApiParameter("until", OpenApiTypes.DATE, description="The last day."),
    OpenApiParameter("team", str, description=f"A team's code{_NONE}."),
    OpenApiParameter("severity", str, enum=[*Severity.values, "none"]),
    OpenApiParameter("person", str, description=f"The id of who has the ticket{_NONE}."),
    OpenApiParameter("module", str, description=f"A module's code{_NONE}."),
    OpenApiParameter("organization", str, description=f"An organization's id{_NONE}."),
]
TICKETS_PARAMETERS = [
    OpenApiParameter("figure", str, enum=list(TITLES), required=True),
    OpenApiParameter("metric", str, enum=MetricCode.values, description="Of promises: which."),
    OpenApiParameter("status", str, enum=[str(code) for code in UNRESOLVED], description="Of open tickets: which."),
    OpenApiParameter("age", str, enum=["4h", "1d", "3d", "7d", "old"], description="Of open tickets: how old."),
    OpenApiParameter("cursor", str, description="From `next`."),
    OpenApiParameter("page_size", int, description="Up to 200, 50 if nothing is said."),
    *SPAN_PARAMETERS,
]
