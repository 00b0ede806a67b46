"""What was brought in from elsewhere, so that it is brought in once."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


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


class ImportedFile(models.Model):
    """A file of an imported message that lies in the other system yet. Written with the message, fetched afterwards."""

    class State(models.TextChoices):
        WAITING = "waiting", pgettext_lazy("file", "waiting")
        FETCHED = "fetched", pgettext_lazy("file", "fetched")
        FAILED = "failed", pgettext_lazy("file", "failed")

    record = models.ForeignKey(
        ImportedRecord, verbose_name=_("imported record"), on_delete=models.CASCADE, related_name="files"
    )
    message = models.ForeignKey(
        "tickets.Message", verbose_name=_("message"), on_delete=models.CASCADE, related_name="+"
    )
    name = models.CharField(pgettext_lazy("file", "name"), max_length=200)
    #: Sealed, because such addresses are signed; nothing once it was fetched.
    sealed_address = models.TextField(blank=True, editable=False)
    state = models.CharField(_("state"), max_length=10, choices=State.choices, default=State.WAITING)
    problem = models.CharField(_("problem"), max_length=300, blank=True)
    tried_at = models.DateTimeField(_("last tried"), null=True, blank=True)

    class Meta:
        verbose_name = _("imported file")
        verbose_name_plural = _("imported files")
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=["waiting", "fetched", "failed"]), name="importedfile_state_known"
            ),
            models.CheckConstraint(
                condition=Q(state="fetched", sealed_address="") | ~Q(state="fetched") & ~Q(sealed_address=""),
                name="importedfile_address_until_fetched",
            ),
        ]
        indexes = [models.Index(fields=["record", "id"], name="importedfile_to_fetch", condition=~Q(state="fetched"))]

    def __str__(self) -> str:
        return self.name
