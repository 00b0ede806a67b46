"""The dashboard's figures for programs: of a period, told apart, over time, and the tickets behind them."""

from typing import Any

from django.http.response import HttpResponseBase
from django.utils.translation import gettext
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.urls import replace_query_param
from rest_framework.views import APIView

from accounts.authentication import caller
from accounts.selectors import teams_overseen
from outbox import clock
from reports.api.asking import (
    SPAN_PARAMETERS,
    TICKETS_PARAMETERS,
    Asked,
    CsvRenderer,
    GroupsIn,
    SeriesIn,
    TicketsIn,
    checked,
)
from reports.api.outputs import FiguresOut, GroupsOut, RowsOut, SeriesOut, SummaryOut, figures
from reports.exports import MOST_ROWS, csv_answer, ticket_table
from reports.lists import listing
from reports.selectors.backlog import backlog, capacity_by, open_by
from reports.selectors.figures import cells_by, cells_over, compliance, empty, promises_by_metric, totals
from reports.selectors.measures import DIMENSIONS, MEASURES, all_tickets
from reports.selectors.spans import PERIODS, STEPS, Span, last_days
from reports.views import zone_of
from sla.choices import Severity

_CSV = {(200, "text/csv"): OpenApiTypes.STR}
_COLUMNS = tuple(FiguresOut().fields)
_NOTHING_OPEN = {"open": 0, "escalated": 0, "unassigned": 0}


class SummaryIn(serializers.Serializer):
    days = serializers.ChoiceField(PERIODS, default=30)
    team = serializers.CharField(required=False)
    severity = serializers.ChoiceField(Severity.choices, required=False)

    def validate_team(self, code: str) -> str:
        if not teams_overseen(user=self.context["request"].user).filter(code=code).exists():
            raise serializers.ValidationError(gettext("There is no such team."))
        return code


class Summary(APIView):
    """The figures of a period and of the one before, and the backlog, of tickets that the caller sees."""

    required_scopes = {"GET": "reports:read"}

    @extend_schema(
        parameters=[
            OpenApiParameter("days", int, enum=list(PERIODS), default=30),
            OpenApiParameter("team", str, description="A team's code."),
            OpenApiParameter("severity", str, enum=Severity.values),
        ],
        responses=SummaryOut,
    )
    def get(self, request: Request) -> Response:
        given, now = checked(request, SummaryIn), clock.now()
        rows = all_tickets(request.user)
        if "team" in given:
            rows = rows.filter(team__code=given["team"])
        if "severity" in given:
            rows = rows.filter(severity=given["severity"])
        span = last_days(int(given["days"]), now=now, zone=zone_of(caller(request)))
        pairs = {name: totals(name, rows, span) for name in MEASURES}
        promises = promises_by_metric(rows, span)
        answer = {
            **_said(span),
            "current": figures({name: pair[0] for name, pair in pairs.items()}),
            "previous": figures({name: pair[1] for name, pair in pairs.items()}),
            "promises": [{"metric": code, **found, "compliance": compliance(found)} for code, _name, found in promises],
            "backlog": backlog(rows, now=now),
        }
        return Response(SummaryOut(answer).data)


class _WithFile(APIView):
    required_scopes = {"GET": "reports:read"}
    renderer_classes = [*APIView.renderer_classes, CsvRenderer]

    def wants_file(self) -> bool:
        return self.request.accepted_renderer.format == CsvRenderer.format


class Groups(_WithFile):
    """Every figure by team, person, module, severity or organization, the most tickets first, and what is open now."""

    @extend_schema(
        parameters=[OpenApiParameter("by", str, enum=sorted(DIMENSIONS), default="team"), *SPAN_PARAMETERS],
        responses={(200, "application/json"): GroupsOut, **_CSV},
    )
    def get(self, request: Request) -> HttpResponseBase:
        asked = Asked(request, GroupsIn)
        by = asked.given["by"]
        rows = _groups(asked, by)
        if self.wants_file():
            columns = ("key", "name", *_COLUMNS, *_NOTHING_OPEN, "capacity")
            return csv_answer(_table(columns, rows), name=f"figures-{by}")
        return Response(GroupsOut({**_said(asked.span), "by": by, "results": rows}).data)


class Series(_WithFile):
    """Every figure by day, week or month, in order, also where nothing happened."""

    @extend_schema(
        parameters=[OpenApiParameter("step", str, enum=list(STEPS), default="day"), *SPAN_PARAMETERS],
        responses={(200, "application/json"): SeriesOut, **_CSV},
    )
    def get(self, request: Request) -> HttpResponseBase:
        asked = Asked(request, SeriesIn)
        step = asked.given["step"]
        rows = [{"first_day": first, **figures(cell)} for first, cell in cells_over(asked.tickets, asked.span, step)]
        if self.wants_file():
            return csv_answer(_table(("first_day", *_COLUMNS), rows), name=f"figures-by-{step}")
        return Response(SeriesOut({**_said(asked.span), "step": step, "results": rows}).data)


class Tickets(_WithFile):
    """The rows behind one figure, newest first, page by page; as a file all of them, up to 20,000."""

    @extend_schema(
        parameters=TICKETS_PARAMETERS,
        responses={(200, "application/json"): RowsOut, **_CSV},
        operation_id="reports_tickets",
    )
    def get(self, request: Request) -> HttpResponseBase:
        asked = Asked(request, TicketsIn)
        name, narrow = asked.given["figure"], {key: asked.form.cleaned_data[key] for key in ("metric", "status", "age")}
        found = listing(name, asked.tickets, asked.span, now=asked.now, narrow=narrow)
        if self.wants_file():
            if asked.given["cursor"]:
                raise ValidationError({"cursor": [gettext("A file has no pages.")]})
            return csv_answer(ticket_table(found.all(MOST_ROWS), zone_of(asked.user)), name=f"tickets-{name}")
        try:
            lines, after = found.page(asked.given["cursor"], asked.given["page_size"])
        except ValueError as error:
            raise ValidationError({"cursor": [gettext("This cursor is not readable.")]}) from error
        more = replace_query_param(request.build_absolute_uri(), "cursor", after) if after else None
        return Response(RowsOut({"count": found.count(), "next": more, "results": lines}).data)


def _groups(asked: Asked, by: str) -> list[dict[str, Any]]:
    """Also those who did nothing in the span and have something open."""
    cells = cells_by(by, asked.tickets, asked.span)
    waiting, capacity = open_by(by, asked.tickets), capacity_by(by, now=asked.now)
    names, keys = asked.names(by), asked.keys(by)
    nothing = {name: empty(name) for name in MEASURES}
    rows = []
    for key in {**cells, **waiting}:
        word = "none" if key is None else str(key)
        rows.append(
            {
                "key": None if key is None else keys.get(word, word),
                "name": names.get(word, f"#{word}"),
                **figures(cells.get(key, nothing)),
                **waiting.get(key, _NOTHING_OPEN),
                "capacity": capacity.get(key, 0) if key is not None and by in ("team", "person") else None,
            }
        )
    return sorted(rows, key=lambda row: (-row["created"], row["name"]))


def _said(span: Span) -> dict[str, Any]:
    return {"since": span.since, "until": span.until, "days": span.days}


def _table(columns: tuple[str, ...], rows: list[dict[str, Any]]) -> list[list[Any]]:
    return [list(columns), *([row[name] for name in columns] for row in rows)]
