"""Mailboxes that mail is fetched from, and every mail that came, with the bytes as they came."""

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from intake.querysets import InboundMailQuerySet
from outbox.audited import audited
from outbox.sealing import seal, unseal


@audited()
class Mailbox(models.Model):
    """An address that customers write to: where its mail is fetched, and how it is read.

    Secrets are sealed (`outbox.sealing`), entered in the administration and shown nowhere.
    """

    class Security(models.TextChoices):
        TLS = "tls", _("TLS from the first byte (port 993)")
        STARTTLS = "starttls", _("STARTTLS (port 143)")
        NONE = "none", _("none, only within one's own network")

    class SignIn(models.TextChoices):
        PASSWORD = "password", _("password")
        OAUTH2 = "oauth2", _("OAuth 2")

    class AfterFetch(models.TextChoices):
        DELETE = "delete", _("delete it on the server")
        SEEN = "seen", _("leave it there, marked as read")

    address = models.EmailField(_("address"), max_length=254, help_text=_("What customers write to."))
    name = models.CharField(_("name"), max_length=100, blank=True)
    team = models.ForeignKey(
        "accounts.Team",
        verbose_name=_("team"),
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="mailboxes",
        help_text=_("Takes what no rule routes."),
    )
    language = models.CharField(
        _("language"),
        max_length=10,
        choices=settings.LANGUAGES,
        default="zh-hans",
        help_text=_("In which people are answered who were not known before."),
    )
    host = models.CharField(
        _("IMAP server"), max_length=253, blank=True, help_text=_("Empty: mail comes by the command `receive_email`.")
    )
    port = models.PositiveIntegerField(_("port"), default=993)
    security = models.CharField(_("encryption"), max_length=10, choices=Security.choices, default=Security.TLS)
    user = models.CharField(_("user name"), max_length=254, blank=True)
    sign_in = models.CharField(_("signs in by"), max_length=10, choices=SignIn.choices, default=SignIn.PASSWORD)
    sealed_password = models.TextField(blank=True, editable=False)
    token_url = models.URLField(_("token endpoint"), max_length=500, blank=True, help_text=_("Begins with https://."))
    client_id = models.CharField(_("client ID"), max_length=254, blank=True)
    sealed_client_secret = models.TextField(blank=True, editable=False)
    sealed_refresh_token = models.TextField(blank=True, editable=False)
    folder = models.CharField(_("folder"), max_length=200, default="INBOX")
    after_fetch = models.CharField(
        _("what becomes of a fetched mail"), max_length=10, choices=AfterFetch.choices, default=AfterFetch.DELETE
    )
    keep_days = models.PositiveSmallIntegerField(
        _("days for which originals are kept"),
        null=True,
        blank=True,
        default=400,
        help_text=_("Of mails that became messages. The message and its files stay. Empty: for ever."),
    )
    accepts_lists = models.BooleanField(
        _("takes mail of mailing lists"), default=False, help_text=_("Otherwise it is kept and ignored.")
    )
    open_threads = models.BooleanField(
        _("everybody may answer"),
        default=False,
        help_text=_("For mailing lists, where all read everything: nobody's answer is held for approval."),
    )
    plus_addresses = models.BooleanField(
        _("answers come to plus addresses"),
        default=True,
        help_text=_("Mail to name+anything@ arrives here too, so that answers find their ticket by a secret mark."),
    )
    is_active = models.BooleanField(_("active"), default=True)

    class Meta:
        verbose_name = _("mailbox")
        verbose_name_plural = _("mailboxes")
        ordering = ["address"]
        constraints = [
            models.UniqueConstraint(
                Lower("address"), name="mailbox_once", violation_error_message=_("There is a mailbox of this address.")
            ),
            models.CheckConstraint(condition=Q(security__in=["tls", "starttls", "none"]), name="mailbox_security"),
            models.CheckConstraint(condition=Q(sign_in__in=["password", "oauth2"]), name="mailbox_sign_in"),
            models.CheckConstraint(condition=Q(after_fetch__in=["delete", "seen"]), name="mailbox_after_fetch"),
            models.CheckConstraint(condition=Q(language__in=["zh-hans", "en"]), name="mailbox_language_known"),
            models.CheckConstraint(
                condition=Q(keep_days__isnull=True) | Q(keep_days__range=(30, 20000)),
                name="mailbox_keep_days",
                violation_error_message=_("Thirty days at least; empty for ever."),
            ),
            models.CheckConstraint(condition=Q(port__range=(1, 65535)), name="mailbox_port"),
            models.CheckConstraint(
                condition=Q(token_url="") | Q(token_url__startswith="https://"),  # nosec B106
                name="mailbox_token_url",
                violation_error_message=_("The token endpoint has to begin with https://."),
            ),
        ]

    def __str__(self) -> str:
        return self.address

    def keep_secrets(self, *, password: str = "", client_secret: str = "", refresh_token: str = "") -> None:
        """Seal those secrets that are given; the others stay. Not saved."""
        given = {"password": password, "client_secret": client_secret, "refresh_token": refresh_token}
        for name, secret in given.items():
            if secret:
                setattr(self, f"sealed_{name}", seal(secret))

    def secret(self, name: str) -> str:
        """One of `keep_secrets`, for the server alone.

        Raises:
            Unreadable: when it was sealed with another key.
        """
        return unseal(getattr(self, f"sealed_{name}"))


class MailboxState(models.Model):
    """How fetching goes: apart from the mailbox, so that its audit holds decisions only."""

    mailbox = models.OneToOneField(Mailbox, primary_key=True, on_delete=models.CASCADE, related_name="state")
    locked_until = models.DateTimeField(_("locked until"), null=True, blank=True)
    fetched_at = models.DateTimeField(_("last fetched"), null=True, blank=True)
    last_error = models.TextField(_("last error"), blank=True)
    failing_since = models.DateTimeField(_("failing since"), null=True, blank=True)
    sealed_access_token = models.TextField(blank=True, editable=False)
    token_expires_at = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        verbose_name = _("state of a mailbox")
        verbose_name_plural = _("states of mailboxes")

    def __str__(self) -> str:
        return str(self.mailbox)


class InboundMail(models.Model):
    """One mail that came. It is a row before it is anything else, and stays one whatever becomes of it."""

    class State(models.TextChoices):
        RECEIVED = "received", pgettext_lazy("mail", "received")
        PROCESSED = "processed", pgettext_lazy("mail", "processed")
        PARKED = "parked", pgettext_lazy("mail", "parked")
        HELD = "held", pgettext_lazy("mail", "held for approval")
        IGNORED = "ignored", pgettext_lazy("mail", "ignored")
        DUPLICATE = "duplicate", pgettext_lazy("mail", "duplicate")

    class Reason(models.TextChoices):
        """Why it became no message at once; `detail` says more."""

        UNREADABLE = "unreadable", _("It could not be read.")
        FAILED = "failed", _("Processing failed three times.")
        TOO_LARGE = "too_large", _("It is too large.")
        TOO_MANY = "too_many", _("Too many mails from this address within an hour.")
        STRANGER = "stranger", _("Somebody who takes no part in the ticket answered.")
        STAFF = "staff", _("A colleague's address without the mark that proves it.")
        REFUSED = "refused", _("The ticket does not take this answer.")
        OWN = "own", _("We sent it ourselves.")
        LIST = "list", _("It came by a mailing list.")
        AUTOMATIC = "automatic", _("An automatic reply to nothing of ours.")
        BOUNCE = "bounce", _("A delivery report about nothing of ours.")
        SAME_ID = "same_id", _("Another mail came with the same Message-ID.")
        OTHER_BOX = "other_box", _("It came to another mailbox too.")
        DISCARDED = "discarded", _("Somebody discarded it.")

    mailbox = models.ForeignKey(
        Mailbox, verbose_name=_("mailbox"), null=True, blank=True, on_delete=models.SET_NULL, related_name="mails"
    )
    message_id = models.CharField(
        _("message ID"), max_length=255, help_text=_("Without brackets; made from the content when the mail has none.")
    )
    sha256 = models.CharField(max_length=64)
    size = models.PositiveBigIntegerField(_("size"))
    is_whole = models.BooleanField(
        _("whole"), default=True, help_text=_("Of a mail that is far too large only the head was fetched.")
    )
    received_at = models.DateTimeField(_("received"))

    state = models.CharField(_("state"), max_length=10, choices=State.choices, default=State.RECEIVED)
    reason = models.CharField(_("reason"), max_length=12, choices=Reason.choices, blank=True)
    detail = models.TextField(_("details"), blank=True)
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    next_attempt_at = models.DateTimeField(_("next attempt"))
    processed_at = models.DateTimeField(_("decided at"), null=True, blank=True)

    sender = models.CharField(_("sender"), max_length=254, blank=True)
    sender_name = models.CharField(_("sender's name"), max_length=120, blank=True)
    subject = models.CharField(_("subject"), max_length=300, blank=True)
    thread_ids = ArrayField(
        models.CharField(max_length=255),
        verbose_name=_("Message-IDs of the thread"),
        default=list,
        blank=True,
        help_text=_("Its own and those that it refers to."),
    )
    is_automatic = models.BooleanField(_("automatic"), default=False)

    ticket = models.ForeignKey(
        "tickets.Ticket",
        verbose_name=_("ticket"),
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="inbound_mails",
    )
    became = models.ForeignKey(
        "tickets.Message",
        verbose_name=_("message"),
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="inbound_mails",
    )
    same_as = models.ForeignKey(
        "self", verbose_name=_("same as"), null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("decided by"),
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
    )

    objects = InboundMailQuerySet.as_manager()

    class Meta:
        verbose_name = _("mail that came in")
        verbose_name_plural = _("mails that came in")
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["mailbox", "message_id", "sha256"], name="inboundmail_once", nulls_distinct=False
            ),
            models.UniqueConstraint(
                fields=["mailbox", "message_id"],
                name="inboundmail_id_once",
                condition=~Q(state="duplicate"),
                nulls_distinct=False,
            ),
            models.CheckConstraint(
                condition=Q(state__in=["received", "processed", "parked", "held", "ignored", "duplicate"]),
                name="inboundmail_state_known",
            ),
            models.CheckConstraint(
                condition=Q(state__in=["received", "processed"]) | ~Q(reason=""), name="inboundmail_has_reason"
            ),
            models.CheckConstraint(condition=~Q(state="held", ticket=None), name="inboundmail_held_at_ticket"),
        ]
        indexes = [
            models.Index(fields=["next_attempt_at", "id"], name="inboundmail_due", condition=Q(state="received")),
            models.Index(fields=["state", "-id"], name="inboundmail_state"),
            models.Index(fields=["message_id"], name="inboundmail_message_id"),
            GinIndex(fields=["thread_ids"], name="inboundmail_thread"),
        ]

    def __str__(self) -> str:
        return f"{self.sender}: {self.subject}"


class MailSource(models.Model):
    """The bytes of a mail as they came. A row of its own, because lists are read without them.

    In the database and not beside it, so that the row and its bytes are one commit (docs/decisions/0050).
    """

    mail = models.OneToOneField(InboundMail, primary_key=True, on_delete=models.CASCADE, related_name="source")
    content = models.BinaryField(_("bytes"))

    class Meta:
        verbose_name = _("original of a mail")
        verbose_name_plural = _("originals of mails")

    def __str__(self) -> str:
        return f"{self.mail_id}"
