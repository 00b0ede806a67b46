"""`/api/v1/views/` and `/api/v1/canned-answers/`: what a colleague keeps; the same services as the pages'."""

from typing import Any

from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, serializers, viewsets
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.authentication import caller
from accounts.idempotency import keyed
from accounts.models import Team, User
from outbox import clock
from tickets.api.inputs import StrictSerializer
from tickets.columns import COLUMNS, columns_for
from tickets.desk import State, UnknownState
from tickets.filters import CONDITIONS, QueueFilter
from tickets.models import CannedAnswer, SavedView
from tickets.models.writing import MACRO_MOVES
from tickets.selectors.choices import filter_choices
from tickets.selectors.saved_views import usable_views
from tickets.services import canned, saved_views


class SavedViewOut(serializers.ModelSerializer):
    owner = serializers.CharField(source="owner.name")
    team = serializers.CharField(source="team.code", allow_null=True, default=None)
    own = serializers.SerializerMethodField()
    filters = serializers.DictField(child=serializers.CharField())

    class Meta:
        model = SavedView
        fields = ["id", "name", "view", "filters", "sort", "columns", "team", "owner", "own", "position", "created_at"]

    def get_own(self, row: SavedView) -> bool:
        return row.owner_id == self.context["request"].user.pk


class SavedViewIn(StrictSerializer):
    """A state of the queue under a name: a built-in view, what narrows it, its order, its columns."""

    name = serializers.CharField(max_length=saved_views.NAME_LENGTH)
    view = serializers.CharField(max_length=20, default="due")
    filters = serializers.DictField(
        child=serializers.CharField(max_length=200), default=dict, help_text=_("As in the address of the queue.")
    )
    sort = serializers.CharField(max_length=20, default="", allow_blank=True)
    columns = serializers.ListField(child=serializers.ChoiceField(list(COLUMNS)), default=list, max_length=20)
    team = serializers.SlugRelatedField(
        slug_field="code", queryset=Team.objects.all(), required=False, allow_null=True, default=None
    )

    def validate(self, data: dict) -> dict:
        if unknown := sorted(set(data["filters"]) - set(CONDITIONS)):
            raise serializers.ValidationError({"filters": [_("There is no such parameter.")] * len(unknown)})
        address = QueryDict(mutable=True)
        address.update({**data.pop("filters"), "view": data.pop("view"), "sort": data.pop("sort")})
        try:
            state = State.read(address)
        except UnknownState as error:
            raise serializers.ValidationError({"view": [_("There is no such view or order.")]}) from error
        if not QueueFilter(state.filters, choices=filter_choices(user=self.context["request"].user)).is_valid():
            raise serializers.ValidationError({"filters": [_("One of these values does not exist.")]})
        return {**data, "state": state}


class _DeskEndpoint(mixins.ListModelMixin, mixins.RetrieveModelMixin, viewsets.GenericViewSet):
    """For who works here; to others the collection is empty, and nothing can be written."""

    required_scopes = {"GET": "tickets:read", "POST": "tickets:write", "DELETE": "tickets:write"}
    needed = ""

    def _colleague(self) -> User:
        user = caller(self.request)
        if not user.may(self.needed):
            raise PermissionDenied
        return user

    def _read(self, serializer_class: type[serializers.Serializer]) -> dict[str, Any]:
        serializer = serializer_class(data=self.request.data, context=self.get_serializer_context())
        serializer.is_valid(raise_exception=True)
        return serializer.validated_data


class SavedViewViewSet(_DeskEndpoint):
    """Views of the queue: one's own, and those that colleagues share."""

    queryset = SavedView.objects.none()
    serializer_class = SavedViewOut
    needed = "workspace.enter"

    def get_queryset(self) -> QuerySet[SavedView]:
        user = caller(self.request)
        if not user.may(self.needed):
            return SavedView.objects.none()
        usable = [row.pk for row in usable_views(user=user)]
        return SavedView.objects.filter(pk__in=usable).select_related("owner", "team")

    @extend_schema(request=SavedViewIn, responses={201: SavedViewOut})
    @keyed
    def create(self, request: Request) -> Response:
        """Keep a view; with `team`, everybody there may use it."""
        user, data = self._colleague(), self._read(SavedViewIn)
        columns = data["columns"] or columns_for(user, None)
        view = saved_views.save_view(
            actor=user, name=data["name"], state=data["state"], columns=columns, team=data["team"], now=clock.now()
        )
        return Response(SavedViewOut(view, context=self.get_serializer_context()).data, status=201)

    @extend_schema(responses={204: None})
    def destroy(self, request: Request, pk: str | None = None) -> Response:
        """Keep a view of one's own no longer."""
        saved_views.delete_view(actor=self._colleague(), view=self.get_object(), now=clock.now())
        return Response(status=204)


class CannedAnswerOut(serializers.ModelSerializer):
    team = serializers.CharField(source="team.code", allow_null=True, default=None)
    own = serializers.SerializerMethodField()

    class Meta:
        model = CannedAnswer
        fields = ["id", "name", "name_en", "shortcut", "text_zh", "text_en", "status", "tags", "takes", "team", "own"]

    def get_own(self, row: CannedAnswer) -> bool:
        return row.owner_id == self.context["request"].user.pk


class CannedAnswerIn(StrictSerializer):
    """A canned answer of one's own; the administrator shares one with everybody or a team."""

    name = serializers.CharField(max_length=80)
    name_en = serializers.CharField(max_length=80, default="", allow_blank=True)
    shortcut = serializers.RegexField(r"^[-\w]{1,40}$")
    text_zh = serializers.CharField(max_length=10_000, default="", allow_blank=True)
    text_en = serializers.CharField(max_length=10_000, default="", allow_blank=True)
    status = serializers.ChoiceField([code for code, _label in MACRO_MOVES], default="", allow_blank=True)
    tags = serializers.ListField(child=serializers.CharField(max_length=40), default=list, max_length=12)
    takes = serializers.BooleanField(default=False)
    shared = serializers.BooleanField(default=False)
    team = serializers.SlugRelatedField(
        slug_field="code", queryset=Team.objects.all(), required=False, allow_null=True, default=None
    )


class CannedAnswerViewSet(_DeskEndpoint):
    """Canned answers that the caller may use: one's own, the team's, everybody's."""

    queryset = CannedAnswer.objects.none()
    serializer_class = CannedAnswerOut
    needed = "ticket.note"

    def get_queryset(self) -> QuerySet[CannedAnswer]:
        user = caller(self.request)
        usable = CannedAnswer.objects.usable_by(user) if user.may(self.needed) else CannedAnswer.objects.none()
        return usable.select_related("team")

    @extend_schema(request=CannedAnswerIn, responses={201: CannedAnswerOut})
    @keyed
    def create(self, request: Request) -> Response:
        """Write one."""
        user, data = self._colleague(), self._read(CannedAnswerIn)
        answer = canned.save_canned(actor=user, **data)
        return Response(CannedAnswerOut(answer, context=self.get_serializer_context()).data, status=201)

    @extend_schema(responses={204: None})
    def destroy(self, request: Request, pk: str | None = None) -> Response:
        """Delete one that the caller may change."""
        canned.delete_canned(answer=self.get_object(), actor=self._colleague())
        return Response(status=204)
