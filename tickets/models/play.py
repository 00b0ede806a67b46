"""Working one ticket after the other: who holds which one, and what was put aside."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _


class TicketLease(models.Model):
    """A ticket that somebody has open as their next one. It expires by itself; nobody holds two."""

    ticket = models.OneToOneField("tickets.Ticket", on_delete=models.CASCADE, related_name="lease")
    user = models.OneToOneField(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    until = models.DateTimeField(_("until"))

    class Meta:
        verbose_name = _("held ticket")
        verbose_name_plural = _("held tickets")

    def __str__(self) -> str:
        return f"{self.ticket_id} · {self.user_id}"


class PutAside(models.Model):
    """A ticket that does not come to this person as the next one before `until`, unless something happens to it."""

    class Reason(models.TextChoices):
        WENT_ON = "went_on", _("went on to the next one")
        TOO_HARD = "too_hard", _("too hard for me")
        WAITING = "waiting", _("waits for something")
        NOT_MINE = "not_mine", _("not mine")
        OTHER = "other", _("another reason")

    ticket = models.ForeignKey(
        "tickets.Ticket",
        on_delete=models.CASCADE,
        related_name="put_aside",
        db_index=False,  # `putaside_once` begins with it
    )
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    reason = models.CharField(_("reason"), max_length=10, choices=Reason.choices)
    since = models.DateTimeField(_("put aside"))
    until = models.DateTimeField(_("until"))

    class Meta:
        verbose_name = _("ticket put aside")
        verbose_name_plural = _("tickets put aside")
        constraints = [
            models.UniqueConstraint(fields=["ticket", "user"], name="putaside_once"),
            models.CheckConstraint(
                condition=Q(reason__in=["went_on", "too_hard", "waiting", "not_mine", "other"]),
                name="putaside_reason_known",
            ),
            models.CheckConstraint(condition=Q(until__gt=F("since")), name="putaside_for_a_while"),
        ]
        indexes = [models.Index(fields=["until"], name="putaside_age")]

    def __str__(self) -> str:
        return f"{self.ticket_id} · {self.user_id} · {self.reason}"
