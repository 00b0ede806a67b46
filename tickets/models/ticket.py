"""The ticket, who takes part in it, the articles linked to it, and the keys of repeated requests."""

from django.conf import settings
from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVectorField
from django.db import models
from django.db.models import F, Q, Value
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from sla.choices import Severity
from tickets.choices import Channel, Impact, Status, Urgency
from tickets.querysets import DUE_OR_URGED, GRAVEST_FIRST, IS_UNRESOLVED, OWES_REPORT, TicketQuerySet


class Ticket(models.Model):
    """One problem of one customer, from the first word to the last."""

    number = models.CharField(_("number"), max_length=20, unique=True, editable=False)
    subject = models.CharField(_("subject"), max_length=200)
    requester = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("requester"),
        on_delete=models.PROTECT,
        related_name="requested_tickets",
    )
    organization = models.ForeignKey(
        "accounts.Organization",
        verbose_name=_("organization"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="tickets",
    )
    channel = models.CharField(_("channel"), max_length=10, choices=Channel.choices)
    language = models.CharField(_("language"), max_length=10, default="zh-hans")

    status = models.CharField(_("status"), max_length=10, choices=Status.choices, default=Status.NEW)
    hold_reason = models.CharField(_("waits for"), max_length=200, blank=True)
    impact = models.CharField(_("scope of impact"), max_length=10, choices=Impact.choices, blank=True)
    urgency = models.CharField(_("urgency"), max_length=10, choices=Urgency.choices, blank=True)
    data_loss = models.BooleanField(_("data was lost"), default=False)
    severity = models.CharField(_("severity"), max_length=1, choices=Severity.choices)
    grading = models.JSONField(_("why this grade"), default=list, blank=True)
    routing = models.JSONField(_("why it went here"), default=list, blank=True)

    team = models.ForeignKey(
        "accounts.Team", verbose_name=_("team"), null=True, blank=True, on_delete=models.PROTECT, related_name="tickets"
    )
    assignee = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("assignee"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="assigned_tickets",
    )
    category = models.ForeignKey(
        "catalog.Category",
        verbose_name=_("category"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="tickets",
    )
    module = models.ForeignKey(
        "catalog.Module",
        verbose_name=_("product module"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="tickets",
    )
    version = models.ForeignKey(
        "catalog.Version",
        verbose_name=_("product version"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="tickets",
    )
    fault_type = models.ForeignKey(
        "catalog.FaultType",
        verbose_name=_("fault type"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="tickets",
    )
    tags = models.ManyToManyField("catalog.Tag", verbose_name=_("tags"), blank=True, related_name="tickets")
    custom = models.JSONField(
        _("answers to custom fields"),
        default=dict,
        db_default=Value({}, models.JSONField()),
        blank=True,
        help_text=_("By the code of the field."),
    )
    affected = models.CharField(_("who and what is affected"), max_length=500, blank=True)
    trigger = models.CharField(_("what triggered it"), max_length=500, blank=True)
    began_at = models.DateTimeField(_("problem began"), null=True, blank=True)

    cycle = models.PositiveIntegerField(_("resolution cycle"), default=1, help_text=_("Rises with every reopening."))
    cycle_started_at = models.DateTimeField(_("cycle began"))
    revision = models.PositiveIntegerField(
        default=1, help_text=_("Rises with every change; guards against stale writes.")
    )
    next_due_at = models.DateTimeField(_("next deadline"), null=True, blank=True)
    breached_at = models.DateTimeField(_("first unacknowledged breach"), null=True, blank=True)
    created_at = models.DateTimeField(_("created"))
    updated_at = models.DateTimeField(_("changed"))
    first_response_at = models.DateTimeField(_("first response"), null=True, blank=True)
    waiting_since = models.DateTimeField(
        _("customer waits since"), null=True, blank=True, help_text=_("The first message that nobody answered yet.")
    )
    urged_at = models.DateTimeField(
        _("customer urges since"), null=True, blank=True, help_text=_("Until a person answers.")
    )
    last_urged_at = models.DateTimeField(_("last urged"), null=True, blank=True)
    resolved_at = models.DateTimeField(pgettext_lazy("instant", "resolved"), null=True, blank=True)
    closed_at = models.DateTimeField(_("closed"), null=True, blank=True)
    follow_up_of = models.ForeignKey(
        "self", verbose_name=_("follows"), null=True, blank=True, on_delete=models.PROTECT, related_name="follow_ups"
    )
    merged_into = models.ForeignKey(
        "self",
        verbose_name=_("merged into"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="merged_from",
        db_index=False,  # the partial index below: hardly any ticket is a duplicate
        help_text=_("The ticket that goes on with this problem; never one that was merged itself."),
    )
    parent = models.ForeignKey(
        "self",
        verbose_name=_("part of"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="children",
        db_index=False,  # the partial index below
        help_text=_("The incident that this ticket is one case of; never one that is part of another."),
    )
    tokens = SearchVectorField(null=True, editable=False)

    link_generation = models.PositiveIntegerField(
        default=0, editable=False, help_text=_("Raised when private links are revoked; older ones open nothing.")
    )

    objects = TicketQuerySet.as_manager()

    class Meta:
        verbose_name = _("ticket")
        verbose_name_plural = _("tickets")
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(condition=Q(status__in=Status.values), name="ticket_status_known"),
            models.CheckConstraint(condition=Q(severity__in=Severity.values), name="ticket_severity_known"),
            models.CheckConstraint(condition=Q(impact__in=["", *Impact.values]), name="ticket_impact_known"),
            models.CheckConstraint(condition=Q(urgency__in=["", *Urgency.values]), name="ticket_urgency_known"),
            models.CheckConstraint(
                condition=Q(status="closed", closed_at__isnull=False)
                | (~Q(status="closed") & Q(closed_at__isnull=True)),
                name="ticket_closed_iff_closed_at",
            ),
            models.CheckConstraint(
                condition=Q(status__in=["resolved", "closed"], resolved_at__isnull=False)
                | (IS_UNRESOLVED & Q(resolved_at__isnull=True)),
                name="ticket_resolved_iff_resolved_at",
            ),
            models.CheckConstraint(condition=~Q(status="on_hold", hold_reason=""), name="ticket_hold_has_reason"),
            models.CheckConstraint(condition=~Q(follow_up_of=F("id")), name="ticket_follows_another"),
            models.CheckConstraint(condition=~Q(merged_into=F("id")), name="ticket_merged_into_another"),
            models.CheckConstraint(condition=~Q(parent=F("id")), name="ticket_part_of_another"),
            models.CheckConstraint(
                condition=Q(merged_into__isnull=True) | Q(status="closed"), name="ticket_merged_is_closed"
            ),
            models.CheckConstraint(
                condition=Q(urged_at__isnull=True) | Q(last_urged_at__gte=F("urged_at")), name="ticket_urged_has_last"
            ),
        ]
        indexes = [
            models.Index("team", DUE_OR_URGED, "id", name="ticket_team_place", condition=IS_UNRESOLVED),
            models.Index("assignee", DUE_OR_URGED, "id", name="ticket_assignee_place", condition=IS_UNRESOLVED),
            models.Index(DUE_OR_URGED, "id", name="ticket_place", condition=IS_UNRESOLVED),
            # The other orders of the queue (tickets/selectors/orders.py), of what is open.
            models.Index(GRAVEST_FIRST, DUE_OR_URGED, "id", name="ticket_severity_place", condition=IS_UNRESOLVED),
            models.Index(fields=["updated_at", "id"], name="ticket_updated_place", condition=IS_UNRESOLVED),
            models.Index(fields=["created_at", "id"], name="ticket_created_place", condition=IS_UNRESOLVED),
            models.Index(fields=["id"], name="ticket_number_place", condition=IS_UNRESOLVED),
            models.Index(fields=["next_due_at", "id"], name="ticket_report", condition=OWES_REPORT),
            # The tabs of the queue that hold a part of it: their counts and pages read no other rows.
            models.Index(fields=["team", "id"], name="ticket_waiting", condition=Q(status="pending")),
            models.Index(DUE_OR_URGED, "id", name="ticket_waiting_place", condition=Q(status="pending")),
            models.Index(
                fields=["team", "id"], name="ticket_unassigned", condition=IS_UNRESOLVED & Q(assignee__isnull=True)
            ),
            models.Index(
                fields=["team", "id"], name="ticket_escalated", condition=IS_UNRESOLVED & Q(breached_at__isnull=False)
            ),
            models.Index(fields=["requester", "-id"], name="ticket_requester"),
            models.Index(fields=["organization", "-id"], name="ticket_organization"),
            models.Index(fields=["resolved_at", "id"], name="ticket_resolved", condition=Q(resolved_at__isnull=False)),
            # Chats whose visitors may have left before the answer came (`intake.chat.watching`).
            models.Index(fields=["updated_at"], name="ticket_chat_moved", condition=Q(channel="chat")),
            models.Index(fields=["created_at"], name="ticket_created"),
            models.Index(
                fields=["first_response_at"], name="ticket_answered", condition=Q(first_response_at__isnull=False)
            ),
            models.Index(fields=["merged_into"], name="ticket_merged_into", condition=Q(merged_into__isnull=False)),
            models.Index(fields=["parent", "id"], name="ticket_parent", condition=Q(parent__isnull=False)),
            GinIndex(fields=["tokens"], name="ticket_tokens"),
        ]

    def __str__(self) -> str:
        return f"{self.number} {self.subject}"

    def get_status_display(self) -> str:  # type: ignore[no-redef]  # the one that Django makes
        """As Django's, which translates every choice to name one: a list shows hundreds."""
        return str(Status(self.status).label)

    @property
    def is_unresolved(self) -> bool:
        return self.status not in (Status.RESOLVED, Status.CLOSED)


class Participant(models.Model):
    """Somebody who takes part without being the assignee: a watcher, or one who was called in."""

    class Kind(models.TextChoices):
        WATCHER = "watcher", _("watcher")
        CALLED_IN = "called_in", _("called in")

    ticket = models.ForeignKey(Ticket, on_delete=models.CASCADE, related_name="participants")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="participations")
    kind = models.CharField(_("kind"), max_length=10, choices=Kind.choices)
    added_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    added_at = models.DateTimeField(_("added"))

    class Meta:
        verbose_name = _("participant")
        verbose_name_plural = _("participants")
        constraints = [models.UniqueConstraint(fields=["ticket", "user"], name="participant_once")]

    def __str__(self) -> str:
        return f"{self.user} · {self.ticket_id}"


class ArticleLink(models.Model):
    """A ticket and an article that belong together: the article was born from it, or it was used to answer."""

    class Kind(models.TextChoices):
        BORN = "born", _("written from this ticket")
        USED = "used", _("used in an answer")

    ticket = models.ForeignKey(Ticket, on_delete=models.CASCADE, related_name="article_links")
    article = models.ForeignKey("knowledge.Article", on_delete=models.CASCADE, related_name="ticket_links")
    kind = models.CharField(max_length=5, choices=Kind.choices)
    created_at = models.DateTimeField()

    class Meta:
        verbose_name = _("linked article")
        verbose_name_plural = _("linked articles")
        constraints = [
            models.UniqueConstraint(fields=["ticket", "article", "kind"], name="articlelink_once"),
            models.UniqueConstraint(fields=["ticket"], condition=Q(kind="born"), name="articlelink_one_born"),
        ]

    def __str__(self) -> str:
        return f"{self.ticket_id} · {self.article_id}"
