"""Every outgoing message is a row here before it is anything else.

An `Intent` says that something should be told, written in the transaction of the change that it tells of.
A `Delivery` is one message to one recipient by one channel, made when the intent is resolved. Neither holds
a readable secret: bodies are rendered when they are sent.
"""

import ipaddress

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from outbox.audited import audited
from outbox.kept_answers import KeptAnswer
from outbox.webhook_models import WebhookCall, WebhookEndpoint, WebhookHealth

__all__ = [
    "AllowedNetwork",
    "ClockShift",
    "Delivery",
    "Heartbeat",
    "Intent",
    "KeptAnswer",
    "MailboxMessage",
    "RateWindow",
    "Robot",
    "WebhookCall",
    "WebhookEndpoint",
    "WebhookHealth",
]


class Intent(models.Model):
    """«Tell whom it concerns that this happened»: recipients are found when it is resolved, not when it is written."""

    class State(models.TextChoices):
        PENDING = "pending", _("pending")
        RESOLVED = "resolved", pgettext_lazy("outgoing intent", "resolved")
        DEAD = "dead", _("given up")

    kind = models.CharField(_("kind"), max_length=60)
    payload = models.JSONField(_("payload"), default=dict)
    stream = models.CharField(_("stream"), max_length=80, help_text=_("Messages of one stream leave in order."))
    dedupe_key = models.CharField(_("key against doubles"), max_length=160, null=True, blank=True, unique=True)
    state = models.CharField(_("state"), max_length=10, choices=State.choices, default=State.PENDING)
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    created_at = models.DateTimeField(_("created"))
    available_at = models.DateTimeField(_("not before"))
    last_error = models.TextField(_("last error"), blank=True)

    class Meta:
        verbose_name = _("outgoing intent")
        verbose_name_plural = _("outgoing intents")
        constraints = [
            models.CheckConstraint(condition=Q(state__in=["pending", "resolved", "dead"]), name="intent_state_known")
        ]
        indexes = [
            models.Index(fields=["available_at", "id"], name="intent_pending", condition=Q(state="pending")),
            models.Index(fields=["stream", "id"], name="intent_stream", condition=Q(state="pending")),
        ]

    def __str__(self) -> str:
        return f"{self.kind} #{self.pk}"


class Delivery(models.Model):
    """One message to one recipient by one channel. Sent is written after sending; a crash in between may repeat it."""

    class Channel(models.TextChoices):
        MAIL = "mail", pgettext_lazy("channel", "e-mail")
        PAGE = "page", _("in the page")
        ROBOT = "robot", _("chat robot")
        WECOM = "wecom", pgettext_lazy("channel", "WeCom")

    class State(models.TextChoices):
        QUEUED = "queued", _("queued")
        ACCEPTED = "accepted", _("accepted")
        SUPPRESSED = "suppressed", _("held back by a limit")
        BOUNCED = "bounced", _("bounced")
        DEAD = "dead", _("given up")
        SETTLED = "settled", _("settled before it was sent")

    intent = models.ForeignKey(
        Intent, verbose_name=_("outgoing intent"), on_delete=models.CASCADE, related_name="deliveries"
    )
    channel = models.CharField(_("channel"), max_length=10, choices=Channel.choices)
    recipient = models.CharField(_("recipient"), max_length=120, help_text=_("user:ID or mail:ADDRESS"))
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("user"),
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="deliveries",
    )
    address = models.CharField(_("address"), max_length=254, blank=True)
    language = models.CharField(_("language"), max_length=10, default="zh-hans")
    batch = models.UUIDField(_("batch"), help_text=_("Deliveries of one batch leave as one message."))
    stream = models.CharField(_("stream"), max_length=80)
    message_id = models.CharField(_("message ID"), max_length=160, blank=True)
    state = models.CharField(_("state"), max_length=10, choices=State.choices, default=State.QUEUED)
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    created_at = models.DateTimeField(_("created"))
    next_attempt_at = models.DateTimeField(_("next attempt"))
    quiet_until = models.DateTimeField(
        _("quiet until"), null=True, blank=True, help_text=_("It waits for the end of its reader's quiet hours.")
    )
    locked_until = models.DateTimeField(_("locked until"), null=True, blank=True)
    accepted_at = models.DateTimeField(pgettext_lazy("instant", "accepted"), null=True, blank=True)
    seen_at = models.DateTimeField(_("seen"), null=True, blank=True)
    last_error = models.TextField(_("last error"), blank=True)
    parts_sent = models.PositiveSmallIntegerField(
        _("parts sent"), default=0, db_default=0, help_text=_("Of a long message of a chat service.")
    )

    class Meta:
        verbose_name = _("delivery")
        verbose_name_plural = _("deliveries")
        constraints = [
            models.UniqueConstraint(fields=["intent", "recipient", "channel"], name="delivery_once"),
            models.CheckConstraint(
                condition=Q(state__in=["queued", "accepted", "suppressed", "bounced", "dead", "settled"]),
                name="delivery_state_known",
            ),
        ]
        indexes = [
            models.Index(fields=["next_attempt_at", "id"], name="delivery_due", condition=Q(state="queued")),
            models.Index(fields=["stream", "id"], name="delivery_stream", condition=Q(state="queued")),
            models.Index(
                fields=["user", "-id"], name="delivery_unseen", condition=Q(channel="page", seen_at__isnull=True)
            ),
            models.Index(fields=["batch"], name="delivery_batch"),
            models.Index(fields=["recipient", "-id"], name="delivery_robot", condition=Q(channel="robot")),
            models.Index(fields=["stream", "recipient"], name="delivery_thread", condition=Q(channel="mail")),
            models.Index(fields=["stream"], name="delivery_bounced", condition=Q(state="bounced")),
            # Few among millions, and a page lists them.
            models.Index(
                fields=["-id"], name="delivery_given_up", condition=Q(state__in=["dead", "bounced", "suppressed"])
            ),
        ]

    def __str__(self) -> str:
        return f"{self.channel} → {self.recipient}"


class MailboxMessage(models.Model):
    """A mail of demo mode: kept in the house instead of being sent, readable by the administrator."""

    message_id = models.CharField(_("message ID"), max_length=160, db_index=True)
    to = models.CharField(_("to"), max_length=500)
    subject = models.CharField(_("subject"), max_length=998)
    text = models.TextField(_("text"))
    html = models.TextField(_("HTML"), blank=True)
    headers = models.JSONField(_("headers"), default=dict)
    received_at = models.DateTimeField(_("received"))

    class Meta:
        verbose_name = _("demo mail")
        verbose_name_plural = _("demo mails")
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"{self.to}: {self.subject}"


class Heartbeat(models.Model):
    """A canary: beat rings, a worker does its work, the database keeps the instant. `/readyz` reads its age."""

    name = models.CharField(_("name"), max_length=40, primary_key=True)
    beat_at = models.DateTimeField(_("last beat"))

    class Meta:
        verbose_name = _("heartbeat")
        verbose_name_plural = _("heartbeats")

    def __str__(self) -> str:
        return self.name


class RateWindow(models.Model):
    """How often something happened in one window; counted by one atomic upsert (see `outbox.limits`)."""

    key = models.CharField(max_length=160)
    window_started_at = models.DateTimeField()
    count = models.PositiveIntegerField(default=0)

    class Meta:
        verbose_name = _("rate window")
        verbose_name_plural = _("rate windows")
        constraints = [models.UniqueConstraint(fields=["key", "window_started_at"], name="ratewindow_once")]
        indexes = [models.Index(fields=["window_started_at"], name="ratewindow_age")]

    def __str__(self) -> str:
        return f"{self.key}: {self.count}"


class ClockShift(models.Model):
    """The test clock's shift; the table stays empty outside tests and is read in TEST_CLOCK mode only."""

    shift = models.DurationField()

    class Meta:
        verbose_name = _("test clock shift")
        verbose_name_plural = _("test clock shifts")
        constraints = [models.CheckConstraint(condition=Q(pk=1), name="clockshift_one_row")]

    def __str__(self) -> str:
        return str(self.shift)


@audited()
class AllowedNetwork(models.Model):
    """A private network that outgoing calls may reach (`outbox.web`): a chat server or a hook inside the house."""

    network = models.CharField(
        _("network"), max_length=50, unique=True, help_text=_("For example 10.20.0.0/16, or one address.")
    )
    note = models.CharField(_("what is there"), max_length=200, blank=True)

    class Meta:
        verbose_name = _("allowed private network")
        verbose_name_plural = _("allowed private networks")
        ordering = ["network"]

    def __str__(self) -> str:
        return self.network

    def clean(self) -> None:
        try:
            self.network = str(ipaddress.ip_network(self.network.strip(), strict=False))
        except ValueError:
            raise ValidationError({"network": _("This is no network address.")}) from None


@audited()
class Robot(models.Model):
    """A robot of a chat group that tells of chosen events. Address and key are sealed (`outbox.sealing`)."""

    class Kind(models.TextChoices):
        WECOM = "wecom", _("WeCom")
        DINGTALK = "dingtalk", _("DingTalk")
        FEISHU = "feishu", _("Feishu")
        SLACK = "slack", _("Slack or compatible")

    name = models.CharField(_("name"), max_length=120, unique=True)
    kind = models.CharField(pgettext_lazy("robot", "kind"), max_length=10, choices=Kind.choices)
    host = models.CharField(_("where it is"), max_length=253, editable=False)
    sealed_address = models.TextField(editable=False)
    sealed_secret = models.TextField(blank=True, editable=False)
    team = models.ForeignKey(
        "accounts.Team",
        verbose_name=_("team"),
        null=True,
        blank=True,
        on_delete=models.CASCADE,
        related_name="+",
        help_text=_("Of which team's tickets it tells; none: of all."),
    )
    tells = ArrayField(models.CharField(max_length=60), verbose_name=_("tells of"), default=list)
    language = models.CharField(
        _("language"),
        max_length=10,
        choices=[("zh-hans", _("Simplified Chinese")), ("en", _("English"))],
        default="zh-hans",
    )
    per_minute = models.PositiveSmallIntegerField(
        _("messages a minute"),
        default=20,
        help_text=_("More than the chat service takes is put together into one message."),
    )
    is_active = models.BooleanField(_("active"), default=True)

    class Meta:
        verbose_name = _("chat robot")
        verbose_name_plural = _("chat robots")
        ordering = ["name"]
        constraints = [
            models.CheckConstraint(
                condition=Q(kind__in=["wecom", "dingtalk", "feishu", "slack"]), name="robot_kind_known"
            ),
            models.CheckConstraint(condition=Q(language__in=["zh-hans", "en"]), name="robot_language_known"),
            models.CheckConstraint(condition=Q(per_minute__range=(1, 600)), name="robot_per_minute_sane"),
            models.CheckConstraint(condition=~Q(sealed_address=""), name="robot_has_address"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def key(self) -> str:
        """What stands as recipient in its deliveries."""
        return f"robot:{self.pk}"


from outbox.mail_models import Digest, DigestLine, MailHabit, Preference, Wording  # noqa: E402, F401  (their home)
