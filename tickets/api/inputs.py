"""What programs may send. Nothing that is not named here is read (no mass assignment)."""

from datetime import datetime
from typing import Any

from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from accounts.models import Team, User
from accounts.selectors import colleagues
from outbox import clock
from sla.choices import Severity
from tickets.api.naming import look_up
from tickets.choices import Impact, Mark, Status, Urgency
from tickets.models import Resolution, TicketLink
from tickets.services.intake import check_began_at


class StrictSerializer(serializers.Serializer):
    """Refuses members that it does not know, so that a misspelt one is not silently lost."""

    def to_internal_value(self, data: dict) -> dict:
        if isinstance(data, dict):
            unknown = sorted(set(data) - set(self.fields))
            if unknown:
                raise serializers.ValidationError({name: [_("There is no such field.")] for name in unknown})
        return super().to_internal_value(data)


class RequesterIn(StrictSerializer):
    email = serializers.EmailField(max_length=254)
    name = serializers.CharField(max_length=120, required=False, default="", allow_blank=True)


def _name_of(what: Any) -> serializers.CharField:
    """A name from our catalogue; one that is not there refuses no ticket (see `tickets.api.naming`)."""
    words = format_lazy("{} {}", what, _("An unknown one is left empty, and a reason says so."))
    return serializers.CharField(
        max_length=500, required=False, default="", allow_blank=True, allow_null=True, help_text=words
    )


class SubmissionIn(StrictSerializer):
    """A new ticket: only subject, description and requester are required."""

    subject = serializers.CharField(max_length=200)
    description = serializers.CharField(max_length=50_000)
    requester = RequesterIn()
    impact = serializers.ChoiceField(Impact.choices, required=False, default="", allow_blank=True)
    urgency = serializers.ChoiceField(Urgency.choices, required=False, default="", allow_blank=True)
    data_loss = serializers.BooleanField(required=False, allow_null=True, default=None)
    module = _name_of(_("Code or name of a product module."))
    category = _name_of(_("Code or name of a category."))
    version = _name_of(_("Name of a product version, such as a build number."))
    started_at = serializers.DateTimeField(required=False, allow_null=True, default=None)
    affected = serializers.CharField(max_length=500, required=False, default="", allow_blank=True)
    trigger = serializers.CharField(max_length=500, required=False, default="", allow_blank=True)
    custom = serializers.DictField(
        required=False, default=dict, help_text=_("Answers to the custom fields that customers are asked, by code.")
    )

    def validate_started_at(self, value: datetime | None) -> datetime | None:
        check_began_at(value, now=clock.now())
        return value

    def validate(self, data: dict) -> dict:
        said = {name: data.pop(name) or "" for name in ("category", "module", "version")}
        return {**data, **vars(look_up(**said))}


class MessageIn(StrictSerializer):
    kind = serializers.ChoiceField([("public", _("public reply")), ("note", _("internal note"))], default="public")
    body = serializers.CharField(max_length=50_000)
    marks = serializers.ListField(
        child=serializers.ChoiceField(Mark.choices), required=False, default=list, max_length=3
    )
    shareable = serializers.BooleanField(
        default=False, help_text=_("Of a note: it may go into the next progress update.")
    )
    status = serializers.ChoiceField(Status.choices, required=False, default="", allow_blank=True)
    hold_reason = serializers.CharField(max_length=200, required=False, default="", allow_blank=True)
    revision = serializers.IntegerField(required=False, allow_null=True, default=None, min_value=1, max_value=2**31 - 1)

    def validate(self, data: dict) -> dict:
        moves = [name for name in ("marks", "status", "hold_reason") if data[name]]
        if data["kind"] == "note" and moves:
            raise serializers.ValidationError({name: [_("Only a public reply can carry this.")] for name in moves})
        if data["kind"] != "note" and data["shareable"]:
            raise serializers.ValidationError({"shareable": [_("Only a note can carry this.")]})
        return data


class StatusIn(StrictSerializer):
    status = serializers.ChoiceField(Status.choices)
    reason = serializers.CharField(max_length=200, required=False, default="", allow_blank=True)


class AssignIn(StrictSerializer):
    assignee = serializers.PrimaryKeyRelatedField(
        queryset=User.objects.none(), required=False, allow_null=True, default=None
    )
    team = serializers.SlugRelatedField(
        slug_field="code", queryset=Team.objects.all(), required=False, allow_null=True, default=None
    )

    def get_fields(self) -> dict[str, Any]:
        fields: dict[str, Any] = super().get_fields()
        fields["assignee"].queryset = colleagues()
        return fields


class HandOverIn(StrictSerializer):
    team = serializers.SlugRelatedField(slug_field="code", queryset=Team.objects.all())
    assignee = serializers.PrimaryKeyRelatedField(
        queryset=User.objects.none(), required=False, allow_null=True, default=None
    )
    symptom = serializers.CharField(max_length=50_000)
    tried = serializers.CharField(max_length=50_000)
    asked = serializers.CharField(max_length=50_000)

    def get_fields(self) -> dict[str, Any]:
        fields: dict[str, Any] = super().get_fields()
        fields["assignee"].queryset = colleagues()
        return fields


class QuestionIn(StrictSerializer):
    question = serializers.CharField(max_length=50_000)


class SeverityIn(StrictSerializer):
    severity = serializers.ChoiceField(Severity.choices)
    reason = serializers.CharField(max_length=2000)


class TimeIn(StrictSerializer):
    minutes = serializers.IntegerField(min_value=0, max_value=1440)
    day = serializers.DateField(required=False, allow_null=True, default=None)
    words = serializers.CharField(max_length=200, required=False, default="", allow_blank=True)
    corrects = serializers.IntegerField(
        required=False,
        allow_null=True,
        default=None,
        min_value=1,
        max_value=2**63 - 1,
        help_text=_("An entry of one's own that is taken back; 0 minutes put nothing in its place."),
    )


class CustomIn(StrictSerializer):
    custom = serializers.DictField(help_text=_("Answers to custom fields, by their code; null empties one."))


class ResolveIn(StrictSerializer):
    cause = serializers.CharField(max_length=20_000)
    solution = serializers.CharField(max_length=20_000)
    verification = serializers.ChoiceField(Resolution.Verification.choices)
    proof = serializers.CharField(max_length=20_000, required=False, default="", allow_blank=True)
    message = serializers.CharField(max_length=50_000, required=False, default="", allow_blank=True)
    custom = serializers.DictField(
        required=False, default=dict, help_text=_("Answers to custom fields, by their code.")
    )


class MergeIn(StrictSerializer):
    into = serializers.CharField(max_length=20, help_text=_("Number of the ticket that goes on."))
    words = serializers.CharField(max_length=50_000, help_text=_("A public reply in the other ticket."))


class WordsIn(StrictSerializer):
    words = serializers.CharField(max_length=50_000, help_text=_("What the customer reads."))


class LinkIn(StrictSerializer):
    kind = serializers.ChoiceField(TicketLink.Kind.choices, help_text=_("What the ticket is to the other one."))
    other = serializers.CharField(max_length=20, help_text=_("Number of the other ticket."))


class UnlinkIn(StrictSerializer):
    id = serializers.IntegerField(min_value=1, max_value=2**62)


class PartOfIn(StrictSerializer):
    part_of = serializers.CharField(
        max_length=20, allow_blank=True, help_text=_("Number of the incident; empty: part of none.")
    )


class SplitIn(StrictSerializer):
    messages = serializers.ListField(
        child=serializers.IntegerField(min_value=1, max_value=2**62), min_length=1, max_length=100
    )
    subject = serializers.CharField(max_length=200)


class TellIn(WordsIn):
    marks = serializers.ListField(
        child=serializers.ChoiceField(Mark.choices), required=False, default=list, max_length=3
    )
    revision = serializers.IntegerField(required=False, allow_null=True, default=None, min_value=1, max_value=2**31 - 1)


class CauseReportIn(StrictSerializer):
    course = serializers.CharField(max_length=50_000)
    cause = serializers.CharField(max_length=50_000)
    prevention = serializers.CharField(max_length=50_000)


class ReasonIn(StrictSerializer):
    reason = serializers.CharField(max_length=2000)


class CommentIn(StrictSerializer):
    comment = serializers.CharField(max_length=20_000, required=False, default="", allow_blank=True)


class ContestIn(StrictSerializer):
    wanted = serializers.ChoiceField(Severity.choices)
    reason = serializers.CharField(max_length=2000)
