"""`/api/v1/tickets/` and `/api/v1/escalations/`."""

from typing import Any

from django.db.models import Q, QuerySet
from django.utils.translation import get_language, gettext
from django_filters import rest_framework as filters
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import mixins, viewsets
from rest_framework.exceptions import Throttled, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.authentication import caller
from accounts.idempotency import HEADER, checked_key, keyed
from accounts.models import User
from accounts.services.people import find_or_create_requester
from outbox import clock
from outbox.crash import crash_point
from outbox.instants import InstantFilter
from sla.choices import Severity
from tickets import limits
from tickets.api import inputs
from tickets.api.bulk import BulkActions
from tickets.api.families import FamilyActions
from tickets.api.outputs import CreatedAnswer, CreatedOut, EscalationOut, IncidentOut, TicketOut
from tickets.api.teamwork import Teamwork
from tickets.choices import Channel, Status
from tickets.models import Escalation, Incident, Ticket
from tickets.services.intake import Submission, create_ticket
from tickets.services.links import mint_status_link


class TicketFilter(filters.FilterSet):
    status = filters.MultipleChoiceFilter(choices=Status.choices)
    severity = filters.MultipleChoiceFilter(choices=Severity.choices)
    team = filters.CharFilter(field_name="team__code")
    category = filters.CharFilter(field_name="category__code")
    module = filters.CharFilter(field_name="module__code")
    assignee = filters.NumberFilter(field_name="assignee_id")
    unassigned = filters.BooleanFilter(field_name="assignee", lookup_expr="isnull")
    created_after = InstantFilter(field_name="created_at", lookup_expr="gte")
    created_before = InstantFilter(field_name="created_at", lookup_expr="lt")
    updated_after = InstantFilter(field_name="updated_at", lookup_expr="gte")
    updated_before = InstantFilter(field_name="updated_at", lookup_expr="lt")
    channel = filters.MultipleChoiceFilter(choices=Channel.choices)
    requester = filters.CharFilter(field_name="requester__email", lookup_expr="iexact")
    organization = filters.NumberFilter(field_name="organization_id")
    tag = filters.CharFilter(field_name="tags__name", lookup_expr="iexact", distinct=True)
    breached = filters.BooleanFilter(field_name="breached_at", lookup_expr="isnull", exclude=True)

    class Meta:
        model = Ticket
        fields: list[str] = []


class TicketViewSet(mixins.ListModelMixin, BulkActions, FamilyActions, Teamwork, viewsets.GenericViewSet):
    """Tickets that the caller may see; what is not visible is not found."""

    queryset = Ticket.objects.none()
    serializer_class = TicketOut
    filterset_class = TicketFilter
    ordering_fields = ("id", "created_at", "updated_at")
    lookup_field = "number"
    lookup_value_regex = "T[0-9]{1,12}"
    required_scopes = {"GET": "tickets:read", "POST": "tickets:write"}

    def get_queryset(self) -> QuerySet[Ticket]:
        related = (
            "team",
            "assignee",
            "category",
            "module",
            "version",
            "requester",
            "organization",
            "merged_into",
            "parent",
        )
        rows = Ticket.objects.visible_to(caller(self.request)).select_related(*related)
        return rows.prefetch_related("tags")

    def retrieve(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return self._shown(self.get_object())

    @extend_schema(
        request=inputs.SubmissionIn,
        responses={201: CreatedAnswer},
        parameters=[OpenApiParameter(HEADER, str, OpenApiParameter.HEADER, required=False)],
    )
    def create(self, request: Request) -> Response:
        """Submit a problem. With an `Idempotency-Key` the same request gets the same ticket and the same answer."""
        response = self._created(request)
        crash_point("intake-after-commit")
        ticket = Ticket.objects.select_related("requester").get(number=response.data["number"])
        key = checked_key(request)
        seed = f"key:{caller(request).pk}:{key}" if key else f"ticket:{ticket.number}"
        # The link opens the ticket, so it is not in the answer that is kept: it is derived anew for each replay.
        link = mint_status_link(ticket=ticket, user=ticket.requester, now=clock.now(), seed=seed)
        return Response({**response.data, "status_url": link}, status=response.status_code)

    @keyed
    def _created(self, request: Request) -> Response:
        serializer = inputs.SubmissionIn(data=request.data)
        serializer.is_valid(raise_exception=True)
        ticket = self._submit(serializer.validated_data)
        return Response(CreatedOut(ticket, context=self.get_serializer_context()).data, status=201)

    def _submit(self, data: dict[str, Any]) -> Ticket:
        user, now = caller(self.request), clock.now()
        if user.is_customer and not limits.may_submit(user, now=now):
            raise Throttled(limits.seconds_to_wait(now))
        submission = Submission(
            subject=data["subject"],
            description=data["description"],
            requester=self._requester(user, data["requester"]),
            channel=Channel.API,
            impact=data["impact"],
            urgency=data["urgency"],
            data_loss=data["data_loss"],
            category=data["category"],
            module=data["module"],
            version=data["version"],
            remarks=data["remarks"],
            affected=data["affected"],
            trigger=data["trigger"],
            custom=data["custom"],
            began_at=data["started_at"],
        )
        return create_ticket(submission=submission, actor=user)

    def _requester(self, user: User, said: dict[str, str]) -> User:
        """Colleagues submit for anybody; a customer's token submits for that customer alone."""
        if user.is_customer:
            if said["email"].strip().lower() != user.email.lower():
                raise ValidationError({"requester": {"email": [gettext("You can submit for yourself only.")]}})
            return user
        language = get_language() or ""
        return find_or_create_requester(email=said["email"], name=said["name"], language=language, now=clock.now())


class EscalationFilter(filters.FilterSet):
    open = filters.BooleanFilter(field_name="acknowledged_at", lookup_expr="isnull")
    severity = filters.ChoiceFilter(choices=Severity.choices)

    class Meta:
        model = Escalation
        fields: list[str] = []


class EscalationViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, viewsets.GenericViewSet):
    """Missed promises, for those who handle escalations."""

    queryset = Escalation.objects.none()
    serializer_class = EscalationOut
    filterset_class = EscalationFilter
    required_scopes = {"GET": "tickets:read"}

    def get_queryset(self) -> QuerySet[Escalation]:
        user = caller(self.request)
        if not user.may("escalation.handle"):
            return Escalation.objects.none()
        seen = Q(ticket__in=Ticket.objects.workable_by(user))
        return Escalation.objects.filter(seen).select_related("ticket", "team")


class IncidentFilter(filters.FilterSet):
    open = filters.BooleanFilter(field_name="ended_at", lookup_expr="isnull")
    module = filters.CharFilter(field_name="modules__code", distinct=True)

    class Meta:
        model = Incident
        fields: list[str] = []


class IncidentViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, viewsets.GenericViewSet):
    """Known incidents with their news; customers read the same."""

    queryset = Incident.objects.prefetch_related("modules", "news")
    serializer_class = IncidentOut
    filterset_class = IncidentFilter
    required_scopes = {"GET": "tickets:read"}
