"""Sources of alerts, the alerts they sent, and what was received word for word."""

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accounts.models import Team
from catalog.models import Module
from outbox.audited import audited
from tickets.choices import Impact, Urgency
from tickets.models import Ticket

_GRADES_KNOWN = Q(impact__in=Impact.values, urgency__in=Urgency.values)


@audited()
class AlertSource(models.Model):
    """A monitoring system that sends its alerts here."""

    class Kind(models.TextChoices):
        ALERTMANAGER = "alertmanager", "Prometheus Alertmanager"
        GRAFANA = "grafana", "Grafana"
        ZABBIX = "zabbix", "Zabbix"
        GENERIC = "generic", _("another one (JSON)")

    class Proof(models.TextChoices):
        TOKEN = "token", _("a key in the header “Authorization: Bearer”")
        HMAC = "hmac", _("a signature of the body (HMAC-SHA256)")

    name = models.CharField(_("name"), max_length=120, unique=True)
    code = models.SlugField(
        _("code"), max_length=40, unique=True, help_text=_("Part of the address that the alerts are sent to.")
    )
    kind = models.CharField(pgettext_lazy("source", "kind"), max_length=20, choices=Kind.choices)
    proof = models.CharField(_("how it proves itself"), max_length=10, choices=Proof.choices, default=Proof.TOKEN)
    key_prefix = models.CharField(_("key begins with"), max_length=12, blank=True, editable=False)
    key_hash = models.CharField(max_length=64, blank=True, editable=False)
    sealed_key = models.TextField(blank=True, editable=False)
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, editable=False, null=True, related_name="+"
    )
    team = models.ForeignKey(
        Team,
        verbose_name=_("team"),
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
        help_text=_("Whose work its alerts are; none: the rules decide by module and words."),
    )
    module = models.ForeignKey(
        Module, verbose_name=_("product module"), null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    impact = models.CharField(
        _("scope of impact"),
        max_length=10,
        choices=Impact.choices,
        default=Impact.FEW,
        help_text=_("For alerts whose severity is not in the list below."),
    )
    urgency = models.CharField(_("urgency"), max_length=10, choices=Urgency.choices, default=Urgency.IMPAIRED)
    language = models.CharField(
        _("language"),
        max_length=10,
        choices=[("zh-hans", _("Simplified Chinese")), ("en", _("English"))],
        default="zh-hans",
    )
    mapping = models.JSONField(_("mapping"), default=dict, blank=True, editable=False)
    resolves = models.BooleanField(
        _("resolves by itself"),
        default=False,
        help_text=_("When all alerts of a ticket are over, the ticket is resolved. Otherwise it is only noted."),
    )
    storm_above = models.PositiveSmallIntegerField(
        _("tickets before it is a storm"), default=5, validators=[MinValueValidator(1), MaxValueValidator(100)]
    )
    storm_minutes = models.PositiveSmallIntegerField(
        _("within minutes"), default=10, validators=[MinValueValidator(1), MaxValueValidator(1440)]
    )
    is_active = models.BooleanField(_("active"), default=True)

    class Meta:
        verbose_name = _("monitoring source")
        verbose_name_plural = _("monitoring sources")
        ordering = ["name"]
        constraints = [
            models.CheckConstraint(
                condition=Q(kind__in=["alertmanager", "grafana", "zabbix", "generic"]), name="alertsource_kind_known"
            ),
            models.CheckConstraint(condition=Q(proof__in=["token", "hmac"]), name="alertsource_proof_known"),
            models.CheckConstraint(condition=_GRADES_KNOWN, name="alertsource_grade_known"),
            models.CheckConstraint(condition=Q(language__in=["zh-hans", "en"]), name="alertsource_language_known"),
            models.CheckConstraint(
                condition=Q(storm_above__range=(1, 100), storm_minutes__range=(1, 1440)), name="alertsource_storm_sane"
            ),
        ]

    def __str__(self) -> str:
        return self.name


@audited()
class AlertGrade(models.Model):
    """What one word of severity of a source means in our terms."""

    source = models.ForeignKey(
        AlertSource, verbose_name=_("monitoring source"), on_delete=models.CASCADE, related_name="grades"
    )
    word = models.CharField(_("severity of the source"), max_length=60)
    impact = models.CharField(_("scope of impact"), max_length=10, choices=Impact.choices)
    urgency = models.CharField(_("urgency"), max_length=10, choices=Urgency.choices)

    class Meta:
        verbose_name = _("severity of a source")
        verbose_name_plural = _("severities of a source")
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint("source", Lower("word"), name="alertgrade_once"),
            models.CheckConstraint(condition=_GRADES_KNOWN, name="alertgrade_known"),
        ]

    def __str__(self) -> str:
        return f"{self.source}: {self.word}"


class AlertStorm(models.Model):
    """Much fires at once: from here on one ticket takes everything of the source, or of one group of it."""

    source = models.ForeignKey(AlertSource, on_delete=models.CASCADE, related_name="storms")
    group = models.CharField(max_length=64, blank=True)
    ticket = models.ForeignKey(Ticket, on_delete=models.CASCADE, related_name="+")
    began_at = models.DateTimeField(_("began"))
    last_at = models.DateTimeField(_("last alert"))

    class Meta:
        verbose_name = _("alert storm")
        verbose_name_plural = _("alert storms")
        indexes = [models.Index(fields=["source", "group", "-last_at"], name="alertstorm_newest")]

    def __str__(self) -> str:
        return f"{self.source} {self.began_at:%Y-%m-%d %H:%M}"


class Alert(models.Model):
    """What one source calls one thing, by its fingerprint, over all the times that it fired."""

    class State(models.TextChoices):
        FIRING = "firing", pgettext_lazy("alert", "firing")
        RESOLVED = "resolved", pgettext_lazy("alert", "over")

    source = models.ForeignKey(
        AlertSource, verbose_name=_("monitoring source"), on_delete=models.CASCADE, related_name="alerts"
    )
    fingerprint = models.CharField(_("fingerprint"), max_length=200)
    name = models.CharField(_("name"), max_length=200)
    summary = models.TextField(_("summary"), blank=True)
    severity = models.CharField(_("severity of the source"), max_length=60, blank=True)
    labels = models.JSONField(_("labels"), default=dict)
    url = models.CharField(_("address in the source"), max_length=1000, blank=True)
    group = models.CharField(max_length=64, blank=True)
    state = models.CharField(_("state"), max_length=10, choices=State.choices)
    episode = models.CharField(max_length=120, blank=True)
    started_at = models.DateTimeField(_("fires since"), null=True)
    first_seen_at = models.DateTimeField(_("first seen"))
    last_seen_at = models.DateTimeField(_("last seen"))
    resolved_at = models.DateTimeField(pgettext_lazy("alert", "over since"), null=True)
    count = models.PositiveIntegerField(_("times told"), default=0)
    ticket = models.ForeignKey(
        Ticket, verbose_name=_("ticket"), null=True, on_delete=models.SET_NULL, related_name="alerts"
    )
    opened_at = models.DateTimeField(_("made its ticket"), null=True)

    class Meta:
        verbose_name = _("alert")
        verbose_name_plural = _("alerts")
        constraints = [
            models.UniqueConstraint(fields=["source", "fingerprint"], name="alert_once"),
            models.CheckConstraint(condition=Q(state__in=["firing", "resolved"]), name="alert_state_known"),
        ]
        indexes = [
            models.Index(fields=["source", "opened_at"], name="alert_opened", condition=Q(opened_at__isnull=False)),
        ]

    def __str__(self) -> str:
        return self.name


class AlertPost(models.Model):
    """What was received, word for word, before anybody looked at it; forgotten after some days."""

    class State(models.TextChoices):
        PENDING = "pending", _("pending")
        DONE = "done", pgettext_lazy("received", "taken in")
        FAILED = "failed", pgettext_lazy("received", "not understood")

    source = models.ForeignKey(
        AlertSource, verbose_name=_("monitoring source"), on_delete=models.CASCADE, related_name="posts"
    )
    body = models.TextField(_("body"))
    received_at = models.DateTimeField(_("received"))
    state = models.CharField(_("state"), max_length=10, choices=State.choices, default=State.PENDING)
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    next_attempt_at = models.DateTimeField(_("next attempt"))
    processed_at = models.DateTimeField(_("processed"), null=True)
    outcome = models.JSONField(_("outcome"), default=dict)
    error = models.TextField(_("error"), blank=True)

    class Meta:
        verbose_name = _("received alert message")
        verbose_name_plural = _("received alert messages")
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(condition=Q(state__in=["pending", "done", "failed"]), name="alertpost_state_known")
        ]
        indexes = [
            models.Index(fields=["id"], name="alertpost_pending", condition=Q(state="pending")),
            models.Index(fields=["source", "-id"], name="alertpost_newest"),
            models.Index(fields=["received_at"], name="alertpost_age"),
        ]

    def __str__(self) -> str:
        return f"#{self.pk}"
