"""Widgets that stand on sites, the conversations begun there, and which message came by which sending."""

import secrets
from datetime import datetime, timedelta

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.utils.translation import gettext_lazy as _

from accounts.models import Team
from catalog.models import Module
from intake.chat.origins import MOST_ORIGINS, validate_origin
from outbox.audited import audited
from outbox.bilingual import in_reader_language
from sla.models import Calendar
from tickets.models import Message, Ticket

#: So long after the last word of either side the secret of a conversation still opens it.
SECRET_LASTS = timedelta(days=30)
#: In place of the hash of a secret that opens nothing any more.
FORGOTTEN = ""


def new_token() -> str:
    """The public name of a widget. It stands in the source of the site and proves nothing; but nobody guesses one."""
    return secrets.token_urlsafe(24)


@audited()
class ChatWidget(models.Model):
    """The chat of one site, or of several that share it."""

    name = models.CharField(_("name"), max_length=120, unique=True)
    token = models.CharField(_("token"), max_length=40, unique=True, default=new_token, editable=False)
    origins = ArrayField(
        models.CharField(max_length=200, validators=[validate_origin]),
        verbose_name=_("allowed sites"),
        default=list,
        blank=True,
        size=MOST_ORIGINS,
    )
    language = models.CharField(
        _("language"),
        max_length=10,
        blank=True,
        choices=[("", _("that of the browser")), ("zh-hans", _("Simplified Chinese")), ("en", _("English"))],
    )
    team = models.ForeignKey(
        Team,
        verbose_name=_("team"),
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
        help_text=_("Who talks to visitors; none: the rules decide, and somebody of any team has to be there."),
    )
    module = models.ForeignKey(
        Module, verbose_name=_("product module"), null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    calendar = models.ForeignKey(
        Calendar,
        verbose_name=_("hours of the live chat"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        help_text=_("A working calendar; none: whenever somebody of the team is on duty."),
    )
    greeting = models.CharField(_("greeting"), max_length=200, blank=True)
    greeting_en = models.CharField(_("greeting in English"), max_length=200, blank=True)
    is_active = models.BooleanField(_("active"), default=True)

    class Meta:
        verbose_name = _("chat widget")
        verbose_name_plural = _("chat widgets")
        ordering = ["name"]
        constraints = [
            models.CheckConstraint(condition=Q(language__in=["", "zh-hans", "en"]), name="chatwidget_language_known"),
            models.CheckConstraint(condition=~Q(token=""), name="chatwidget_has_token"),  # nosec B106
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def welcome(self) -> str:
        """The greeting in the active language; empty: the house's own."""
        return in_reader_language(self.greeting, self.greeting_en)


class ChatConversationQuerySet(models.QuerySet):
    """Conversations, narrowed to those whose secret still opens something."""

    def lasting(self, *, now: datetime) -> "ChatConversationQuerySet":
        """Those in which somebody said something within the last thirty days, on whichever ticket of the visitor."""
        since = now - SECRET_LASTS
        said = Message.objects.filter(ticket__requester=OuterRef("visitor"), created_at__gte=since)
        return self.exclude(secret_hash=FORGOTTEN).filter(Q(last_at__gte=since) | Exists(said))


class ChatConversation(models.Model):
    """One visitor and their ticket. Who holds the secret is the visitor; nothing else proves it (decision 0073)."""

    widget = models.ForeignKey(
        ChatWidget, verbose_name=_("chat widget"), on_delete=models.CASCADE, related_name="conversations"
    )
    secret_hash = models.CharField(max_length=64, blank=True, editable=False)
    ticket = models.ForeignKey(Ticket, verbose_name=_("ticket"), on_delete=models.CASCADE, related_name="chats")
    visitor = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("visitor"), on_delete=models.CASCADE, related_name="+"
    )
    claimed_email = models.EmailField(
        _("said to be"),
        blank=True,
        help_text=_("The address that the visitor typed. Nothing proves that it is theirs."),
    )
    language = models.CharField(_("language"), max_length=10)
    began_at = models.DateTimeField(_("began"))
    last_at = models.DateTimeField(_("last word of the visitor"))
    here_until = models.DateTimeField(_("in the chat until"))
    left_at = models.DateTimeField(_("left"), null=True)
    ended_at = models.DateTimeField(_("ended"), null=True)
    read_id = models.BigIntegerField(default=0, editable=False)
    mailed_id = models.BigIntegerField(default=0, editable=False)

    objects = ChatConversationQuerySet.as_manager()

    class Meta:
        verbose_name = _("chat")
        verbose_name_plural = _("chats")
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["secret_hash"], name="chat_secret_once", condition=~Q(secret_hash=FORGOTTEN)
            )
        ]
        indexes = [
            models.Index(fields=["last_at"], name="chat_age", condition=~Q(secret_hash=FORGOTTEN)),
            models.Index(fields=["here_until"], name="chat_here", condition=Q(left_at=None, ended_at=None)),
        ]

    def __str__(self) -> str:
        return f"#{self.pk}"

    @property
    def goes_on_in(self) -> Ticket:
        """The ticket in which it is talked on: its own, or the one that this was merged into."""
        return self.ticket.merged_into or self.ticket


class ChatLine(models.Model):
    """Which message one sending of the visitor became; sent again after a lost answer, it is the same one."""

    conversation = models.ForeignKey(ChatConversation, on_delete=models.CASCADE, related_name="lines")
    key = models.UUIDField()
    message = models.OneToOneField(Message, on_delete=models.CASCADE, related_name="chat_line")

    class Meta:
        verbose_name = _("line of a chat")
        verbose_name_plural = _("lines of chats")
        constraints = [models.UniqueConstraint(fields=["conversation", "key"], name="chatline_once")]

    def __str__(self) -> str:
        return str(self.key)
