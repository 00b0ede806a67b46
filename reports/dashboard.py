"""The dashboard's pieces from the figures: tiles with their trend, points of the charts, the table by dimension."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from urllib.parse import urlencode

from django.urls import reverse
from django.utils import formats
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from reports.forms import FiguresFilter
from reports.selectors.figures import Cell, cells_by, compliance, promises_by_metric, series, share, totals
from reports.selectors.measures import MEASURES
from reports.selectors.spans import Span
from reports.templatetags.figures import duration
from tickets.querysets import TicketQuerySet

SCORES: dict[str, str | Promise] = {
    "resolution": gettext_lazy("Degree of resolution"),
    "speed": gettext_lazy("Speed"),
    "attitude": gettext_lazy("Attitude"),
}


@dataclass(frozen=True)
class Tile:
    """One number: ``kind`` tells the template how to write it (span of time, share in per cent)."""

    label: str
    kind: str
    value: Any
    before: Any
    note: str
    href: str
    less_is_better: bool = False

    @property
    def change(self) -> float | None:
        """Against the span before: per cent of a duration, points of a share; None without a comparison."""
        if self.value is None or self.before is None:
            return None
        if self.kind == "share":
            return self.value - self.before
        before = self.before.total_seconds()
        return 100 * (self.value.total_seconds() - before) / before if before else None

    @property
    def trend(self) -> str:
        """The change as it is shown, an arrow and a figure; nothing when it would read 0."""
        change = self.change
        if change is None or abs(change) < 0.5:
            return ""
        arrow = "↑" if change > 0 else "↓"
        if self.kind == "share":
            points = round(abs(change))
            words = ngettext("%(arrow)s %(figure)d point", "%(arrow)s %(figure)d points", points)
            return words % {"arrow": arrow, "figure": points}
        return _("%(arrow)s %(figure).0f %%") % {"arrow": arrow, "figure": abs(change)}

    @property
    def good(self) -> bool | None:
        return None if not self.trend else (self.change < 0) == self.less_is_better  # type: ignore[operator]


class Dashboard:
    """Everything the page shows about one span, of tickets that are already narrowed to what the reader sees."""

    def __init__(self, tickets: TicketQuerySet, span: Span, form: FiguresFilter) -> None:
        self.tickets, self.span, self.form = tickets, span, form
        self.totals = {name: totals(name, tickets, span) for name in MEASURES}

    def href(self, figure: str, **more: str) -> str:
        """The list behind a figure, with the same filters."""
        asked = {"figure": figure, "days": self.span.days, **self.form.conditions, **more}
        return f"{reverse('reports:tickets')}?{urlencode(asked)}"

    def tiles(self) -> list[Tile]:
        """The figures at the head of the page, now and in the span before."""
        return [
            self._wait(_("First response, median"), "answered"),
            self._compliance(),
            self._wait(_("Resolution time, median"), "resolved"),
            # Older tickets had more time: a comparison would always look like a fall.
            self._share(_("New tickets resolved"), "created", "resolved", "created-open", comparable=False),
            self._share(_("Resolved at first contact"), "first_contact", "at_once", "first-contact"),
            self._share(_("Reopened"), "reopened", "reopened", "reopened", less_is_better=True),
            self._share(_("Truly solved, customers say"), "satisfaction", "solved", "answers", whole="answers"),
        ]

    def _wait(self, label: str, name: str) -> Tile:
        now, before = self.totals[name]
        detail = _ninety(now["p90"])
        return Tile(label, "span", now["median"], before["median"], detail, self.href(name), less_is_better=True)

    def _compliance(self) -> Tile:
        now, before = self.totals["promises"]
        detail = _of(now["kept"], now["kept"] + now["missed"])
        return Tile(_("Deadlines kept"), "share", compliance(now), compliance(before), detail, self.href("missed"))

    def _share(
        self,
        label: str,
        name: str,
        part: str,
        figure: str,
        *,
        whole: str = "count",
        comparable: bool = True,
        less_is_better: bool = False,
    ) -> Tile:
        now, before = self.totals[name]
        return Tile(
            label,
            "share",
            share(now[part], now[whole]),
            share(before[part], before[whole]) if comparable else None,
            _of(now[part], now[whole]),
            self.href(figure),
            less_is_better=less_is_better,
        )

    def scores(self) -> list[dict[str, Any]]:
        """The three averages of satisfaction, now and before."""
        now, before = self.totals["satisfaction"]
        return [{"label": label, "value": now[name], "before": before[name]} for name, label in SCORES.items()]

    def charts(self) -> dict[str, Any]:
        """The points of the charts over time."""
        cut = {name: series(name, self.tickets, self.span) for name in ("created", "resolved", "answered", "promises")}
        names = [_short(step) for step in self.span.steps]
        waits = [point["median"] for point in cut["answered"]]
        in_hours = max([wait for wait in waits if wait], default=timedelta()) > timedelta(hours=3)
        unit = 3600 if in_hours else 60
        flow = zip(names, cut["created"], cut["resolved"], strict=True)
        return {
            "names": names,
            "waits": [(_("median"), [None if wait is None else wait.total_seconds() / unit for wait in waits])],
            "wait_unit": _(" h") if in_hours else _(" min"),
            "wait_note": _("median, in hours") if in_hours else _("median, in minutes"),
            "has_waits": any(waits),
            "kept": [(_("kept"), [compliance(point) for point in cut["promises"]])],
            "has_verdicts": any(compliance(point) is not None for point in cut["promises"]),
            "flow": [(name, [created["count"], resolved["count"]]) for name, created, resolved in flow],
            "flow_series": [(_("new"), "2"), (_("resolved"), "1")],
        }

    def by_metric(self) -> list[dict[str, Any]]:
        """Compliance promise by promise, in the order in which they are made."""
        return [
            {
                "label": label,
                "kept": numbers["kept"],
                "missed": numbers["missed"],
                "share": compliance(numbers),
                "href": self.href("missed", metric=code),
            }
            for code, label, numbers in promises_by_metric(self.tickets, self.span)
        ]

    def groups(self, dimension: str) -> list[dict[str, Any]]:
        """Every measure by a dimension, the most tickets first."""
        cells = cells_by(dimension, self.tickets, self.span)
        rows = [self._group(dimension, key, cell) for key, cell in cells.items()]
        return sorted(rows, key=lambda row: (-row["created"], str(row["label"])))

    def _group(self, dimension: str, key: Any, cell: Cell) -> dict[str, Any]:
        narrowed = {dimension: "none" if key is None else str(key)}
        said = cell["satisfaction"]
        return {
            "key": key,
            "label": self.form.label_of(dimension, key),
            "created": cell["created"]["count"],
            "resolved": cell["resolved"]["count"],
            "resolution_rate": share(cell["created"]["resolved"], cell["created"]["count"]),
            "first_response": cell["answered"]["median"],
            "first_response_p90": cell["answered"]["p90"],
            "resolution_time": cell["resolved"]["median"],
            "resolution_time_p90": cell["resolved"]["p90"],
            "kept": cell["promises"]["kept"],
            "missed": cell["promises"]["missed"],
            "compliance": compliance(cell["promises"]),
            "first_contact": share(cell["first_contact"]["at_once"], cell["first_contact"]["count"]),
            "reopened": share(cell["reopened"]["reopened"], cell["reopened"]["count"]),
            "answers": said["answers"],
            "solved": share(said["solved"], said["answers"]),
            **{f"{name}_score": said[name] for name in SCORES},
            "href": {name: self.href(name, **narrowed) for name in ("created", "resolved", "answered", "missed")},
        }


def _of(part: int, whole: int) -> str:
    return _("%(part)d of %(whole)d") % {"part": part, "whole": whole}


def _ninety(value: timedelta | None) -> str:
    return _("9 of 10 within %(span)s") % {"span": duration(value)} if value is not None else ""


def _short(step: date) -> str:
    return formats.date_format(step, "n/j")
