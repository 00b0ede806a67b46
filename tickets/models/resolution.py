"""How the cycles of a ticket ended, and what its customer contested."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from sla.choices import Severity


class Resolution(models.Model):
    """How one cycle of a ticket ended: cause, solution and how it was verified (mission.md 5.3, 5.5)."""

    class Verification(models.TextChoices):
        CUSTOMER = "customer", _("the customer will confirm it")
        TEST = "test", _("tested by us")
        MONITORING = "monitoring", _("seen in monitoring")

    ticket = models.ForeignKey("tickets.Ticket", on_delete=models.CASCADE, related_name="resolutions")
    cycle = models.PositiveIntegerField()
    cause = models.TextField(_("cause"))
    solution = models.TextField(_("solution"))
    verification = models.CharField(_("how it was verified"), max_length=12, choices=Verification.choices)
    proof = models.TextField(_("proof"), blank=True)
    resolved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="resolutions"
    )
    resolved_at = models.DateTimeField(pgettext_lazy("instant", "resolved"))
    close_due_at = models.DateTimeField(_("closes by itself"))
    confirmed_at = models.DateTimeField(_("confirmed by the customer"), null=True, blank=True)
    refuted_at = models.DateTimeField(_("«not solved» by the customer"), null=True, blank=True)

    class Meta:
        verbose_name = _("resolution")
        verbose_name_plural = _("resolutions")
        ordering = ["-cycle"]
        constraints = [
            models.UniqueConstraint(fields=["ticket", "cycle"], name="resolution_once_per_cycle"),
            models.CheckConstraint(
                condition=Q(confirmed_at__isnull=True) | Q(refuted_at__isnull=True), name="resolution_one_answer"
            ),
        ]
        indexes = [
            models.Index(
                fields=["close_due_at"],
                name="resolution_silent",
                condition=Q(confirmed_at__isnull=True, refuted_at__isnull=True),
            ),
            models.Index(fields=["resolved_at"], name="resolution_resolved"),
        ]

    def __str__(self) -> str:
        return f"{self.ticket_id}.{self.cycle}"


class SeverityContest(models.Model):
    """The customer finds the grade wrong and says why; the lead decides (mission.md 2.6)."""

    class State(models.TextChoices):
        OPEN = "open", pgettext_lazy("contest", "open")
        ACCEPTED = "accepted", pgettext_lazy("contest", "accepted")
        DECLINED = "declined", pgettext_lazy("contest", "declined")
        LAPSED = "lapsed", pgettext_lazy("contest", "lapsed")  # the ticket was resolved before anybody decided

    ticket = models.ForeignKey(
        "tickets.Ticket", verbose_name=_("ticket"), on_delete=models.CASCADE, related_name="contests"
    )
    wanted = models.CharField(_("wanted severity"), max_length=1, choices=Severity.choices)
    reason = models.TextField(_("reason"))
    state = models.CharField(_("state"), max_length=10, choices=State.choices, default=State.OPEN)
    raised_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("contested by"), null=True, on_delete=models.SET_NULL, related_name="+"
    )
    raised_at = models.DateTimeField(_("contested"))
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("decided by"),
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
    )
    decided_at = models.DateTimeField(_("decided"), null=True, blank=True)
    answer = models.TextField(_("answer"), blank=True)

    class Meta:
        verbose_name = _("contested severity")
        verbose_name_plural = _("contested severities")
        ordering = ["-raised_at"]
        constraints = [
            models.UniqueConstraint(fields=["ticket"], condition=Q(state="open"), name="contest_one_open"),
            models.CheckConstraint(
                condition=Q(state="open", decided_at__isnull=True) | (~Q(state="open") & Q(decided_at__isnull=False)),
                name="contest_decided_iff_decided_at",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.ticket_id}: {self.wanted}"
