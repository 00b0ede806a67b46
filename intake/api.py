"""`/api/v1/mails/`: mails that came in, for colleagues who decide about them."""

from collections.abc import Callable
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, serializers, viewsets
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.authentication import caller
from intake.mail import deciding
from intake.models import InboundMail
from intake.querysets import SORT


class MailOut(serializers.ModelSerializer):
    """A mail as it stands; its bytes are saved from its page."""

    mailbox = serializers.CharField(source="mailbox.address", allow_null=True, default=None)
    ticket = serializers.CharField(source="ticket.number", allow_null=True, default=None)
    message = serializers.IntegerField(source="became_id", allow_null=True, read_only=True)
    decided_by = serializers.CharField(source="decided_by.name", allow_null=True, default=None)

    class Meta:
        model = InboundMail
        fields = [
            "id",
            "mailbox",
            "message_id",
            "state",
            "reason",
            "detail",
            "sender",
            "sender_name",
            "subject",
            "size",
            "is_whole",
            "is_automatic",
            "attempts",
            "received_at",
            "processed_at",
            "decided_by",
            "ticket",
            "message",
        ]


class ApproveIn(serializers.Serializer):
    takes_part = serializers.BooleanField(default=False, help_text="Whether further mails of the sender come in too.")


class DiscardIn(serializers.Serializer):
    words = serializers.CharField(max_length=500, help_text="Why it is set aside.")


class MailFilter(filters.FilterSet):
    state = filters.MultipleChoiceFilter(choices=InboundMail.State.choices)
    reason = filters.MultipleChoiceFilter(choices=InboundMail.Reason.choices)
    mailbox = filters.CharFilter(field_name="mailbox__address", lookup_expr="iexact")
    ticket = filters.CharFilter(field_name="ticket__number")
    received_after = filters.IsoDateTimeFilter(field_name="received_at", lookup_expr="gte")
    received_before = filters.IsoDateTimeFilter(field_name="received_at", lookup_expr="lt")

    class Meta:
        model = InboundMail
        fields: list[str] = []


def _post(name: str, body: type[serializers.Serializer] | None = None) -> Any:
    """A POST action whose answer is the mail as it stands then."""

    def decorate(function: Any) -> Any:
        described = extend_schema(request=body, responses=MailOut, operation_id=f"mails_{name}")
        return action(detail=True, methods=["post"], url_path=name)(described(function))

    return decorate


class InboundMailViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, viewsets.GenericViewSet):
    """Mails that the caller may see: of tickets that they work on, and of the mailboxes that they sort."""

    queryset = InboundMail.objects.none()
    serializer_class = MailOut
    filterset_class = MailFilter
    required_scopes = {"GET": "tickets:read", "POST": "tickets:write"}

    def get_queryset(self) -> QuerySet[InboundMail]:
        return InboundMail.objects.visible_to(caller(self.request)).select_related("mailbox", "ticket", "decided_by")

    @_post("retry")
    def retry(self, request: Request, pk: str) -> Response:
        """Make a message or a ticket of it all the same."""
        if not caller(request).may(SORT):
            self.get_object()
            raise PermissionDenied
        return self._decide(deciding.retry)

    @_post("approve", ApproveIn)
    def approve(self, request: Request, pk: str) -> Response:
        """Let a held mail into its ticket."""
        return self._decide(deciding.approve, **self._read(ApproveIn))

    @_post("reject")
    def reject(self, request: Request, pk: str) -> Response:
        """Make a ticket of its own of a held mail."""
        return self._decide(deciding.reject)

    @_post("discard", DiscardIn)
    def discard(self, request: Request, pk: str) -> Response:
        """Set it aside, with a reason."""
        return self._decide(deciding.discard, **self._read(DiscardIn))

    def _read(self, serializer_class: type[serializers.Serializer]) -> dict[str, Any]:
        self._demand_right()
        serializer = serializer_class(data=self.request.data)
        serializer.is_valid(raise_exception=True)
        return serializer.validated_data

    def _demand_right(self) -> InboundMail:
        mail = self.get_object()
        if not InboundMail.objects.decidable_by(caller(self.request)).filter(pk=mail.pk).exists():
            raise PermissionDenied
        return mail

    def _decide(self, service: Callable[..., InboundMail], **given: Any) -> Response:
        mail = service(mail=self._demand_right(), actor=caller(self.request), **given)
        rows = InboundMail.objects.select_related("mailbox", "ticket", "decided_by")  # it may be out of sight now
        return Response(MailOut(rows.get(pk=mail.pk)).data)
