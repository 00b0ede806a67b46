"""The dashboard, the tickets behind its figures, and both as CSV."""

import zoneinfo
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET

from accounts.access import SignedInRequest, requires
from accounts.models import User
from outbox import clock
from reports.dashboard import Dashboard
from reports.exports import MOST_ROWS, csv_answer, ticket_table
from reports.forms import FiguresFilter, ListFilter
from reports.lists import TITLES, Listing, listing
from reports.selectors.backlog import AGES, backlog, load
from reports.selectors.measures import DIMENSIONS, all_tickets, tickets_in
from reports.selectors.spans import last_days
from tickets.choices import Status

_MAIN = ("days", "team", "severity")
_MORE = ("person", "module", "organization")
BY = {
    "team": gettext_lazy("Team"),
    "person": gettext_lazy("Person"),
    "module": gettext_lazy("Product module"),
    "severity": gettext_lazy("Severity"),
    "organization": gettext_lazy("Organization"),
}
#: Columns of the exported figures: the key in `Dashboard.groups`, which is also the head, stable for programs.
COLUMNS = (
    "created",
    "resolved",
    "resolution_rate",
    "first_response",
    "first_response_p90",
    "resolution_time",
    "resolution_time_p90",
    "kept",
    "missed",
    "compliance",
    "first_contact",
    "reopened",
    "answers",
    "solved",
    "resolution_score",
    "speed_score",
    "attitude_score",
)


def zone_of(user: User) -> zoneinfo.ZoneInfo:
    """Where the days of this person begin."""
    try:
        return zoneinfo.ZoneInfo(user.time_zone or settings.TIME_ZONE)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError):
        return zoneinfo.ZoneInfo(settings.TIME_ZONE)


def _asked(request: HttpRequest, form: FiguresFilter, now: datetime) -> Dashboard:
    user: Any = request.user
    span = last_days(form.cleaned_data["days"], now=now, zone=zone_of(user))
    return Dashboard(tickets_in(all_tickets(user), form.conditions), span, form)


@require_GET
@requires("report.view")
def dashboard(request: SignedInRequest) -> HttpResponse:
    """Tiles, charts, the table by dimension, and the backlog as it stands."""
    now = clock.now()
    form = FiguresFilter(request.GET, user=request.user)
    by = request.GET.get("by", "team")
    context: dict[str, Any] = {
        "filter": form,
        "main_filters": [form[name] for name in _MAIN],
        "more_filters": [form[name] for name in _MORE],
        "wrong": not form.is_valid() or by not in DIMENSIONS,
    }
    if context["wrong"]:
        return render(request, "reports/dashboard.html", context, status=400)
    board = _asked(request, form, now)
    context |= {
        "board": board,
        "narrowed": bool(form.conditions),
        "tiles": board.tiles(),
        "charts": board.charts(),
        "metrics": board.by_metric(),
        "groups": board.groups(by),
        "severities": _severities(board),
        "by": by,
        "by_label": BY[by],
        "tabs": _tabs(request, by),
        "backlog": _backlog(board, now),
        "load": load(board.tickets, user=request.user, now=now),
        "query": _query(request),
    }
    return render(request, "reports/dashboard.html", context)


def _severities(board: Dashboard) -> list[tuple[str, int, str]]:
    rows = {row["key"]: row for row in board.groups("severity")}
    names = dict(board.form.fields["severity"].choices)  # type: ignore[attr-defined]
    return [(str(names[code]), rows[code]["created"] if code in rows else 0, code) for code in "SAB"]


def _tabs(request: HttpRequest, by: str) -> list[dict[str, Any]]:
    tabs = []
    for name, label in BY.items():
        query = request.GET.copy()
        query["by"] = name
        tabs.append({"label": label, "href": f"?{query.urlencode()}#by", "current": name == by, "count": None})
    return tabs


def _backlog(board: Dashboard, now: datetime) -> dict[str, Any]:
    figures = backlog(board.tickets, now=now)
    return {
        "figures": figures,
        "href": board.href("open"),
        "ages": [(label, figures.by_age[code], board.href("open", age=code)) for code, label, _oldest in AGES],
        "statuses": [
            (Status(code).label, count, board.href("open", status=code)) for code, count in figures.by_status.items()
        ],
        "severities": [(code, count, board.href("open", severity=code)) for code, count in figures.by_severity.items()],
    }


def _query(request: HttpRequest) -> str:
    kept = request.GET.copy()
    kept.pop("after", None)
    return kept.urlencode()


def _listing(request: SignedInRequest) -> tuple[str, ListFilter, Listing]:
    """What the address asks to list.

    Raises:
        Http404: when it asks for a figure or a choice that does not exist.
    """
    name = request.GET.get("figure", "")
    form = ListFilter(request.GET, user=request.user)
    if name not in TITLES or not form.is_valid():
        raise Http404
    now = clock.now()
    board = _asked(request, form, now)
    narrow = {key: form.cleaned_data[key] for key in ("metric", "status", "age")}
    return name, form, listing(name, board.tickets, board.span, now=now, narrow=narrow)


@require_GET
@requires("report.view")
def tickets(request: SignedInRequest) -> HttpResponse:
    """The rows behind one figure, as many as it says."""
    name, form, found = _listing(request)
    try:
        lines, after = found.page(request.GET.get("after", ""))
    except ValueError as error:
        raise Http404 from error
    back = {key: value for key, value in request.GET.items() if key in {"days", *DIMENSIONS} and value}
    context = {
        "title": TITLES[name],
        "is_open": name == "open",
        "days": form.cleaned_data["days"],
        "tags": _tags(form),
        "count": found.count(),
        "lines": lines,
        "took": any(line.took is not None for line in lines),
        "said": any(line.text for line in lines),
        "after": after,
        "is_first": not request.GET.get("after"),
        "query": _query(request),
        "back": urlencode(back),
    }
    return render(request, "reports/tickets.html", context)


def _tags(form: ListFilter) -> list[str]:
    """What narrows the list, in words."""
    names = (*DIMENSIONS, "metric", "status", "age")
    return [form.label_of(name, form.cleaned_data[name]) for name in names if form.cleaned_data.get(name)]


@require_GET
@requires("report.view")
def export(request: SignedInRequest) -> HttpResponseBase:
    """With `figure` the tickets behind it, else the figures by dimension; durations in seconds, shares in per cent."""
    if request.GET.get("figure"):
        name, _form, found = _listing(request)
        return csv_answer(ticket_table(found.all(MOST_ROWS), zone_of(request.user)), name=f"tickets-{name}")
    form = FiguresFilter(request.GET, user=request.user)
    by = request.GET.get("by", "team")
    if not form.is_valid() or by not in DIMENSIONS:
        raise Http404
    rows = _asked(request, form, clock.now()).groups(by)
    table = [[by, *COLUMNS], *([row["label"], *(row[name] for name in COLUMNS)] for row in rows)]
    return csv_answer(table, name=f"figures-{by}-{form.cleaned_data['days']}-days")
