"""Where monitoring systems send their alerts: `POST /api/v1/alerts/CODE/`."""

from datetime import datetime
from typing import Any

from django.http import HttpRequest
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiResponse, extend_schema, inline_serializer
from rest_framework import serializers, status
from rest_framework.exceptions import APIException, Throttled
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from intake.alerts.models import AlertSource
from intake.alerts.receiving import MOST_BYTES, keep, may_post
from intake.alerts.sources import is_proven
from outbox import clock, limits

#: Without a valid key; whoever guesses is slowed down long before 2²⁵⁶ tries.
GUESSES_A_MINUTE = 60


class TooLarge(APIException):
    status_code = status.HTTP_413_REQUEST_ENTITY_TOO_LARGE
    default_code = "too_large"


_KEPT = inline_serializer("AlertsKept", {"id": serializers.IntegerField()})


class Proven(BasePermission):
    """The source of the address proved that the message is its own; it and the bytes are kept at the view."""

    def has_permission(self, request: Request, view: Any) -> bool:
        now = clock.now()
        view.body = _body(request._request)
        view.source = AlertSource.objects.filter(code=view.kwargs["code"]).first()
        if is_proven(source=view.source, headers=request.headers, body=view.body, now=now):
            return True
        _slow_down(request._request, now)
        return False


class AlertDoor(APIView):
    """A source proves itself by its own key; sessions and tokens of people open nothing here."""

    authentication_classes: list = []
    permission_classes = [Proven]
    throttle_classes: list = []
    source: AlertSource
    body: bytes

    @extend_schema(
        operation_id="alerts_receive",
        summary="Alerts of a monitoring source",
        description=(
            "The webhook of Alertmanager (version 4), Grafana, Zabbix's script or any JSON that a mapping was drawn "
            "for. The source's own key goes into `Authorization: Bearer`, or its HMAC-SHA256 over the body into "
            "`X-Grafana-Alerting-Signature` or `X-Hub-Signature-256`. What arrives is kept first (202) and taken in a "
            "moment later."
        ),
        request={"application/json": OpenApiTypes.OBJECT},
        responses={202: _KEPT, 413: OpenApiResponse(description="The message is larger than 1 MB.")},
        auth=[],
    )
    def post(self, request: Request, code: str) -> Response:
        """Keep one message."""
        now = clock.now()
        if not may_post(source=self.source, now=now):
            raise Throttled(limits.seconds_left(now, 60))
        return Response({"id": keep(source=self.source, body=self.body, now=now).pk}, status=status.HTTP_202_ACCEPTED)


def _body(request: HttpRequest) -> bytes:
    """The bytes as they came, which is what a signature is of; a large body is refused before it is read."""
    length = request.META.get("CONTENT_LENGTH") or "0"
    if not length.isdecimal() or int(length) > MOST_BYTES:
        raise TooLarge
    return request.body


def _slow_down(request: HttpRequest, now: datetime) -> None:
    key = f"alerts:guess:{limits.network_mark(request)}"
    if not limits.allow(key, limit=GUESSES_A_MINUTE, seconds=60, now=now):
        raise Throttled(limits.seconds_left(now, 60))
