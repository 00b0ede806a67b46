"""Webhooks out: the endpoint that an administrator sets up, how it is doing, and what it is told."""

import uuid

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from outbox.audited import audited


@audited()
class WebhookEndpoint(models.Model):
    """A program elsewhere that hears of chosen events.

    Its secret is sealed (`outbox.sealing`), so that neither a copy of the database nor the audit's rows tell it.
    """

    name = models.CharField(pgettext_lazy("webhook", "name"), max_length=80)
    url = models.CharField(_("address"), max_length=500)
    hears = ArrayField(models.CharField(max_length=60), verbose_name=_("events"))
    team = models.ForeignKey(
        "accounts.Team",
        verbose_name=_("team"),
        null=True,
        blank=True,
        on_delete=models.CASCADE,
        related_name="webhook_endpoints",
        help_text=_("Only of tickets that this team has at that moment."),
    )
    is_active = models.BooleanField(_("switched on"), default=True)
    sealed_secret = models.TextField(editable=False)
    sealed_previous = models.TextField(blank=True, editable=False)
    previous_until = models.DateTimeField(
        _("old secret until"), null=True, blank=True, editable=False, help_text=_("Both secrets are valid until then.")
    )
    created_at = models.DateTimeField(_("created"), editable=False)

    class Meta:
        verbose_name = _("webhook")
        verbose_name_plural = _("webhooks")
        ordering = ["name", "id"]
        constraints = [
            models.CheckConstraint(
                condition=~Q(name="") & ~Q(url="") & ~Q(sealed_secret=""),  # nosec B106
                name="webhook_whole",
            ),
            models.CheckConstraint(condition=Q(hears__len__gt=0), name="webhook_hears_something"),
            models.CheckConstraint(
                condition=Q(sealed_previous="", previous_until__isnull=True)
                | ~Q(sealed_previous="") & Q(previous_until__isnull=False),
                name="webhook_old_secret_ends",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class WebhookHealth(models.Model):
    """How an endpoint is doing. A row of its own, because every change of the endpoint itself is audited."""

    endpoint = models.OneToOneField(
        WebhookEndpoint, primary_key=True, on_delete=models.CASCADE, related_name="health", verbose_name=_("webhook")
    )
    failing_since = models.DateTimeField(_("failing since"), null=True, blank=True)
    failures = models.PositiveIntegerField(_("failures in a row"), default=0)
    paused_until = models.DateTimeField(_("paused until"), null=True, blank=True)
    answered_at = models.DateTimeField(_("last success"), null=True, blank=True)

    class Meta:
        verbose_name = _("state of a webhook")
        verbose_name_plural = _("states of webhooks")
        constraints = [
            models.CheckConstraint(
                condition=Q(failures=0, failing_since__isnull=True) | Q(failures__gt=0, failing_since__isnull=False),
                name="webhookhealth_failing_since",
            )
        ]

    def __str__(self) -> str:
        return f"{self.endpoint_id}: {self.failures}"


class WebhookCall(models.Model):
    """One event for one endpoint: written in the transaction of the event, sent afterwards, each stream in order."""

    class State(models.TextChoices):
        WAITING = "waiting", pgettext_lazy("webhook", "waiting")
        ACCEPTED = "accepted", pgettext_lazy("webhook", "accepted")
        DEAD = "dead", pgettext_lazy("webhook", "given up")

    endpoint = models.ForeignKey(
        WebhookEndpoint,
        verbose_name=_("webhook"),
        on_delete=models.CASCADE,
        related_name="calls",
        db_index=False,  # `webhookcall_listed` begins with it
    )
    key = models.UUIDField(
        _("ID"), default=uuid.uuid4, unique=True, help_text=_("The same in every attempt; the receiver keeps it.")
    )
    event = models.CharField(_("event"), max_length=60)
    stream = models.CharField(_("stream"), max_length=80)
    body = models.JSONField(_("body"))
    state = models.CharField(_("state"), max_length=10, choices=State.choices, default=State.WAITING)
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    created_at = models.DateTimeField(_("created"))
    next_attempt_at = models.DateTimeField(_("next attempt"))
    locked_until = models.DateTimeField(_("locked until"), null=True, blank=True)
    accepted_at = models.DateTimeField(pgettext_lazy("instant", "accepted"), null=True, blank=True)
    status = models.PositiveSmallIntegerField(_("HTTP status"), null=True, blank=True)
    answer = models.TextField(_("answer"), blank=True)
    last_error = models.TextField(_("last error"), blank=True)

    class Meta:
        verbose_name = _("webhook call")
        verbose_name_plural = _("webhook calls")
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=["waiting", "accepted", "dead"]), name="webhookcall_state_known"
            ),
            models.CheckConstraint(
                condition=Q(state="accepted", accepted_at__isnull=False)
                | ~Q(state="accepted") & Q(accepted_at__isnull=True),
                name="webhookcall_accepted_has_instant",
            ),
        ]
        indexes = [
            models.Index(fields=["next_attempt_at", "id"], name="webhookcall_due", condition=Q(state="waiting")),
            models.Index(fields=["endpoint", "stream", "id"], name="webhookcall_order", condition=Q(state="waiting")),
            models.Index(fields=["endpoint", "-id"], name="webhookcall_listed"),
            models.Index(fields=["endpoint", "-id"], name="webhookcall_given_up", condition=Q(state="dead")),
            models.Index(fields=["created_at"], name="webhookcall_age"),
        ]

    def __str__(self) -> str:
        return f"{self.event} → {self.endpoint_id}"
