"""`/api/v1/reports/summary/`: the dashboard's figures for programs."""

from typing import Any

from django.utils.translation import gettext
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.selectors import teams_overseen
from outbox import clock
from reports.selectors.backlog import backlog
from reports.selectors.figures import compliance, share, totals
from reports.selectors.measures import MEASURES, all_tickets
from reports.selectors.spans import PERIODS, last_days
from reports.views import zone_of
from sla.choices import Severity


class FiguresOut(serializers.Serializer):
    """Figures of one span. Durations in seconds, shares in per cent; null where nothing happened."""

    created = serializers.IntegerField()
    resolved = serializers.IntegerField()
    resolution_rate = serializers.FloatField(allow_null=True)
    first_response_median = serializers.FloatField(allow_null=True)
    first_response_p90 = serializers.FloatField(allow_null=True)
    resolution_time_median = serializers.FloatField(allow_null=True)
    resolution_time_p90 = serializers.FloatField(allow_null=True)
    promises_kept = serializers.IntegerField()
    promises_missed = serializers.IntegerField()
    compliance = serializers.FloatField(allow_null=True)
    first_contact_resolution = serializers.FloatField(allow_null=True)
    reopen_rate = serializers.FloatField(allow_null=True)
    satisfaction_resolution = serializers.FloatField(allow_null=True)
    satisfaction_speed = serializers.FloatField(allow_null=True)
    satisfaction_attitude = serializers.FloatField(allow_null=True)
    answers = serializers.IntegerField()
    truly_solved = serializers.FloatField(allow_null=True)


class BacklogOut(serializers.Serializer):
    total = serializers.IntegerField()
    escalated = serializers.IntegerField()
    unassigned = serializers.IntegerField()
    by_status = serializers.DictField(child=serializers.IntegerField())
    by_severity = serializers.DictField(child=serializers.IntegerField())
    by_age = serializers.DictField(child=serializers.IntegerField())


class SummaryOut(serializers.Serializer):
    since = serializers.DateTimeField()
    until = serializers.DateTimeField()
    days = serializers.IntegerField()
    current = FiguresOut()
    previous = FiguresOut()
    backlog = BacklogOut()


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
        asked = SummaryIn(data=request.query_params.dict(), context={"request": request})
        unknown = set(request.query_params) - set(asked.fields) - {"format"}
        if unknown:
            raise ValidationError({name: [gettext("There is no such parameter.")] for name in sorted(unknown)})
        asked.is_valid(raise_exception=True)
        given, now = asked.validated_data, clock.now()
        rows = all_tickets(request.user)
        if "team" in given:
            rows = rows.filter(team__code=given["team"])
        if "severity" in given:
            rows = rows.filter(severity=given["severity"])
        span = last_days(int(given["days"]), now=now, zone=zone_of(request.user))  # type: ignore[arg-type]
        pairs = {name: totals(name, rows, span) for name in MEASURES}
        answer = {
            "since": span.since,
            "until": span.until,
            "days": span.days,
            "current": _flat({name: pair[0] for name, pair in pairs.items()}),
            "previous": _flat({name: pair[1] for name, pair in pairs.items()}),
            "backlog": backlog(rows, now=now),
        }
        return Response(SummaryOut(answer).data)


def _flat(of: dict[str, dict[str, Any]]) -> dict[str, Any]:
    def seconds(name: str, key: str) -> float | None:
        return of[name][key].total_seconds() if of[name][key] is not None else None

    said = of["satisfaction"]
    return {
        "created": of["created"]["count"],
        "resolved": of["resolved"]["count"],
        "resolution_rate": share(of["created"]["resolved"], of["created"]["count"]),
        "first_response_median": seconds("answered", "median"),
        "first_response_p90": seconds("answered", "p90"),
        "resolution_time_median": seconds("resolved", "median"),
        "resolution_time_p90": seconds("resolved", "p90"),
        "promises_kept": of["promises"]["kept"],
        "promises_missed": of["promises"]["missed"],
        "compliance": compliance(of["promises"]),
        "first_contact_resolution": share(of["first_contact"]["at_once"], of["first_contact"]["count"]),
        "reopen_rate": share(of["reopened"]["reopened"], of["reopened"]["count"]),
        "satisfaction_resolution": said["resolution"],
        "satisfaction_speed": said["speed"],
        "satisfaction_attitude": said["attitude"],
        "answers": said["answers"],
        "truly_solved": share(said["solved"], said["answers"]),
    }
