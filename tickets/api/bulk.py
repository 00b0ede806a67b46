"""One change of many tickets by the API: the same service as the queue's, with its undo."""

from typing import Any

from django.core.exceptions import PermissionDenied
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import GenericViewSet

from accounts.authentication import caller
from accounts.idempotency import keyed
from tickets.api.inputs import AssignIn, SeverityIn, StatusIn, StrictSerializer
from tickets.models import BulkEdit
from tickets.selectors.bulk import chosen
from tickets.services import bulk


class TagsIn(StrictSerializer):
    add = serializers.ListField(child=serializers.CharField(max_length=40), default=list, max_length=12)
    remove = serializers.ListField(child=serializers.CharField(max_length=40), default=list, max_length=12)


class BulkIn(StrictSerializer):
    """The numbers, and exactly one change."""

    tickets = serializers.ListField(child=serializers.CharField(max_length=20), min_length=1, max_length=bulk.MOST)
    assign = AssignIn(required=False)
    status = StatusIn(required=False)
    regrade = SeverityIn(required=False)
    tags = TagsIn(required=False)

    def validate(self, data: dict) -> dict:
        given = [name for name in bulk.OPERATIONS if name in data]
        if len(given) != 1:
            raise serializers.ValidationError(_("Name exactly one change: assign, status, regrade or tags."))
        return {"tickets": data["tickets"], "action": given[0], "values": data[given[0]]}


class RefusalOut(serializers.Serializer):
    number = serializers.CharField()
    reason = serializers.CharField()


class BulkOut(serializers.Serializer):
    id = serializers.IntegerField(help_text=_("By this it can be taken back for a while."))
    changed = serializers.ListField(child=serializers.CharField())
    refused = RefusalOut(many=True)


class UndoneOut(serializers.Serializer):
    restored = serializers.ListField(child=serializers.CharField())
    left = serializers.ListField(
        child=serializers.CharField(), help_text=_("Somebody changed these since; they stay as they are.")
    )


class BulkActions(GenericViewSet):
    """Mixed into the tickets' view set."""

    @extend_schema(request=BulkIn, responses=BulkOut, operation_id="tickets_bulk")
    @action(detail=False, methods=["post"], url_path="bulk")
    @keyed
    def bulk(self, request: Request) -> Response:
        """Change up to a hundred tickets. Each is a change of its own; one that refuses does not stop the others.

        Sent again it does no harm: what is so already is refused by number.
        """
        user = caller(request)
        if user.is_customer:
            raise PermissionDenied
        serializer = BulkIn(data=request.data)
        serializer.is_valid(raise_exception=True)
        data: dict[str, Any] = serializer.validated_data
        rows = chosen(user=user, numbers=data["tickets"])
        edit = bulk.bulk_edit(tickets=rows, actor=user, action=data["action"], values=data["values"])
        unseen = sorted(set(data["tickets"]) - {row.number for row in rows})
        refused = edit.refusals + [{"number": number, "reason": gettext("Not found.")} for number in unseen]
        answer = {"id": edit.pk, "changed": [entry["number"] for entry in edit.changes], "refused": refused}
        return Response(BulkOut(answer).data)

    @extend_schema(request=None, responses=UndoneOut, operation_id="tickets_bulk_undo")
    @action(detail=False, methods=["post"], url_path="bulk/(?P<pk>[0-9]{1,18})/undo")
    def bulk_undo(self, request: Request, pk: str) -> Response:
        """Take one's own change back where nobody touched the ticket since."""
        edit = get_object_or_404(BulkEdit, pk=pk, actor=caller(request))
        undone = bulk.undo(edit=edit, actor=caller(request))
        return Response(UndoneOut(vars(undone)).data)
