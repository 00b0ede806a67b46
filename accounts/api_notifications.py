"""What the person behind a session or token wants to hear, for programs."""

from typing import Any, cast

from django.core.exceptions import ValidationError as Refused
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.authentication import ANY_SCOPE
from accounts.models import User
from outbox import clock
from outbox.mail_models import MailHabit, Preference
from outbox.preferences import Choice, Row, habit_of, matrix, optional_for_customers, save_choices


class KindOut(serializers.Serializer):
    kind = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]  # of the kind, not of this serializer
    mail = serializers.ChoiceField(choices=Preference.Mail.choices, source="choice.mail")
    page = serializers.BooleanField(source="choice.page")
    mail_locked = serializers.BooleanField()
    page_locked = serializers.BooleanField()
    reason = serializers.CharField()


class NotificationsOut(serializers.Serializer):
    hears = serializers.ChoiceField(choices=MailHabit.Hears.choices)
    digest = serializers.ChoiceField(choices=MailHabit.Digest.choices)
    digest_at = serializers.TimeField(format="%H:%M")
    kinds = KindOut(many=True)


class KindIn(serializers.Serializer):
    kind = serializers.CharField(max_length=60)
    mail = serializers.ChoiceField(choices=Preference.Mail.choices, required=False)
    page = serializers.BooleanField(required=False)


class NotificationsIn(serializers.Serializer):
    hears = serializers.ChoiceField(choices=MailHabit.Hears.choices, required=False)
    digest = serializers.ChoiceField(choices=MailHabit.Digest.choices, required=False)
    digest_at = serializers.TimeField(required=False)
    kinds = KindIn(many=True, required=False)


class NotificationsView(APIView):
    """One's own choices: for colleagues by kind, for customers as a whole."""

    required_scopes = {"GET": ANY_SCOPE, "PATCH": "tickets:write"}

    @extend_schema(responses=NotificationsOut)
    def get(self, request: Request) -> Response:
        return Response(_shown(cast(User, request.user)))

    @extend_schema(request=NotificationsIn, responses=NotificationsOut)
    def patch(self, request: Request) -> Response:
        """Change what is named; the rest stays. What cannot be switched off is refused with its reason."""
        user = cast(User, request.user)
        asked = NotificationsIn(data=request.data)
        asked.is_valid(raise_exception=True)
        given = dict(asked.validated_data)
        known = {row.kind: row.choice for row in _rows(user)}
        kinds = {one["kind"]: _choice(one, known.get(one["kind"], Choice())) for one in given.pop("kinds", [])}
        try:
            save_choices(actor=user, now=clock.now(), kinds=kinds, **given)
        except Refused as error:
            raise serializers.ValidationError(error.message_dict) from error
        return Response(_shown(user))


def _rows(user: User) -> list[Row]:
    return optional_for_customers(user) if user.is_customer else matrix(user)


def _choice(given: dict[str, Any], before: Choice) -> Choice:
    return Choice(given.get("mail", before.mail), given.get("page", before.page))


def _shown(user: User) -> dict[str, Any]:
    habit = habit_of(user)
    whole = {"hears": habit.hears, "digest": habit.digest, "digest_at": habit.digest_at, "kinds": _rows(user)}
    return dict(NotificationsOut(whole).data)
