"""The root cause report of a resolution (mission.md 6.3)."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


class CauseReport(models.Model):
    """What happened, why, and what keeps it from coming back; for colleagues, one of each resolution."""

    resolution = models.OneToOneField("tickets.Resolution", on_delete=models.CASCADE, related_name="cause_report")
    course = models.TextField(_("what happened"))
    cause = models.TextField(_("root cause"))
    prevention = models.TextField(_("what keeps it from coming back"))
    written_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("written by"), null=True, on_delete=models.SET_NULL, related_name="+"
    )
    written_at = models.DateTimeField(_("written"))

    class Meta:
        verbose_name = _("root cause report")
        verbose_name_plural = _("root cause reports")
        constraints = [
            models.CheckConstraint(
                condition=~Q(course="") & ~Q(cause="") & ~Q(prevention=""), name="causereport_is_whole"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.resolution_id}: {self.cause[:40]}"
