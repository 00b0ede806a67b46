"""A case that goes to another team or tier with its note (mission.md 5.4)."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


class Handover(models.Model):
    """What one team tells the next, and whether that one has understood it."""

    class State(models.TextChoices):
        OPEN = "open", pgettext_lazy("hand-over", "not acknowledged")
        ACKNOWLEDGED = "acknowledged", pgettext_lazy("hand-over", "acknowledged")
        RETURNED = "returned", pgettext_lazy("hand-over", "asked back")
        LAPSED = "lapsed", pgettext_lazy("hand-over", "lapsed")  # resolved or handed on before anybody answered

    ticket = models.ForeignKey("tickets.Ticket", on_delete=models.CASCADE, related_name="handovers")
    given_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("given by"), null=True, on_delete=models.SET_NULL, related_name="+"
    )
    from_team = models.ForeignKey(
        "accounts.Team", verbose_name=_("from team"), on_delete=models.PROTECT, related_name="+"
    )
    to_team = models.ForeignKey("accounts.Team", verbose_name=_("to team"), on_delete=models.PROTECT, related_name="+")
    to_user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("to person"),
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
    )
    symptom = models.TextField(_("symptom"))
    tried = models.TextField(_("what was tried"))
    asked = models.TextField(_("what is asked"))
    created_at = models.DateTimeField(_("handed over"))
    state = models.CharField(_("state"), max_length=12, choices=State.choices, default=State.OPEN)
    answered_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("answered by"),
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
    )
    answered_at = models.DateTimeField(_("answered"), null=True, blank=True)

    class Meta:
        verbose_name = _("hand-over")
        verbose_name_plural = _("hand-overs")
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(fields=["ticket"], condition=Q(state="open"), name="handover_one_open"),
            models.CheckConstraint(
                condition=Q(state="open", answered_at__isnull=True) | (~Q(state="open") & Q(answered_at__isnull=False)),
                name="handover_answered_iff_answered_at",
            ),
            models.CheckConstraint(
                condition=Q(state__in=["open", "acknowledged", "returned", "lapsed"]), name="handover_state_known"
            ),
            models.CheckConstraint(
                condition=~Q(symptom="") & ~Q(tried="") & ~Q(asked=""), name="handover_note_is_whole"
            ),
            models.CheckConstraint(condition=~Q(from_team=F("to_team")), name="handover_to_another_team"),
        ]
        # `handover_one_open` leads from a ticket to its open row; from a team to what it did not acknowledge yet:
        indexes = [models.Index(fields=["to_team", "created_at"], name="handover_waiting", condition=Q(state="open"))]

    def __str__(self) -> str:
        return f"{self.ticket_id}: {self.from_team_id} → {self.to_team_id}"
