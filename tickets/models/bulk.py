"""One change of many tickets, with what is needed to take it back."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _


class BulkEdit(models.Model):
    """What somebody changed in many tickets at once.

    `changes` lists the tickets that changed: ``{"ticket", "number", "before", "after", "facts"}``, with the revisions
    around the change and what it replaced. `refusals` lists those that did not: ``{"number", "reason"}``. What really
    happened stands in each ticket's own history; this row only lets its actor take it back for a while.
    """

    class Action(models.TextChoices):
        ASSIGN = "assign", _("assign")
        STATUS = "status", _("change the status")
        REGRADE = "regrade", _("change the severity")
        TAGS = "tags", _("change the tags")

    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("who"),
        on_delete=models.CASCADE,
        related_name="+",
        db_index=False,  # `bulkedit_latest` begins with it
    )
    action = models.CharField(_("action"), max_length=10, choices=Action.choices)
    changes = models.JSONField(default=list)
    refusals = models.JSONField(default=list)
    created_at = models.DateTimeField(_("done"))
    undone_at = models.DateTimeField(_("taken back"), null=True)

    class Meta:
        verbose_name = _("bulk change")
        verbose_name_plural = _("bulk changes")
        constraints = [
            models.CheckConstraint(
                condition=Q(action__in=["assign", "status", "regrade", "tags"]), name="bulkedit_action_known"
            ),
            models.CheckConstraint(
                condition=Q(undone_at__isnull=True) | Q(undone_at__gte=F("created_at")), name="bulkedit_undone_later"
            ),
        ]
        indexes = [
            models.Index(fields=["actor", "-created_at"], name="bulkedit_latest"),
            models.Index(fields=["created_at"], name="bulkedit_age"),
        ]

    def __str__(self) -> str:
        return f"{self.pk}: {self.action}"
