"""Keys for programs."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.models.user import User


class ApiToken(models.Model):
    """A key for programs: shown once, stored hashed, with scopes and an expiry."""

    user = models.ForeignKey(User, verbose_name=_("user"), on_delete=models.CASCADE, related_name="api_tokens")
    name = models.CharField(_("name"), max_length=80)
    prefix = models.CharField(_("begins with"), max_length=12)
    token_hash = models.CharField(max_length=64, unique=True)
    scopes = ArrayField(models.CharField(max_length=40), verbose_name=_("scopes"), default=list)
    created_at = models.DateTimeField(_("created"))
    expires_at = models.DateTimeField(_("expires"), null=True, blank=True)
    networks = ArrayField(
        models.CharField(max_length=50),
        verbose_name=_("allowed networks"),
        default=list,
        blank=True,
        help_text=_("None: from everywhere."),
    )
    last_used_at = models.DateTimeField(_("last used"), null=True, blank=True)
    warned_at = models.DateTimeField(_("end announced"), null=True, blank=True, editable=False)
    revoked_at = models.DateTimeField(_("revoked"), null=True, blank=True)

    class Meta:
        verbose_name = _("API token")
        verbose_name_plural = _("API tokens")
        ordering = ["-created_at"]
        indexes = [
            models.Index(
                fields=["expires_at"],
                name="apitoken_to_announce",
                condition=Q(revoked_at__isnull=True, warned_at__isnull=True),
            )
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix}…)"
