"""What one shift tells the next one of its team."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


class ShiftNote(models.Model):
    """A hand-over note of a team, in Markdown; it is never changed, a mistake is mended by another note."""

    team = models.ForeignKey(
        "accounts.Team",
        verbose_name=_("team"),
        on_delete=models.CASCADE,
        related_name="shift_notes",
        db_index=False,  # `shiftnote_newest` begins with it
    )
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("author"), null=True, on_delete=models.SET_NULL, related_name="+"
    )
    body = models.TextField(_("note"))
    tickets = models.ManyToManyField(
        "tickets.Ticket", verbose_name=_("tickets"), related_name="shift_notes", blank=True
    )
    written_at = models.DateTimeField(_("written"), db_index=True)

    class Meta:
        verbose_name = _("hand-over note")
        verbose_name_plural = _("hand-over notes")
        ordering = ["-id"]
        constraints = [models.CheckConstraint(condition=~Q(body=""), name="shiftnote_says_something")]
        indexes = [models.Index(fields=["team", "-id"], name="shiftnote_newest")]

    def __str__(self) -> str:
        return f"{self.team_id}: {self.body[:40]}"


class ShiftNoteReading(models.Model):
    """Somebody of the next shift has read it."""

    note = models.ForeignKey(
        ShiftNote, on_delete=models.CASCADE, related_name="readings", db_index=False
    )  # `shiftnotereading_once` begins with it
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    read_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["note", "user"], name="shiftnotereading_once")]

    def __str__(self) -> str:
        return f"{self.note_id}: {self.user_id}"
