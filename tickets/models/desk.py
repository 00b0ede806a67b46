"""What a person's queue is like: views that were kept, and how far each ticket was read."""

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _


class SavedView(models.Model):
    """A state of the queue under a name: a built-in view, narrowed by filters, in an order, with its columns.

    Shared with a team it stands in everybody's queue there; only its owner changes it. A filter may come to name what
    is no longer there (a tag, a colleague who left): the queue says so, and finds nothing.
    """

    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("owner"),
        on_delete=models.CASCADE,
        related_name="saved_views",
        db_index=False,  # `savedview_position_once` begins with it
    )
    name = models.CharField(_("view name"), max_length=40)
    view = models.CharField(_("view"), max_length=20)
    filters = models.JSONField(_("filters"), default=dict, blank=True)
    sort = models.CharField(_("order"), max_length=20)
    columns = ArrayField(models.CharField(max_length=20), verbose_name=_("columns"))
    team = models.ForeignKey(
        "accounts.Team",
        verbose_name=_("shared with"),
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="saved_views",
    )
    position = models.PositiveSmallIntegerField(_("position"))
    created_at = models.DateTimeField(_("created"))

    class Meta:
        verbose_name = _("saved view")
        verbose_name_plural = _("saved views")
        ordering = ["position", "id"]
        constraints = [
            models.UniqueConstraint(
                "owner",
                Lower("name"),
                name="savedview_name_once",
                violation_error_message=_("You have a view of this name already."),
            ),
            models.UniqueConstraint(
                fields=["owner", "position"], name="savedview_position_once", deferrable=models.Deferrable.DEFERRED
            ),
            models.CheckConstraint(condition=~Q(name="") & ~Q(view="") & ~Q(sort=""), name="savedview_whole"),
            models.CheckConstraint(condition=Q(columns__len__gt=0), name="savedview_has_columns"),
        ]

    def __str__(self) -> str:
        return self.name


class TicketSeen(models.Model):
    """How far somebody has read a ticket: up to this event. Events carry no foreign key (they can be partitioned)."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    ticket = models.ForeignKey(
        "tickets.Ticket",
        on_delete=models.CASCADE,
        related_name="+",
        db_index=False,  # `ticketseen_once` begins with it
    )
    event_id = models.PositiveBigIntegerField()

    class Meta:
        verbose_name = _("read mark")
        verbose_name_plural = _("read marks")
        constraints = [models.UniqueConstraint(fields=["ticket", "user"], name="ticketseen_once")]

    def __str__(self) -> str:
        return f"{self.user_id}: {self.ticket_id} ≤ {self.event_id}"
