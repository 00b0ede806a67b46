"""What was brought in from elsewhere, so that it is brought in once."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


class ImportedRecord(models.Model):
    """One ticket of another system and what it became here: written in the transaction that makes the ticket."""

    source = models.CharField(_("source"), max_length=40, help_text=_("The name that was given to the other system."))
    external_id = models.CharField(_("ID there"), max_length=120)
    ticket = models.OneToOneField(
        "tickets.Ticket", verbose_name=_("ticket"), on_delete=models.CASCADE, related_name="imported_from"
    )
    fingerprint = models.CharField(max_length=64, help_text=_("Of the record as it was read."))
    imported_at = models.DateTimeField(_("imported"))

    class Meta:
        verbose_name = _("imported record")
        verbose_name_plural = _("imported records")
        constraints = [
            models.UniqueConstraint(fields=["source", "external_id"], name="importedrecord_once"),
            models.CheckConstraint(condition=~Q(source="") & ~Q(external_id=""), name="importedrecord_named"),
        ]

    def __str__(self) -> str:
        return f"{self.source} {self.external_id}"
