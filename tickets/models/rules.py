"""Rows by which the administrator decides how tickets are graded and routed."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accounts.models import Organization
from outbox.audited import audited
from sla.choices import Severity
from tickets.choices import Impact, Urgency


@audited()
class SeverityCell(models.Model):
    """One cell of the matrix impact × urgency (mission.md 2.1)."""

    impact = models.CharField(_("scope of impact"), max_length=10, choices=Impact.choices)
    urgency = models.CharField(_("urgency"), max_length=10, choices=Urgency.choices)
    severity = models.CharField(_("severity"), max_length=1, choices=Severity.choices)

    class Meta:
        verbose_name = _("cell of the severity matrix")
        verbose_name_plural = _("severity matrix")
        constraints = [models.UniqueConstraint(fields=["impact", "urgency"], name="severitycell_once")]

    def __str__(self) -> str:
        return f"{self.impact} × {self.urgency} = {self.severity}"


@audited()
class SeverityRaise(models.Model):
    """Raises the grade of tickets whose organization has a service level, when switched on."""

    service_level = models.CharField(_("service level"), max_length=20, choices=Organization.ServiceLevel.choices)
    from_severity = models.CharField(pgettext_lazy("severity", "from"), max_length=1, choices=Severity.choices)
    to_severity = models.CharField(pgettext_lazy("severity", "to"), max_length=1, choices=Severity.choices)
    is_active = models.BooleanField(_("active"), default=False)

    class Meta:
        verbose_name = _("raise by service level")
        verbose_name_plural = _("raises by service level")
        constraints = [
            models.UniqueConstraint(fields=["service_level", "from_severity"], name="severityraise_once"),
            # A level that no organization has would never match, and nobody would be told.
            models.CheckConstraint(
                condition=Q(service_level__in=Organization.ServiceLevel.values), name="severityraise_level_known"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.service_level}: {self.from_severity} → {self.to_severity}"


class _KeywordRule(models.Model):
    """Keywords in Chinese and English; see `tickets.keywords` for how they are found in a text."""

    name = models.CharField(_("name"), max_length=120, unique=True)
    keywords = ArrayField(models.CharField(max_length=80), verbose_name=_("keywords"))
    position = models.PositiveIntegerField(_("position"), default=100)
    is_active = models.BooleanField(_("active"), default=True)

    class Meta:
        abstract = True
        ordering = ["position", "id"]

    def __str__(self) -> str:
        return self.name


@audited()
class SeverityWordRule(_KeywordRule):
    """What the customer did not say is asked of the words: the first rule that fires fills impact or urgency."""

    impact = models.CharField(_("scope of impact"), max_length=10, choices=Impact.choices, blank=True)
    urgency = models.CharField(_("urgency"), max_length=10, choices=Urgency.choices, blank=True)
    data_loss = models.BooleanField(_("means data was lost"), default=False)

    class Meta(_KeywordRule.Meta):
        verbose_name = _("severity word rule")
        verbose_name_plural = _("severity word rules")


@audited()
class TriageRule(_KeywordRule):
    """Words that speak for a category and a team; the heaviest sum wins."""

    weight = models.PositiveSmallIntegerField(_("weight"), default=1)
    category = models.ForeignKey(
        "catalog.Category",
        verbose_name=_("category"),
        null=True,
        blank=True,
        on_delete=models.CASCADE,
        related_name="triage_rules",
    )
    module = models.ForeignKey(
        "catalog.Module",
        verbose_name=_("product module"),
        null=True,
        blank=True,
        on_delete=models.CASCADE,
        related_name="+",
    )
    team = models.ForeignKey(
        "accounts.Team",
        verbose_name=_("team"),
        null=True,
        blank=True,
        on_delete=models.CASCADE,
        related_name="triage_rules",
    )

    class Meta(_KeywordRule.Meta):
        verbose_name = _("triage rule")
        verbose_name_plural = _("triage rules")
        constraints = [
            models.CheckConstraint(
                condition=Q(category__isnull=False) | Q(team__isnull=False) | Q(module__isnull=False),
                name="triagerule_says_something",
                violation_error_message=_("Name a category, a module or a team."),
            )
        ]
