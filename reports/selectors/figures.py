"""Computing measures: for a span and the one before, step by step, or told apart by a dimension. One query each."""

from datetime import date, datetime
from typing import Any

from django.db.models import Case, Q, QuerySet, TextField, Value, When
from django.db.models.functions import TruncDay, TruncMonth, TruncWeek

from reports.selectors.measures import BEHIND, DIMENSIONS, MEASURES, Measure
from reports.selectors.spans import Span
from sla.choices import MetricCode
from tickets.querysets import TicketQuerySet

Numbers = dict[str, Any]
#: The numbers of every measure, by its name.
Cell = dict[str, Numbers]
_TRUNCATE: dict[str, Any] = {"day": TruncDay, "week": TruncWeek, "month": TruncMonth}


def rows_of(measure: Measure, tickets: TicketQuerySet, *, since: datetime, until: datetime) -> QuerySet:
    """The rows of a measure whose instant lies in [since, until)."""
    at = measure.at
    return measure.rows(tickets).filter(**{f"{at}__gte": since, f"{at}__lt": until}).order_by()


def totals(name: str, tickets: TicketQuerySet, span: Span) -> tuple[Numbers, Numbers]:
    """The figures of a measure in ``span`` and in the one before."""
    measure, before = MEASURES[name], span.before
    rows = rows_of(measure, tickets, since=before.since, until=span.until)
    half = Case(
        When(Q(**{f"{measure.at}__gte": span.since}), then=Value("now")),
        When(Q(**{f"{measure.at}__lt": before.until}), then=Value("before")),
        default=Value("between"),
        output_field=TextField(),
    )
    found = {row.pop("half"): row for row in rows.annotate(half=half).values("half").annotate(**measure.computes)}
    nothing = empty(name)
    return found.get("now", nothing), found.get("before", nothing)


def series(name: str, tickets: TicketQuerySet, span: Span, step: str = "") -> list[Numbers]:
    """The figures of a measure for each step of ``span`` (one of `STEPS`, or its own), also where nothing happened."""
    measure, size = MEASURES[name], step or span.step
    rows = rows_of(measure, tickets, since=span.since, until=span.until)
    cut = rows.annotate(step=_TRUNCATE[size](measure.at, tzinfo=span.zone)).values("step").annotate(**measure.computes)
    found: dict[date, Numbers] = {row.pop("step").date(): row for row in cut}
    return [found.get(first, empty(name)) for first in span.cut(size)]


def by_dimension(name: str, dimension: str, tickets: TicketQuerySet, span: Span) -> dict[Any, Numbers]:
    """The figures of a measure by the key of a dimension (None: the tickets that have none)."""
    measure = MEASURES[name]
    key = measure.ticket + DIMENSIONS[dimension]
    rows = rows_of(measure, tickets, since=span.since, until=span.until)
    return {row.pop(key): row for row in rows.values(key).annotate(**measure.computes)}


def cells_by(dimension: str, tickets: TicketQuerySet, span: Span) -> dict[Any, Cell]:
    """Every measure by the key of a dimension, also those that have nothing to say of a key."""
    parts = {name: by_dimension(name, dimension, tickets, span) for name in MEASURES}
    keys = {key: None for part in parts.values() for key in part}
    return {key: {name: part.get(key) or empty(name) for name, part in parts.items()} for key in keys}


def cells_over(tickets: TicketQuerySet, span: Span, step: str) -> list[tuple[date, Cell]]:
    """Every measure for each ``step`` of ``span``, by its first day."""
    parts = {name: series(name, tickets, span, step) for name in MEASURES}
    return [(first, {name: part[place] for name, part in parts.items()}) for place, first in enumerate(span.cut(step))]


def promises_by_metric(tickets: TicketQuerySet, span: Span) -> list[tuple[str, str, Numbers]]:
    """Code, name and numbers of each promise that got a verdict, in the order in which they are made."""
    measure = MEASURES["promises"]
    rows = rows_of(measure, tickets, since=span.since, until=span.until)
    found = {row.pop("metric"): row for row in rows.values("metric").annotate(**measure.computes)}
    return [(code, str(label), found[code]) for code, label in MetricCode.choices if code in found]


def behind(name: str, tickets: TicketQuerySet, span: Span) -> QuerySet:
    """The rows behind a number of `BEHIND`, which are exactly as many as the number says."""
    figure = BEHIND[name]
    return rows_of(MEASURES[figure.measure], tickets, since=span.since, until=span.until).filter(figure.condition)


def empty(name: str) -> Numbers:
    """The figures of a measure where nothing happened."""
    return {key: 0 if compute.empty_result_set_value == 0 else None for key, compute in MEASURES[name].computes.items()}


def share(part: int | None, whole: int | None) -> float | None:
    """Per cent, None of nothing."""
    return 100 * (part or 0) / whole if whole else None


def compliance(numbers: Numbers) -> float | None:
    """Per cent of promises kept, of the numbers of «promises»."""
    return share(numbers["kept"], numbers["kept"] + numbers["missed"])
