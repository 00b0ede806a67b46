"""The tickets behind a figure: as many rows as the figure says, each with what it adds to it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Q, QuerySet
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext

from feedback.models import Survey
from reports.selectors.backlog import age_condition
from reports.selectors.figures import behind
from reports.selectors.measures import BEHIND, MEASURES
from reports.selectors.spans import Span
from sla.models import Clock
from tickets.models import Ticket
from tickets.querysets import TicketQuerySet

PAGE = 50
OPEN = "open"

TITLES: dict[str, str | Promise] = {
    "created": gettext_lazy("New tickets"),
    "created-open": gettext_lazy("New tickets that are still open"),
    "answered": gettext_lazy("Tickets that got their first response"),
    "resolved": gettext_lazy("Resolved tickets"),
    "promises": gettext_lazy("Promises with a verdict"),
    "missed": gettext_lazy("Missed promises"),
    "first-contact": gettext_lazy("Resolved at first contact"),
    "not-first-contact": gettext_lazy("Not resolved at first contact"),
    "reopened": gettext_lazy("Opened again after a resolution"),
    "answers": gettext_lazy("Answers of customers"),
    "unsolved": gettext_lazy("“Not solved” in the survey"),
    OPEN: gettext_lazy("Open tickets"),
}


@dataclass(frozen=True)
class Line:
    """One row of the list: the ticket, when it counted, and what it adds (text, or seconds as ``took``)."""

    pk: int
    ticket: Ticket
    at: datetime
    text: str = ""
    took: float | None = None


@dataclass(frozen=True)
class Listing:
    """All the rows behind a figure, and how one is shown."""

    rows: QuerySet
    at: str
    ticket: str

    def count(self) -> int:
        return self.rows.count()

    def page(self, place: str, size: int = PAGE) -> tuple[list[Line], str]:
        """Newest first from ``place`` on (the id of the last row seen), and the next place.

        Raises:
            ValueError: when there is no such place.
        """
        rows = self.rows
        if place:
            rows = rows.filter(self._after(place))
        found = list(self._ordered(rows)[: size + 1])
        return [self.line(row) for row in found[:size]], str(found[size - 1].pk) if len(found) > size else ""

    def all(self, most: int) -> list[Line]:
        return [self.line(row) for row in self._ordered(self.rows)[:most]]

    def _ordered(self, rows: QuerySet) -> QuerySet:
        related = [self.ticket + name for name in ("team", "assignee", "module", "organization")]
        return rows.select_related(*related).defer(f"{self.ticket}tokens").order_by(f"-{self.at}", "-pk")

    def _after(self, place: str) -> Q:
        if not (place.isascii() and place.isdigit() and len(place) < 18):
            raise ValueError(place)
        last = self.rows.filter(pk=int(place)).values_list(self.at, "pk").first()
        if last is None:
            raise ValueError(place)
        return Q(**{f"{self.at}__lt": last[0]}) | Q(**{self.at: last[0], "pk__lt": last[1]})

    def line(self, row: Any) -> Line:
        at = getattr(row, self.at)
        ticket = row.ticket if self.ticket else row
        if isinstance(row, Clock):
            verdict = pgettext("deadline", "met") if row.breached_at is None else pgettext("deadline", "missed")
            return Line(row.pk, ticket, at, text=f"{row.get_metric_display()} · {verdict}")
        if isinstance(row, Survey):
            scores = f"{row.resolution_score} / {row.speed_score} / {row.attitude_score}"
            return Line(row.pk, ticket, at, text=f"{scores} · {_('solved') if row.is_solved else _('not solved')}")
        took = (at - ticket.created_at).total_seconds() if self.at != "created_at" else None
        return Line(row.pk, ticket, at, took=took)


def listing(name: str, tickets: TicketQuerySet, span: Span, *, now: datetime, narrow: dict[str, str]) -> Listing:
    """The rows behind the figure ``name``, a key of `TITLES`; ``narrow`` may name a metric, a status or an age.

    Raises:
        KeyError: when there is no such figure.
    """
    if name == OPEN:
        rows: QuerySet = tickets.unresolved()
        if narrow.get("status"):
            rows = rows.filter(status=narrow["status"])
        if narrow.get("age"):
            rows = rows.filter(age_condition(narrow["age"], now=now))
        return Listing(rows, "created_at", "")
    measure = MEASURES[BEHIND[name].measure]
    rows = behind(name, tickets, span)
    if narrow.get("metric") and BEHIND[name].measure == "promises":
        rows = rows.filter(metric=narrow["metric"])
    return Listing(rows, measure.at, measure.ticket)
