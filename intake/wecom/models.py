"""Applications of WeCom, who their people are here, and what they wrote."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accounts.models import Team
from catalog.models import Module
from outbox.audited import audited
from tickets.models import Ticket

API_BASE = "https://qyapi.weixin.qq.com"


@audited()
class WecomApp(models.Model):
    """An application whose callback leads here. Its token, its key and its secret are sealed (`outbox.sealing`)."""

    class Newcomers(models.TextChoices):
        HOLD = "hold", _("their messages wait until somebody says who they are")
        CREATE = "create", _("they become customers, known by their WeCom ID")

    name = models.CharField(_("name"), max_length=120, unique=True)
    corp_id = models.CharField(_("corporation ID"), max_length=64, help_text=_("“CorpID” in WeCom's console."))
    sealed_token = models.TextField(editable=False)
    sealed_key = models.TextField(editable=False)
    agent_id = models.PositiveIntegerField(
        "AgentId",
        null=True,
        blank=True,
        help_text=_("Of the application, in WeCom's console. Without it nobody is answered by WeCom."),
    )
    sealed_secret = models.TextField(blank=True, editable=False)
    api_base = models.CharField(
        _("address of WeCom"),
        max_length=200,
        default=API_BASE,
        help_text=_("Another one only where WeCom runs in your own house."),
    )
    team = models.ForeignKey(
        Team,
        verbose_name=_("team"),
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
        help_text=_("Whose work its messages are; none: the rules decide."),
    )
    module = models.ForeignKey(
        Module, verbose_name=_("product module"), null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    newcomers = models.CharField(
        _("people who are not known"), max_length=10, choices=Newcomers.choices, default=Newcomers.HOLD
    )
    language = models.CharField(
        _("language"),
        max_length=10,
        choices=[("zh-hans", _("Simplified Chinese")), ("en", _("English"))],
        default="zh-hans",
    )
    is_active = models.BooleanField(_("active"), default=True)

    class Meta:
        verbose_name = _("WeCom application")
        verbose_name_plural = _("WeCom applications")
        ordering = ["name"]
        constraints = [
            models.CheckConstraint(condition=Q(newcomers__in=["hold", "create"]), name="wecomapp_newcomers_known"),
            models.CheckConstraint(condition=Q(language__in=["zh-hans", "en"]), name="wecomapp_language_known"),
            models.CheckConstraint(
                condition=Q(api_base__startswith="https://") | Q(api_base__startswith="http://"),
                name="wecomapp_api_base",
            ),
            models.CheckConstraint(
                condition=Q(agent_id__isnull=True) | ~Q(sealed_secret=""),  # nosec B106
                name="wecomapp_agent_has_secret",
                violation_error_message=_("An AgentId needs the application's secret."),
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def may_send(self) -> bool:
        """Whether it may answer people, and not only hear them."""
        return self.is_active and self.agent_id is not None and bool(self.sealed_secret)


@audited()
class WecomPerson(models.Model):
    """Who somebody is here that WeCom knows by an ID of its own."""

    app = models.ForeignKey(
        WecomApp, verbose_name=_("WeCom application"), on_delete=models.CASCADE, related_name="people"
    )
    userid = models.CharField(_("WeCom ID"), max_length=64)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("user"), on_delete=models.CASCADE, related_name="+"
    )

    class Meta:
        verbose_name = _("person of WeCom")
        verbose_name_plural = _("people of WeCom")
        ordering = ["userid"]
        constraints = [models.UniqueConstraint("app", Lower("userid"), name="wecomperson_once")]

    def __str__(self) -> str:
        return f"{self.userid} → {self.user}"


class WecomMessage(models.Model):
    """What came, as it was decrypted, before anybody looked at it; `key` makes a repetition the same row."""

    class State(models.TextChoices):
        PENDING = "pending", _("pending")
        DONE = "done", pgettext_lazy("received", "taken in")
        HELD = "held", pgettext_lazy("received", "waits for a person")
        FAILED = "failed", pgettext_lazy("received", "not understood")
        DISMISSED = "dismissed", pgettext_lazy("received", "put away")

    app = models.ForeignKey(
        WecomApp, verbose_name=_("WeCom application"), on_delete=models.CASCADE, related_name="received"
    )
    key = models.CharField(max_length=80)
    userid = models.CharField(_("WeCom ID"), max_length=64)
    kind = models.CharField(pgettext_lazy("message", "kind"), max_length=20)
    xml = models.TextField(_("body"))
    received_at = models.DateTimeField(_("received"))
    state = models.CharField(_("state"), max_length=10, choices=State.choices, default=State.PENDING)
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    next_attempt_at = models.DateTimeField(_("next attempt"))
    processed_at = models.DateTimeField(_("processed"), null=True)
    error = models.TextField(_("error"), blank=True)
    ticket = models.ForeignKey(Ticket, verbose_name=_("ticket"), null=True, on_delete=models.SET_NULL, related_name="+")

    class Meta:
        verbose_name = _("received WeCom message")
        verbose_name_plural = _("received WeCom messages")
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["app", "key"], name="wecommessage_once"),
            models.CheckConstraint(
                condition=Q(state__in=["pending", "done", "held", "failed", "dismissed"]),
                name="wecommessage_state_known",
            ),
        ]
        indexes = [
            models.Index(fields=["id"], name="wecommessage_pending", condition=Q(state="pending")),
            models.Index(fields=["app", "userid"], name="wecommessage_held", condition=Q(state="held")),
            models.Index(fields=["received_at"], name="wecommessage_age"),
        ]

    def __str__(self) -> str:
        return f"{self.userid} #{self.pk}"
