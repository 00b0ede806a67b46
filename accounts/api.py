"""Who am I, and for staff: who works here. Read only, so nothing can be assigned through it."""

from typing import cast

from django.db.models import QuerySet
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, serializers, viewsets
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.authentication import ANY_SCOPE, effective_scopes
from accounts.models import Membership, Organization, Team, User
from accounts.selectors import organizations_visible_to, teams_visible_to, users_visible_to


class MembershipOut(serializers.ModelSerializer):
    role = serializers.CharField(source="role.code")
    team = serializers.CharField(source="team.code", allow_null=True, default=None)

    class Meta:
        model = Membership
        fields = ["role", "team"]


class MeOut(serializers.ModelSerializer):
    memberships = MembershipOut(many=True, source="grants")
    permissions = serializers.SerializerMethodField()
    scopes = serializers.SerializerMethodField()

    class Meta:
        model = User
        fields = ["id", "email", "name", "language", "time_zone", "on_duty", "memberships", "permissions", "scopes"]

    def get_permissions(self, user: User) -> list[str]:
        return sorted(user.permission_codes)

    def get_scopes(self, _user: User) -> list[str]:
        return sorted(effective_scopes(self.context["request"]))


class UserOut(serializers.ModelSerializer):
    organization = serializers.CharField(source="organization.label", allow_null=True, default=None)
    memberships = MembershipOut(many=True)

    class Meta:
        model = User
        fields = ["id", "name", "title", "email", "language", "on_duty", "capacity", "organization", "memberships"]


class TeamOut(serializers.ModelSerializer):
    name = serializers.CharField(source="label")
    next_level = serializers.CharField(source="next_level.code", allow_null=True, default=None)

    class Meta:
        model = Team
        fields = ["id", "code", "name", "lead", "deputy", "next_level"]


class OrganizationOut(serializers.ModelSerializer):
    name = serializers.CharField(source="label")

    class Meta:
        model = Organization
        fields = ["id", "name", "service_level", "domain"]


class UserFilter(filters.FilterSet):
    team = filters.CharFilter(field_name="memberships__team__code", distinct=True)
    role = filters.CharFilter(field_name="memberships__role__code", distinct=True)

    class Meta:
        model = User
        fields = ["team", "role", "on_duty"]


class MeView(APIView):
    """The person behind this session or token, with permissions and the scopes that hold here."""

    required_scopes = {"GET": ANY_SCOPE}

    @extend_schema(responses=MeOut)
    def get(self, request: Request) -> Response:
        return Response(MeOut(request.user, context={"request": request}).data)


class _ReadOnly(mixins.ListModelMixin, mixins.RetrieveModelMixin, viewsets.GenericViewSet):
    required_scopes = {"GET": "tickets:read"}


class UserViewSet(_ReadOnly):
    """People whom one may know of: staff see colleagues and customers; who is outside sees nobody but themselves."""

    queryset = User.objects.none()
    serializer_class = UserOut
    filterset_class = UserFilter

    def get_queryset(self) -> QuerySet[User]:
        return (
            users_visible_to(user=cast(User, self.request.user))
            .select_related("organization")
            .prefetch_related("memberships__role", "memberships__team")
        )


class TeamViewSet(_ReadOnly):
    """Teams, for staff."""

    queryset = Team.objects.none()
    serializer_class = TeamOut

    def get_queryset(self) -> QuerySet[Team]:
        return teams_visible_to(user=cast(User, self.request.user)).select_related("next_level")


class OrganizationViewSet(_ReadOnly):
    """Customer companies, for staff; who is outside sees their own."""

    queryset = Organization.objects.none()
    serializer_class = OrganizationOut

    def get_queryset(self) -> QuerySet[Organization]:
        return organizations_visible_to(user=cast(User, self.request.user))
