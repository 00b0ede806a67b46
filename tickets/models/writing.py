"""What people have not said yet: drafts, replies that may still be taken back, and answers written once for many."""

from typing import TYPE_CHECKING

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from outbox.audited import audited
from outbox.bilingual import BilingualName
from tickets.choices import Mark, MessageKind, Status

if TYPE_CHECKING:
    from accounts.models import User


class Draft(models.Model):
    """What somebody is writing on a ticket. With ``sends_at`` it is a reply on its way, which may be taken back.

    One row for both, so that words are in exactly one place at every instant: here, or in the conversation.
    """

    ticket = models.ForeignKey(
        "tickets.Ticket",
        on_delete=models.CASCADE,
        related_name="drafts",
        db_index=False,  # `draft_once` begins with it
    )
    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="drafts")
    kind = models.CharField(max_length=10, choices=MessageKind.choices, default=MessageKind.PUBLIC)
    body = models.TextField(blank=True)
    marks = ArrayField(models.CharField(max_length=15, choices=Mark.choices), default=list, blank=True)
    shareable = models.BooleanField(default=False)
    status = models.CharField(max_length=10, choices=Status.choices, blank=True)
    hold_reason = models.CharField(max_length=200, blank=True)
    files = models.JSONField(default=list, help_text="Files of a reply on its way: facts of `attachments.StoredFile`.")
    revision = models.PositiveIntegerField(null=True, help_text="The ticket that the writer had before their eyes.")
    seen = models.BigIntegerField(default=0, help_text="The last message that the writer had before their eyes.")
    sends_at = models.DateTimeField(null=True, blank=True)
    returned = models.BooleanField(
        default=False, help_text="It was on its way and came back, because the ticket changed."
    )
    updated_at = models.DateTimeField()

    class Meta:
        verbose_name = _("draft")
        verbose_name_plural = _("drafts")
        constraints = [
            models.UniqueConstraint(fields=["ticket", "author"], name="draft_once"),
            models.CheckConstraint(condition=Q(kind__in=["public", "note"]), name="draft_kind_known"),
            # Only what a customer would read waits; a reply on its way has not come back.
            models.CheckConstraint(
                condition=Q(sends_at__isnull=True) | Q(kind="public", returned=False) & ~Q(body=""),
                name="draft_on_its_way_is_a_reply",
            ),
        ]
        indexes = [models.Index(fields=["sends_at"], name="draft_sends", condition=Q(sends_at__isnull=False))]

    def __str__(self) -> str:
        return f"{self.ticket_id}: {self.author_id}"

    @property
    def version(self) -> int:
        """Milliseconds since 1970, by which a browser tells whether its own copy is newer."""
        return int(self.updated_at.timestamp() * 1000)


#: Where a macro may leave a ticket: holding it needs a reason, resolving it a solution.
MACRO_MOVES = [(Status.OPEN, Status.OPEN.label), (Status.PENDING, Status.PENDING.label)]
_DOES_SOMETHING = ~Q(status="") | ~Q(tags=[]) | Q(takes=True)


class CannedAnswerQuerySet(models.QuerySet):
    """Answers written once, narrowed to whom they are for."""

    def usable_by(self, user: "User") -> "CannedAnswerQuerySet":
        """One's own, everybody's, and those of one's teams."""
        return self.filter(Q(owner=user) | Q(owner=None, team=None) | Q(team__in=user.team_ids()))

    def macros(self) -> "CannedAnswerQuerySet":
        """Those that do something beside."""
        return self.filter(_DOES_SOMETHING)

    def editable_by(self, user: "User") -> "CannedAnswerQuerySet":
        """One's own; the administrator also those that are shared."""
        return self.filter(Q(owner=user) | Q(owner=None) if user.may("admin.configure") else Q(owner=user))


@audited(unless="owner")
class CannedAnswer(BilingualName):
    """An answer written once, with variables (`tickets.canned`): somebody's own, a team's, or everybody's.

    With something to do beside it is a macro: one press sends it, moves the ticket, tags it and takes it.
    Only shared ones are audited: what somebody keeps for themselves goes when they go.
    """

    shortcut = models.SlugField(
        _("shortcut"), max_length=40, allow_unicode=True, help_text=_("What is typed after “::”, in one word.")
    )
    text_zh = models.TextField(_("text in Chinese"), blank=True, max_length=10_000)
    text_en = models.TextField(_("text in English"), blank=True, max_length=10_000)
    status = models.CharField(_("and then"), max_length=10, choices=MACRO_MOVES, blank=True)
    tags = ArrayField(
        models.CharField(max_length=40), verbose_name=_("adds the tags"), default=list, blank=True, size=12
    )
    takes = models.BooleanField(_("takes a ticket that nobody has"), default=False)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.CASCADE, related_name="canned_answers"
    )
    team = models.ForeignKey(
        "accounts.Team", null=True, blank=True, on_delete=models.CASCADE, related_name="canned_answers"
    )

    objects = CannedAnswerQuerySet.as_manager()

    class Meta:
        verbose_name = _("canned answer")
        verbose_name_plural = _("canned answers")
        ordering = ["shortcut", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["owner", "team", "shortcut"],
                nulls_distinct=False,
                name="cannedanswer_once",
                violation_error_message=_("There is an answer with this shortcut already."),
            ),
            models.CheckConstraint(
                condition=Q(owner__isnull=True) | Q(team__isnull=True), name="cannedanswer_one_audience"
            ),
            models.CheckConstraint(condition=Q(status__in=["", "open", "pending"]), name="cannedanswer_status_known"),
            models.CheckConstraint(
                condition=~Q(text_zh="", text_en=""),
                name="cannedanswer_says_something",
                violation_error_message=_("Write the text in at least one language."),
            ),
        ]

    @property
    def is_macro(self) -> bool:
        return bool(self.status or self.tags or self.takes)

    def text_in(self, language: str) -> str:
        """The text in ``language`` if there is one, else in the other."""
        mine, other = (self.text_zh, self.text_en) if language.startswith("zh") else (self.text_en, self.text_zh)
        return mine or other
