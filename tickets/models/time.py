"""Time that people spent on a ticket: written once, corrected by another entry, never rewritten."""

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


class TimeEntry(models.Model):
    """Some minutes of one person. An entry that ``takes_back`` another one counts against it with the same minutes."""

    ticket = models.ForeignKey("tickets.Ticket", on_delete=models.CASCADE, related_name="time_entries")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("who"), on_delete=models.PROTECT, related_name="time_entries"
    )
    minutes = models.PositiveSmallIntegerField(_("minutes"))
    day = models.DateField(_("day"), help_text=_("In the time zone of who spent the time."))
    words = models.CharField(_("on what"), max_length=200, blank=True)
    takes_back = models.OneToOneField(
        "self",
        verbose_name=_("takes back"),
        null=True,
        blank=True,
        on_delete=models.CASCADE,
        related_name="taken_back_by",
    )
    created_at = models.DateTimeField(_("entered"))

    class Meta:
        verbose_name = _("time entry")
        verbose_name_plural = _("time entries")
        ordering = ["pk"]
        constraints = [
            models.CheckConstraint(condition=Q(minutes__gte=1, minutes__lte=1440), name="timeentry_minutes_of_a_day"),
            models.CheckConstraint(condition=~Q(takes_back=models.F("id")), name="timeentry_takes_back_another"),
        ]
        triggers = [pgtrigger.Protect(name="timeentry_never_rewritten", operation=pgtrigger.Update)]

    def __str__(self) -> str:
        return f"{self.ticket_id}: {self.minutes}"
