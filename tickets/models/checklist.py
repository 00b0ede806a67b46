"""What is to be done on a ticket, item by item, and the lists that an administrator keeps for it."""

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from outbox.audited import audited
from outbox.bilingual import BilingualName


class ChecklistItem(models.Model):
    """One thing to do, perhaps somebody's."""

    ticket = models.ForeignKey(
        "tickets.Ticket",
        on_delete=models.CASCADE,
        related_name="checklist",
        db_index=False,  # `checklist_order` begins with it
    )
    text = models.CharField(_("what is to be done"), max_length=200)
    position = models.PositiveIntegerField(_("position"))
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("whose"),
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="checklist_items",
    )
    added_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    added_at = models.DateTimeField(_("added"))
    done_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    done_at = models.DateTimeField(_("done"), null=True, blank=True)

    class Meta:
        verbose_name = _("checklist item")
        verbose_name_plural = _("checklist items")
        ordering = ["position", "pk"]
        constraints = [
            models.CheckConstraint(condition=~Q(text=""), name="checklist_says_something"),
            models.CheckConstraint(
                condition=Q(done_by__isnull=True) | Q(done_at__isnull=False), name="checklist_done_by_at"
            ),
        ]
        indexes = [models.Index(fields=["ticket", "position"], name="checklist_order")]

    def __str__(self) -> str:
        return f"{self.ticket_id}: {self.text}"


@audited()
class ChecklistTemplate(BilingualName):
    """A list that is put on a ticket in one click."""

    category = models.ForeignKey(
        "catalog.Category",
        verbose_name=_("category"),
        null=True,
        blank=True,
        on_delete=models.CASCADE,
        related_name="checklists",
        help_text=_("Empty: for tickets of every category."),
    )
    items = ArrayField(models.CharField(max_length=200), verbose_name=_("items"))
    position = models.PositiveSmallIntegerField(_("position"), default=0)
    is_active = models.BooleanField(_("active"), default=True)

    class Meta:
        verbose_name = _("checklist template")
        verbose_name_plural = _("checklist templates")
        ordering = ["position", "name"]
        constraints = [models.CheckConstraint(condition=~Q(items=[]), name="checklisttemplate_not_empty")]
