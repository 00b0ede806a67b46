"""What customers say afterwards."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

_SCORE = Q(resolution_score__isnull=True) | Q(resolution_score__range=(1, 5))


class Survey(models.Model):
    """The three questions after a resolution (mission.md 8.1): one per resolution, answered once."""

    class Via(models.TextChoices):
        LINK = "link", _("by the link")
        CALL = "call", _("by a call")

    ticket = models.ForeignKey(
        "tickets.Ticket", verbose_name=_("ticket"), on_delete=models.CASCADE, related_name="surveys"
    )
    cycle = models.PositiveIntegerField(_("resolution cycle"))
    customer = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("customer"), on_delete=models.CASCADE, related_name="surveys"
    )
    created_at = models.DateTimeField(_("sent"))
    expires_at = models.DateTimeField(_("expires"))
    answered_at = models.DateTimeField(_("answered"), null=True, blank=True)
    via = models.CharField(_("how"), max_length=5, choices=Via.choices, blank=True)
    logged_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("logged by"),
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
    )
    resolution_score = models.PositiveSmallIntegerField(_("degree of resolution"), null=True, blank=True)
    speed_score = models.PositiveSmallIntegerField(_("speed"), null=True, blank=True)
    attitude_score = models.PositiveSmallIntegerField(_("attitude"), null=True, blank=True)
    is_solved = models.BooleanField(_("truly solved"), null=True, blank=True)
    suggestion = models.TextField(_("suggestion"), blank=True)
    hidden_need = models.TextField(_("hidden need"), blank=True)

    class Meta:
        verbose_name = _("survey")
        verbose_name_plural = _("surveys")
        ordering = ["-created_at"]
        constraints = [
            models.UniqueConstraint(fields=["ticket", "cycle"], name="survey_once_per_resolution"),
            models.CheckConstraint(condition=_SCORE, name="survey_resolution_1_to_5"),
            models.CheckConstraint(
                condition=Q(speed_score__isnull=True) | Q(speed_score__range=(1, 5)), name="survey_speed_1_to_5"
            ),
            models.CheckConstraint(
                condition=Q(attitude_score__isnull=True) | Q(attitude_score__range=(1, 5)),
                name="survey_attitude_1_to_5",
            ),
            models.CheckConstraint(
                condition=Q(answered_at__isnull=True, is_solved__isnull=True)
                | Q(answered_at__isnull=False, is_solved__isnull=False),
                name="survey_answer_whole",
            ),
        ]
        indexes = [models.Index(fields=["answered_at"], name="survey_answered", condition=Q(answered_at__isnull=False))]

    def __str__(self) -> str:
        return f"{self.ticket} · {self.cycle}"
