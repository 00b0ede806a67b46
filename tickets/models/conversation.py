"""What was said and what was done: messages, attachments, the append-only history, private links."""

import pgtrigger
from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from tickets.choices import Channel, Mark, MessageKind


class Message(models.Model):
    """One entry of the conversation. Notes never reach a customer; automatic messages meet no deadline."""

    ticket = models.ForeignKey(
        "tickets.Ticket",
        on_delete=models.CASCADE,
        related_name="messages",
        db_index=False,  # `message_ticket` begins with it
    )
    kind = models.CharField(_("kind"), max_length=10, choices=MessageKind.choices)
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("author"),
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="messages",
    )
    body = models.TextField(_("text"))
    marks = ArrayField(
        models.CharField(max_length=15, choices=Mark.choices), verbose_name=_("marks"), default=list, blank=True
    )
    shareable = models.BooleanField(
        _("may be told"), default=False, help_text=_("A note that may go into the next progress update.")
    )
    channel = models.CharField(_("channel"), max_length=10, choices=Channel.choices)
    created_at = models.DateTimeField(_("written"))
    written_to = models.ForeignKey(
        "tickets.Ticket",
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
        db_index=False,
        help_text=_("The duplicate that it was written to, when that was merged into this ticket."),
    )
    copy_of = models.OneToOneField(
        "self",
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="continued_as",
        help_text=_("The customer's message that was split into this ticket."),
    )

    class Meta:
        verbose_name = _("message")
        verbose_name_plural = _("messages")
        ordering = ["id"]
        constraints = [
            models.CheckConstraint(condition=Q(kind__in=MessageKind.values), name="message_kind_known"),
            models.CheckConstraint(condition=Q(marks=[]) | Q(kind="public"), name="message_only_public_is_marked"),
            models.CheckConstraint(
                condition=Q(shareable=False) | Q(kind="note"), name="message_only_notes_are_shareable"
            ),
        ]
        indexes = [models.Index(fields=["ticket", "id"], name="message_ticket")]

    def __str__(self) -> str:
        return f"{self.ticket_id}: {self.body[:40]}"


class Attachment(models.Model):
    """A file of a message, under a key made by the server; its name is for people only."""

    message = models.ForeignKey(Message, on_delete=models.CASCADE, related_name="attachments")
    file = models.FileField(upload_to="attachments/%Y/%m/")
    name = models.CharField(_("name"), max_length=255)
    content_type = models.CharField(_("type"), max_length=100)
    size = models.PositiveBigIntegerField(_("size"))
    sha256 = models.CharField(max_length=64)
    content_id = models.CharField(
        max_length=255, blank=True, default="", help_text=_("The name under which the HTML of the mail shows it.")
    )
    created_at = models.DateTimeField(_("uploaded"))

    class Meta:
        verbose_name = _("attachment")
        verbose_name_plural = _("attachments")
        ordering = ["id"]

    def __str__(self) -> str:
        return self.name


class MessageSource(models.Model):
    """The HTML of the mail that a message came from, as it was sent: shown only cleaned and in a sandbox.

    A row of its own, because conversations are read without it.
    """

    message = models.OneToOneField(Message, primary_key=True, on_delete=models.CASCADE, related_name="source")
    html = models.CharField(_("HTML"), max_length=1_000_000)
    height = models.PositiveSmallIntegerField(help_text=_("About how many lines it takes."))
    remote_images = models.PositiveSmallIntegerField(help_text=_("How many images lie elsewhere."))

    class Meta:
        verbose_name = _("original of a message")
        verbose_name_plural = _("originals of messages")

    def __str__(self) -> str:
        return f"{self.message_id}"


class TicketEvent(models.Model):
    """Who did what, when: append-only (a trigger refuses UPDATE and DELETE, a second one TRUNCATE).

    `code` is a stable dotted word, translated when shown; `data` holds facts, never personal words. No foreign
    key is enforced towards the ticket, so that the table can be partitioned.
    """

    ticket = models.ForeignKey(
        "tickets.Ticket",
        verbose_name=_("ticket"),
        on_delete=models.DO_NOTHING,
        db_constraint=False,
        db_index=False,  # `ticketevent_ticket` begins with it
        related_name="events",
    )
    code = models.CharField(_("code"), max_length=60)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("who"),
        null=True,
        blank=True,
        on_delete=models.DO_NOTHING,
        db_constraint=False,
        related_name="+",
    )
    data = models.JSONField(_("facts"), default=dict)
    created_at = models.DateTimeField(_("created"))

    class Meta:
        verbose_name = _("event")
        verbose_name_plural = _("events")
        ordering = ["id"]
        indexes = [models.Index(fields=["ticket", "id"], name="ticketevent_ticket")]
        triggers = [
            pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete),
            pgtrigger.Trigger(
                name="no_truncate",
                operation=pgtrigger.Truncate,
                level=pgtrigger.Statement,
                when=pgtrigger.Before,
                func="RAISE EXCEPTION 'pgtrigger: Cannot truncate rows from % table', TG_TABLE_NAME;",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.ticket_id}: {self.code}"


class AccessLink(models.Model):
    """A private status link for a customer without an account: random, stored hashed, reusable, revocable."""

    ticket = models.ForeignKey("tickets.Ticket", on_delete=models.CASCADE, related_name="access_links")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    token_hash = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("private link")
        verbose_name_plural = _("private links")
        indexes = [models.Index(fields=["ticket"], name="accesslink_ticket")]

    def __str__(self) -> str:
        return f"{self.ticket_id} → {self.user_id}"
