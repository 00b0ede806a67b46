"""What programs get."""

from typing import Any

from django.urls import reverse
from rest_framework import serializers

from catalog.models import CustomField
from sla.models import Clock
from tickets.models import (
    Attachment,
    CauseReport,
    Escalation,
    Incident,
    IncidentNews,
    Message,
    Ticket,
    TicketLink,
    TimeEntry,
)
from tickets.selectors.family import Told
from tickets.wording import reason_text


class ReasonOut(serializers.Serializer):
    code = serializers.CharField()
    text = serializers.SerializerMethodField()

    def get_text(self, reason: dict) -> str:
        return reason_text(reason)


class ClockOut(serializers.ModelSerializer):
    class Meta:
        model = Clock
        fields = [
            "metric",
            "state",
            "started_at",
            "due_at",
            "warned_at",
            "breached_at",
            "ended_at",
            "cycle",
            "revision",
        ]


class ClockRowOut(ClockOut):
    """A clock in the list of all: with its ticket."""

    ticket = serializers.CharField(source="ticket.number")

    class Meta(ClockOut.Meta):
        fields = ["id", "ticket", *ClockOut.Meta.fields]


class TicketOut(serializers.ModelSerializer):
    """A ticket as both sides may see it; what only colleagues know is left out for customers."""

    team = serializers.CharField(source="team.code", allow_null=True, default=None)
    assignee = serializers.CharField(source="assignee.name", allow_null=True, default=None)
    category = serializers.CharField(source="category.code", allow_null=True, default=None)
    module = serializers.CharField(source="module.code", allow_null=True, default=None)
    version = serializers.CharField(source="version.name", allow_null=True, default=None)
    requester = serializers.EmailField(source="requester.email")
    organization = serializers.CharField(source="organization.label", allow_null=True, default=None)
    merged_into = serializers.CharField(source="merged_into.number", allow_null=True, default=None)
    part_of = serializers.CharField(source="parent.number", allow_null=True, default=None)
    tags = serializers.SerializerMethodField()

    class Meta:
        model = Ticket
        fields = [
            "number",
            "subject",
            "status",
            "severity",
            "impact",
            "urgency",
            "data_loss",
            "channel",
            "language",
            "team",
            "assignee",
            "requester",
            "organization",
            "category",
            "module",
            "version",
            "tags",
            "custom",
            "revision",
            "cycle",
            "next_due_at",
            "breached_at",
            "created_at",
            "updated_at",
            "first_response_at",
            "urged_at",
            "resolved_at",
            "closed_at",
            "merged_into",
            "part_of",
        ]

    def get_tags(self, ticket: Ticket) -> list[str]:
        return sorted(tag.name for tag in ticket.tags.all())

    def to_representation(self, ticket: Ticket) -> dict:
        data = super().to_representation(ticket)
        if self.context["request"].user.is_customer:
            data.pop("breached_at")
            data["custom"] = {code: value for code, value in data["custom"].items() if code in self._asked()}
            data.pop("part_of")  # whose incident it is a case of is the house's business
            if not ticket.is_unresolved:  # what runs on is the report, and that is promised to the house alone
                data["next_due_at"] = None
        return data

    def _asked(self) -> set[str]:
        """Codes of the fields that customers answer; the others are the house's own. Read once for a whole list."""
        context: Any = self.context
        if "asked" not in context:
            context["asked"] = set(CustomField.objects.filter(asks_customer=True).values_list("code", flat=True))
        return context["asked"]


class CreatedOut(serializers.Serializer):
    """The answer to a submission (issue 2, section 3)."""

    number = serializers.CharField()
    severity = serializers.CharField()
    status = serializers.CharField()
    team = serializers.CharField(source="team.code", allow_null=True, default=None)
    assignee = serializers.CharField(source="assignee.name", allow_null=True, default=None)
    reasons = serializers.SerializerMethodField()
    clocks = serializers.SerializerMethodField()

    def get_reasons(self, ticket: Ticket) -> list[dict]:
        reasons = [*ticket.grading, *ticket.routing]
        if self.context["request"].user.is_customer:  # how full and how skilled people are stays in the house
            reasons = [reason for reason in reasons if not reason["code"].startswith("assignment.")]
        return list(ReasonOut(reasons, many=True).data)

    def get_clocks(self, ticket: Ticket) -> list[dict]:
        fields = ("metric", "state", "started_at", "due_at")
        rows = ClockOut(ticket.clocks.order_by("due_at", "pk"), many=True).data
        return [{name: row[name] for name in fields} for row in rows]


class CreatedAnswer(CreatedOut):
    """For the schema: the answer with the private link, which is derived anew for a repeated request."""

    status_url = serializers.URLField()


class AttachmentOut(serializers.ModelSerializer):
    url = serializers.SerializerMethodField()

    class Meta:
        model = Attachment
        fields = ["id", "name", "content_type", "size", "sha256", "url"]

    def get_url(self, attachment: Attachment) -> str:
        return self.context["request"].build_absolute_uri(reverse("attachment", args=[attachment.pk]))


class MessageOut(serializers.ModelSerializer):
    author = serializers.CharField(source="author.name", allow_null=True, default=None)
    attachments = AttachmentOut(many=True)

    class Meta:
        model = Message
        fields = ["id", "kind", "author", "body", "marks", "shareable", "channel", "created_at", "attachments"]


class MessageRowOut(MessageOut):
    """A message in the list of all: with its ticket."""

    ticket = serializers.CharField(source="ticket.number")

    class Meta(MessageOut.Meta):
        fields = ["id", "ticket", *MessageOut.Meta.fields[1:]]


class AttachmentRowOut(AttachmentOut):
    """A file in the list of all: with its ticket and message, and where a program fetches it."""

    ticket = serializers.CharField(source="message.ticket.number")
    message = serializers.IntegerField(source="message_id")
    created_at = serializers.DateTimeField()

    class Meta(AttachmentOut.Meta):
        fields = ["id", "ticket", "message", "name", "content_type", "size", "sha256", "created_at", "url"]

    def get_url(self, attachment: Attachment) -> str:
        return self.context["request"].build_absolute_uri(reverse("api-attachment-content", args=[attachment.pk]))


class RelativeOut(serializers.Serializer):
    """A ticket that has to do with another one, as far as the caller sees it from the inside."""

    number = serializers.CharField()
    subject = serializers.CharField()
    status = serializers.CharField()
    severity = serializers.CharField()


class LinkOut(serializers.Serializer):
    """What a ticket is to another one; ``inward`` where the other one says it of this."""

    id = serializers.IntegerField()
    kind = serializers.ChoiceField(TicketLink.Kind.choices)
    inward = serializers.BooleanField()
    ticket = RelativeOut()


class AnnouncementOut(serializers.Serializer):
    """How far the tickets below were told: their number by state, and what was refused."""

    id = serializers.IntegerField(source="announcement.pk")
    kind = serializers.SerializerMethodField()
    created_at = serializers.DateTimeField(source="announcement.created_at")
    counts = serializers.DictField(child=serializers.IntegerField())
    failed = serializers.SerializerMethodField()

    def get_kind(self, told: Told) -> str:
        return "resolution" if told.announcement.resolution_id else "reply"

    def get_failed(self, told: Told) -> dict[str, str]:
        return {part.ticket.number: part.problem for part in told.failed}


class FamilyOut(serializers.Serializer):
    """The tickets around one, for colleagues."""

    part_of = serializers.CharField(source="parent.number", allow_null=True, default=None)
    children = RelativeOut(many=True)
    merged = RelativeOut(many=True)
    links = LinkOut(many=True)
    told = AnnouncementOut(allow_null=True)


class TimeEntryOut(serializers.ModelSerializer):
    user = serializers.CharField(source="user.name")

    class Meta:
        model = TimeEntry
        fields = ["id", "user", "minutes", "day", "words", "takes_back", "created_at"]


class CauseReportOut(serializers.ModelSerializer):
    written_by = serializers.CharField(source="written_by.name", allow_null=True, default=None)

    class Meta:
        model = CauseReport
        fields = ["course", "cause", "prevention", "written_by", "written_at"]


class NewsOut(serializers.ModelSerializer):
    text = serializers.CharField(source="words")

    class Meta:
        model = IncidentNews
        fields = ["state", "text", "created_at"]


class IncidentOut(serializers.ModelSerializer):
    """In the language of the request, as customers read it."""

    name = serializers.CharField(source="label")
    modules: Any = serializers.SlugRelatedField(slug_field="code", many=True, read_only=True)
    news = NewsOut(many=True, read_only=True)

    class Meta:
        model = Incident
        fields = ["id", "name", "state", "modules", "began_at", "ended_at", "news"]


class EscalationOut(serializers.ModelSerializer):
    ticket = serializers.CharField(source="ticket.number")
    team = serializers.CharField(source="team.code", allow_null=True, default=None)

    class Meta:
        model = Escalation
        fields = [
            "id",
            "ticket",
            "metric",
            "cycle",
            "level",
            "severity",
            "team",
            "due_at",
            "created_at",
            "acknowledged_at",
            "reason",
        ]
