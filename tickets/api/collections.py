"""`/api/v1/messages/`, `/attachments/` and `/clocks/`: what belongs to tickets, over all tickets that one may see."""

from typing import Any

from django.db.models import QuerySet
from django.http import FileResponse
from django_filters import rest_framework as filters
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import mixins, viewsets
from rest_framework.decorators import action
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request

from accounts.authentication import caller
from outbox.instants import InstantFilter
from sla.choices import ClockState, MetricCode
from sla.models import Clock
from tickets.api.outputs import AttachmentRowOut, ClockRowOut, MessageRowOut
from tickets.choices import Channel, MessageKind
from tickets.models import Attachment, Message
from tickets.selectors.parts import attachments_visible_to, clocks_visible_to, messages_visible_to
from tickets.views.attachments import serve


class _ReadOnly(mixins.ListModelMixin, mixins.RetrieveModelMixin, viewsets.GenericViewSet):
    required_scopes = {"GET": "tickets:read"}


class MessageFilter(filters.FilterSet):
    ticket = filters.CharFilter(field_name="ticket__number")
    kind = filters.MultipleChoiceFilter(choices=MessageKind.choices)
    channel = filters.MultipleChoiceFilter(choices=Channel.choices)
    author = filters.NumberFilter(field_name="author_id")
    created_after = InstantFilter(field_name="created_at", lookup_expr="gte")
    created_before = InstantFilter(field_name="created_at", lookup_expr="lt")

    class Meta:
        model = Message
        fields: list[str] = []


class MessageViewSet(_ReadOnly):
    """Messages of the tickets that the caller may see, the newest first; notes for colleagues."""

    queryset = Message.objects.none()
    serializer_class = MessageRowOut
    filterset_class = MessageFilter
    ordering_fields = ("id",)

    def get_queryset(self) -> QuerySet[Message]:
        rows = messages_visible_to(caller(self.request))
        return rows.select_related("ticket", "author").prefetch_related("attachments")


class AttachmentFilter(filters.FilterSet):
    ticket = filters.CharFilter(field_name="message__ticket__number")
    message = filters.NumberFilter(field_name="message_id")
    content_type = filters.CharFilter()
    created_after = InstantFilter(field_name="created_at", lookup_expr="gte")
    created_before = InstantFilter(field_name="created_at", lookup_expr="lt")

    class Meta:
        model = Attachment
        fields: list[str] = []


class AnyFile(JSONRenderer):
    """Whatever the caller accepts: the file is sent as it is, and a problem stays JSON."""

    media_type = "*/*"


class AttachmentViewSet(_ReadOnly):
    """Files of the messages that the caller may read."""

    queryset = Attachment.objects.none()
    serializer_class = AttachmentRowOut
    filterset_class = AttachmentFilter
    ordering_fields = ("id", "size")

    def get_queryset(self) -> QuerySet[Attachment]:
        return attachments_visible_to(caller(self.request)).select_related("message__ticket")

    @extend_schema(
        responses={(200, "*/*"): OpenApiResponse(OpenApiTypes.BINARY, description="The file.")},
        operation_id="attachments_content",
    )
    @action(detail=True, methods=["get"], url_path="content", renderer_classes=[AnyFile])
    def content(self, request: Request, pk: str) -> FileResponse:
        """The file itself, as its content was checked for."""
        return serve(request._request, self.get_object())


class ClockFilter(filters.FilterSet):
    ticket = filters.CharFilter(field_name="ticket__number")
    metric = filters.MultipleChoiceFilter(choices=MetricCode.choices)
    state = filters.MultipleChoiceFilter(choices=ClockState.choices)
    breached = filters.BooleanFilter(field_name="breached_at", lookup_expr="isnull", exclude=True)
    due_after = InstantFilter(field_name="due_at", lookup_expr="gte")
    due_before = InstantFilter(field_name="due_at", lookup_expr="lt")

    class Meta:
        model = Clock
        fields: list[str] = []


class ClockViewSet(_ReadOnly):
    """Promises of the tickets that the caller may see, kept, missed and running."""

    queryset = Clock.objects.none()
    serializer_class = ClockRowOut
    filterset_class = ClockFilter
    ordering_fields = ("id", "due_at", "started_at")

    def get_queryset(self) -> QuerySet[Any]:
        return clocks_visible_to(caller(self.request)).select_related("ticket")
