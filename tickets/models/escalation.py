"""A missed promise on its way up the ladder."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from sla.choices import MetricCode, Severity

if TYPE_CHECKING:
    from accounts.models import User


#: What makes a rung the only one of its kind.
RUNG = ("ticket_id", "metric", "subject", "cycle", "level")


def rung_key(ticket_id: int, metric: str, subject: str, cycle: int, level: int) -> str:
    """The key of the message that tells of a rung; takes `RUNG`."""
    return f"escalation:{ticket_id}:{metric}:{subject}:{cycle}:{level}"


class EscalationQuerySet(models.QuerySet["Escalation"]):
    def missed_by(self, user: User) -> EscalationQuerySet:
        """Misses whose reason ``user`` is asked for, the newest first (as `Escalation.is_unexplained_by`)."""
        owed = Q(missed_by=user) | Q(missed_by=None, ticket__assignee=user)
        return self.filter(owed, level=1).order_by("-created_at", "-pk")


class Escalation(models.Model):
    """One rung reached by one breach. Unique without the clock's revision, or S → A → S would escalate twice."""

    ticket = models.ForeignKey(
        "tickets.Ticket",
        verbose_name=_("ticket"),
        on_delete=models.CASCADE,
        related_name="escalations",
        db_index=False,  # `escalation_once_per_level` begins with it
    )
    clock = models.ForeignKey(
        "sla.Clock", verbose_name=_("clock"), null=True, on_delete=models.SET_NULL, related_name="+"
    )
    metric = models.CharField(_("metric"), max_length=20, choices=MetricCode.choices)
    subject = models.CharField(_("for whom"), max_length=60, blank=True, default="")
    cycle = models.PositiveIntegerField(_("resolution cycle"))
    level = models.PositiveSmallIntegerField(pgettext_lazy("escalation", "level"))
    severity = models.CharField(_("severity"), max_length=1, choices=Severity.choices)
    team = models.ForeignKey(
        "accounts.Team", verbose_name=_("team"), null=True, on_delete=models.SET_NULL, related_name="escalations"
    )
    due_at = models.DateTimeField(_("was due"))
    created_at = models.DateTimeField(_("escalated"))
    climbs_at = models.DateTimeField(_("climbs"), null=True, blank=True, help_text=_("When the next rung hears of it."))
    acknowledged_at = models.DateTimeField(_("acknowledged"), null=True, blank=True)
    acknowledged_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("acknowledged by"),
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
    )
    missed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("missed by"),
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
        help_text=_("Who had the ticket at the due instant; asked for the reason."),
    )
    reason = models.TextField(_("reason of the breach"), blank=True)
    reason_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("reason given by"),
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
    )
    reason_at = models.DateTimeField(_("reason given"), null=True, blank=True)

    objects = EscalationQuerySet.as_manager()

    class Meta:
        verbose_name = _("escalation")
        verbose_name_plural = _("escalations")
        ordering = ["-created_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["ticket", "metric", "subject", "cycle", "level"], name="escalation_once_per_level"
            ),
            models.CheckConstraint(condition=Q(level__gte=1), name="escalation_level_from_1"),
        ]
        indexes = [
            models.Index(
                fields=["climbs_at", "id"],
                name="escalation_climbs",
                condition=Q(acknowledged_at__isnull=True, climbs_at__isnull=False),
            ),
            models.Index(
                fields=["team", "-created_at"], name="escalation_open", condition=Q(acknowledged_at__isnull=True)
            ),
            models.Index(fields=["created_at"], name="escalation_created"),
        ]

    def __str__(self) -> str:
        return f"{self.ticket_id}: {self.metric} {self.level}"

    def is_unexplained_by(self, user: User) -> bool:
        """Whether ``user`` owes the reason: who had the ticket then, or who has it now when nobody did."""
        return self.level == 1 and not self.reason and user.pk == (self.missed_by_id or self.ticket.assignee_id)

    @property
    def still_matters(self) -> bool:
        """Work on the ticket goes on, or what was missed is owed still (the report after a resolution)."""
        return self.ticket.is_unresolved or (self.clock is not None and self.clock.is_open)

    @property
    def dedupe_key(self) -> str:
        """The key of the message that tells of this rung (`outbox.models.Intent.dedupe_key`)."""
        return self.key_of(self.level)

    def key_of(self, level: int) -> str:
        """As `dedupe_key`, of another rung of the same breach."""
        return rung_key(self.ticket_id, self.metric, self.subject, self.cycle, level)
