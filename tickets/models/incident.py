"""Known incidents: a failure that many customers notice, told to all of them before each reports it by itself."""

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from outbox.bilingual import BilingualName, in_reader_language


class Incident(BilingualName):
    """What customers read about one failure: a headline (`name`), where it stands, and its news.

    Without modules it concerns everything. ``ticket`` is where colleagues work on it; customers never see that.
    """

    class State(models.TextChoices):
        INVESTIGATING = "investigating", pgettext_lazy("incident", "we look for the cause")
        IDENTIFIED = "identified", pgettext_lazy("incident", "the cause is found")
        MONITORING = "monitoring", pgettext_lazy("incident", "mended, we watch it")
        OVER = "over", pgettext_lazy("incident", "over")

    state = models.CharField(_("where it stands"), max_length=13, choices=State.choices)
    modules = models.ManyToManyField(
        "catalog.Module", verbose_name=_("product modules"), blank=True, related_name="incidents"
    )
    ticket = models.ForeignKey(
        "tickets.Ticket",
        verbose_name=_("ticket"),
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="incidents",
    )
    began_at = models.DateTimeField(_("told since"))
    ended_at = models.DateTimeField(_("over since"), null=True, blank=True)

    class Meta:
        verbose_name = _("known incident")
        verbose_name_plural = _("known incidents")
        ordering = ["-began_at", "-id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(state="over", ended_at__isnull=False) | (~Q(state="over") & Q(ended_at__isnull=True)),
                name="incident_over_iff_ended_at",
            ),
            models.CheckConstraint(
                condition=Q(state__in=["investigating", "identified", "monitoring", "over"]),
                name="incident_state_known",
            ),
        ]
        indexes = [
            models.Index(fields=["-began_at", "-id"], name="incident_open", condition=~Q(state="over")),
            models.Index(fields=["-ended_at", "-id"], name="incident_over", condition=Q(state="over")),
        ]

    @property
    def is_over(self) -> bool:
        return self.state == self.State.OVER


class IncidentNews(models.Model):
    """What was told at one instant; never rewritten, because customers have read it (a trigger refuses)."""

    incident = models.ForeignKey(Incident, on_delete=models.CASCADE, related_name="news", db_index=False)
    state = models.CharField(_("where it stands"), max_length=13, choices=Incident.State.choices)
    text = models.TextField(_("text"))
    text_en = models.TextField(_("text in English"), blank=True)
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("author"), null=True, on_delete=models.SET_NULL, related_name="+"
    )
    created_at = models.DateTimeField(_("told"))

    class Meta:
        verbose_name = _("news of an incident")
        verbose_name_plural = _("news of incidents")
        ordering = ["-id"]
        indexes = [models.Index(fields=["incident", "-id"], name="incidentnews_incident")]
        triggers = [
            pgtrigger.Protect(
                name="keeps_words", operation=pgtrigger.UpdateOf("state", "text", "text_en", "created_at")
            )
        ]

    def __str__(self) -> str:
        return self.words

    @property
    def words(self) -> str:
        """The text in the active language, falling back to the other one."""
        return in_reader_language(self.text, self.text_en)


class IncidentFollower(models.Model):
    """Somebody who hears the news of an incident."""

    incident = models.ForeignKey(Incident, on_delete=models.CASCADE, related_name="followers", db_index=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="followed_incidents")
    created_at = models.DateTimeField(_("since"))

    class Meta:
        verbose_name = _("follower of an incident")
        verbose_name_plural = _("followers of incidents")
        constraints = [models.UniqueConstraint(fields=["incident", "user"], name="incidentfollower_once")]

    def __str__(self) -> str:
        return f"{self.user_id} · {self.incident_id}"
