"""Companies whose people ask for help."""

from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

from outbox.audited import audited
from outbox.bilingual import BilingualName


@audited()
class Organization(BilingualName):
    """A customer company."""

    class ServiceLevel(models.TextChoices):
        STANDARD = "standard", _("standard")
        KEY_ACCOUNT = "key_account", _("key account")

    domain = models.CharField(_("mail domain"), max_length=120, blank=True)
    service_level = models.CharField(
        _("service level"), max_length=20, choices=ServiceLevel.choices, default=ServiceLevel.STANDARD
    )
    created_at = models.DateTimeField(_("created"), auto_now_add=True)

    class Meta:
        verbose_name = _("organization")
        verbose_name_plural = _("organizations")
        ordering = ["name"]
        constraints = [
            models.CheckConstraint(
                condition=Q(service_level__in=["standard", "key_account"]), name="organization_level_known"
            ),
            models.UniqueConstraint(Lower("domain"), condition=~Q(domain=""), name="organization_domain_once"),
        ]
