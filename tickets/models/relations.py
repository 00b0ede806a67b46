"""How tickets belong together: merges that can be undone, links, and what is told to all tickets below one."""

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Greatest, Least
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from tickets.choices import Status


class TicketMerge(models.Model):
    """One merge, with what an undo needs: how the duplicate stood, and what ended or moved with it.

    Attributes:
        stopped: the open clocks of the duplicate that the merge ended; those that its words met are not among them.
        brought: earlier duplicates of the duplicate, which pointed on from then.
        contest: the open contest that went along.
    """

    ticket = models.ForeignKey(
        "tickets.Ticket", verbose_name=_("ticket"), on_delete=models.CASCADE, related_name="merges"
    )
    into = models.ForeignKey(
        "tickets.Ticket", verbose_name=_("merged into"), on_delete=models.CASCADE, related_name="+", db_index=False
    )
    status = models.CharField(_("status"), max_length=10, choices=Status.choices)
    hold_reason = models.CharField(_("waits for"), max_length=200, blank=True)
    stopped = ArrayField(models.BigIntegerField(), default=list)
    brought = ArrayField(models.BigIntegerField(), default=list)
    contest = models.ForeignKey(
        "tickets.SeverityContest", null=True, on_delete=models.SET_NULL, related_name="+", db_index=False
    )
    merged_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+", db_index=False
    )
    merged_at = models.DateTimeField(_("merged"))
    undone_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+", db_index=False
    )
    undone_at = models.DateTimeField(_("undone"), null=True, blank=True)

    class Meta:
        verbose_name = _("merge")
        verbose_name_plural = _("merges")
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["ticket"], condition=Q(undone_at__isnull=True), name="merge_one_stands"),
            models.CheckConstraint(condition=~Q(ticket=F("into")), name="merge_into_another"),
        ]

    def __str__(self) -> str:
        return f"{self.ticket_id} → {self.into_id}"


class TicketLink(models.Model):
    """Two tickets that have to do with each other: `source` is a duplicate of, blocks, or is related to `target`.

    A pair has each kind once, in whatever direction: nothing blocks what blocks it.
    """

    class Kind(models.TextChoices):
        RELATED = "related", pgettext_lazy("link", "related to")
        DUPLICATE = "duplicate", pgettext_lazy("link", "duplicate of")
        BLOCKS = "blocks", pgettext_lazy("link", "blocks")

    source = models.ForeignKey("tickets.Ticket", on_delete=models.CASCADE, related_name="links_from")
    target = models.ForeignKey("tickets.Ticket", on_delete=models.CASCADE, related_name="links_to")
    kind = models.CharField(_("kind"), max_length=10, choices=Kind.choices)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+", db_index=False
    )
    created_at = models.DateTimeField(_("created"))

    class Meta:
        verbose_name = _("link of tickets")
        verbose_name_plural = _("links of tickets")
        ordering = ["id"]
        constraints = [
            models.CheckConstraint(condition=~Q(source=F("target")), name="ticketlink_to_another"),
            models.CheckConstraint(
                condition=Q(kind__in=["related", "duplicate", "blocks"]), name="ticketlink_kind_known"
            ),
            models.UniqueConstraint(
                Least("source", "target"), Greatest("source", "target"), "kind", name="ticketlink_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.source_id} {self.kind} {self.target_id}"


class Announcement(models.Model):
    """What is told to all open tickets below one: a public reply of it, or its resolution. The row is the intention.

    One of them for a reply or a resolution, so that whoever orders it again orders nothing new.
    """

    parent = models.ForeignKey("tickets.Ticket", on_delete=models.CASCADE, related_name="announcements")
    message = models.OneToOneField(
        "tickets.Message", null=True, on_delete=models.CASCADE, related_name="announcement", verbose_name=_("reply")
    )
    resolution = models.OneToOneField(
        "tickets.Resolution", null=True, on_delete=models.CASCADE, related_name="announcement"
    )
    words = models.TextField(_("message to the customer"), blank=True)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+", db_index=False
    )
    created_at = models.DateTimeField(_("ordered"))

    class Meta:
        verbose_name = _("announcement")
        verbose_name_plural = _("announcements")
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(message__isnull=False, resolution__isnull=True)
                | Q(message__isnull=True, resolution__isnull=False),
                name="announcement_of_one_thing",
            )
        ]

    def __str__(self) -> str:
        return f"{self.parent_id}: {self.created_at:%Y-%m-%d %H:%M}"


class AnnouncementPart(models.Model):
    """One ticket that is to be told. It is told, or left as it was, in the transaction that says so here."""

    class State(models.TextChoices):
        WAITING = "waiting", pgettext_lazy("announcement", "waiting")
        DONE = "done", pgettext_lazy("announcement", "told")
        LEFT = "left", pgettext_lazy("announcement", "left as it was")  # it changed meanwhile
        FAILED = "failed", pgettext_lazy("announcement", "failed")

    announcement = models.ForeignKey(
        Announcement,
        on_delete=models.CASCADE,
        related_name="parts",
        db_index=False,  # `part_once` begins with it
    )
    ticket = models.ForeignKey("tickets.Ticket", on_delete=models.CASCADE, related_name="+")
    state = models.CharField(max_length=8, choices=State.choices, default=State.WAITING)
    problem = models.CharField(max_length=500, blank=True)
    dealt_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("ticket of an announcement")
        verbose_name_plural = _("tickets of an announcement")
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(fields=["announcement", "ticket"], name="part_once"),
            models.CheckConstraint(
                condition=Q(state="waiting", dealt_at__isnull=True)
                | Q(state__in=["done", "left", "failed"], dealt_at__isnull=False),
                name="part_dealt_iff_dealt_at",
            ),
        ]
        indexes = [models.Index(fields=["id"], name="part_waiting", condition=Q(state="waiting"))]

    def __str__(self) -> str:
        return f"{self.announcement_id}: {self.ticket_id} ({self.state})"
