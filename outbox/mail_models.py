"""The rows behind outgoing mail: the administrator's own words, what people want to hear, and the morning's digest."""

from datetime import time

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from outbox.audited import audited


@audited()
class Wording(models.Model):
    """The administrator's words for one kind of mail in one language, instead of the shipped ones."""

    kind = models.CharField(_("kind"), max_length=60)
    language = models.CharField(_("language"), max_length=10)
    subject = models.CharField(pgettext_lazy("mail", "subject"), max_length=300)
    text = models.TextField(_("text"), blank=True)
    html = models.TextField(_("HTML"), blank=True)

    class Meta:
        verbose_name = _("words of a mail")
        verbose_name_plural = _("words of mails")
        ordering = ["kind", "language"]
        constraints = [
            models.UniqueConstraint(fields=["kind", "language"], name="wording_once"),
            models.CheckConstraint(condition=Q(language__in=["zh-hans", "en"]), name="wording_language_known"),
            models.CheckConstraint(condition=~Q(subject="") | ~Q(text=""), name="wording_says_something"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} ({self.language})"


class Preference(models.Model):
    """How one person wants to hear of one kind; who has no row for a kind hears of it as everybody does."""

    class Mail(models.TextChoices):
        NOW = "now", _("at once")
        DIGEST = "digest", _("in the morning's digest")
        OFF = "off", _("not by mail")

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("user"), on_delete=models.CASCADE, related_name="preferences"
    )
    kind = models.CharField(_("kind"), max_length=60)
    mail = models.CharField(_("by mail"), max_length=10, choices=Mail.choices, default=Mail.NOW)
    page = models.BooleanField(_("in the page"), default=True)

    class Meta:
        verbose_name = _("preference")
        verbose_name_plural = _("preferences")
        constraints = [
            models.UniqueConstraint(fields=["user", "kind"], name="preference_once"),
            models.CheckConstraint(condition=Q(mail__in=["now", "digest", "off"]), name="preference_mail_known"),
        ]

    def __str__(self) -> str:
        return f"{self.user_id}: {self.kind}"


class MailHabit(models.Model):
    """What holds for all kinds together; who has no row has the defaults."""

    class Hears(models.TextChoices):
        ALL = "all", _("everything about my tickets")
        ANSWERS = "answers", _("only answers and decisions")

    class Digest(models.TextChoices):
        CHOSEN = "chosen", _("what I set to the digest below")
        ALL = "all", _("everything that is not urgent")
        NEVER = "never", _("no digest; what was meant for it is in the page alone")

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL,
        verbose_name=_("user"),
        primary_key=True,
        on_delete=models.CASCADE,
        related_name="mail_habit",
    )
    hears = models.CharField(_("mails to me"), max_length=10, choices=Hears.choices, default=Hears.ALL)
    digest = models.CharField(_("digest"), max_length=10, choices=Digest.choices, default=Digest.CHOSEN)
    digest_at = models.TimeField(_("hour of the digest"), default=time(8, 30))

    class Meta:
        verbose_name = _("habit of mail")
        verbose_name_plural = _("habits of mail")
        constraints = [
            models.CheckConstraint(condition=Q(hears__in=["all", "answers"]), name="mailhabit_hears_known"),
            models.CheckConstraint(condition=Q(digest__in=["chosen", "all", "never"]), name="mailhabit_digest_known"),
        ]

    def __str__(self) -> str:
        return f"{self.user_id}"


class Digest(models.Model):
    """One morning's digest of one person: at most one a day, by the date of the place where they live."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("user"), on_delete=models.CASCADE, related_name="digests"
    )
    day = models.DateField(_("day"))
    created_at = models.DateTimeField(_("created"))

    class Meta:
        verbose_name = _("digest")
        verbose_name_plural = _("digests")
        constraints = [models.UniqueConstraint(fields=["user", "day"], name="digest_once_a_day")]

    def __str__(self) -> str:
        return f"{self.user_id}: {self.day}"


class DigestLine(models.Model):
    """Something that is told in the next digest instead of in a mail of its own."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("user"), on_delete=models.CASCADE, related_name="+", db_index=False
    )
    intent = models.ForeignKey(
        "outbox.Intent", verbose_name=_("outgoing intent"), on_delete=models.CASCADE, related_name="digest_lines"
    )
    created_at = models.DateTimeField(_("created"))
    digest = models.ForeignKey(
        Digest, verbose_name=_("digest"), null=True, blank=True, on_delete=models.CASCADE, related_name="lines"
    )

    class Meta:
        verbose_name = _("line of a digest")
        verbose_name_plural = _("lines of digests")
        constraints = [models.UniqueConstraint(fields=["user", "intent"], name="digestline_once")]
        indexes = [
            models.Index(fields=["user", "created_at"], name="digestline_waiting", condition=Q(digest__isnull=True))
        ]

    def __str__(self) -> str:
        return f"{self.user_id}: {self.intent_id}"
