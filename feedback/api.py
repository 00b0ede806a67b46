"""`/api/v1/surveys/`: what was asked and answered, for programs."""

from django.db.models import QuerySet
from django_filters import rest_framework as filters
from rest_framework import serializers, viewsets
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from accounts.authentication import effective_scopes
from feedback.models import Survey
from feedback.selectors import surveys_of
from outbox.instants import InstantFilter

_SCOPES = frozenset({"reports:read", "tickets:read"})


class ReadsSurveys(BasePermission):
    """Either scope is good for surveys: they are figures, and they belong to tickets."""

    def has_permission(self, request: Request, view: object) -> bool:
        user = request.user
        signed_in = bool(user and user.is_authenticated and user.is_active)
        return signed_in and (request.method == "OPTIONS" or bool(effective_scopes(request) & _SCOPES))


class SurveyOut(serializers.ModelSerializer):
    ticket = serializers.CharField(source="ticket.number")
    logged_by = serializers.CharField(source="logged_by.name", allow_null=True, default=None)

    class Meta:
        model = Survey
        fields = [
            "id",
            "ticket",
            "cycle",
            "created_at",
            "answered_at",
            "via",
            "logged_by",
            "resolution_score",
            "speed_score",
            "attitude_score",
            "is_solved",
            "suggestion",
            "hidden_need",
        ]


class SurveyFilter(filters.FilterSet):
    ticket = filters.CharFilter(field_name="ticket__number")
    answered = filters.BooleanFilter(field_name="answered_at", lookup_expr="isnull", exclude=True)
    solved = filters.BooleanFilter(field_name="is_solved")
    answered_after = InstantFilter(field_name="answered_at", lookup_expr="gte")
    answered_before = InstantFilter(field_name="answered_at", lookup_expr="lt")

    class Meta:
        model = Survey
        fields: list[str] = []


class SurveyViewSet(viewsets.ReadOnlyModelViewSet):
    """Surveys of tickets that the caller sees from the inside."""

    queryset = Survey.objects.none()
    serializer_class = SurveyOut
    filterset_class = SurveyFilter
    permission_classes = [ReadsSurveys]
    # The access matrix reads this; `ReadsSurveys` takes the other scope as well.
    required_scopes = {"GET": "reports:read"}

    def get_queryset(self) -> QuerySet[Survey]:
        rows = surveys_of(user=self.request.user)  # type: ignore[arg-type]
        return rows.select_related("ticket", "logged_by")
