"""Teams, and who has which role in them."""

from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from accounts.models.user import User
from accounts.permissions import ROLE_CHOICES
from outbox.audited import audited
from outbox.bilingual import BilingualName


@audited()
class Role(BilingualName):
    """A bundle of permission codes. The default roles are rows, so the administrator may change what they carry."""

    code = models.CharField(_("code"), max_length=20, choices=ROLE_CHOICES, unique=True)
    permissions = ArrayField(models.CharField(max_length=60), verbose_name=_("permissions"), default=list, blank=True)

    class Meta:
        verbose_name = _("role")
        verbose_name_plural = _("roles")
        ordering = ["id"]


@audited()
class Team(BilingualName):
    """A skill group with a lead, a deputy and the team above, which hears of what the lead leaves unanswered."""

    code = models.SlugField(_("code"), max_length=40, unique=True)
    lead = models.ForeignKey(
        User, verbose_name=_("lead"), null=True, blank=True, on_delete=models.SET_NULL, related_name="leads"
    )
    deputy = models.ForeignKey(
        User, verbose_name=_("deputy lead"), null=True, blank=True, on_delete=models.SET_NULL, related_name="deputy_of"
    )
    next_level = models.ForeignKey(
        "self",
        verbose_name=_("next level above"),
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="below",
    )
    is_fallback = models.BooleanField(_("takes what no rule routes"), default=False)
    from_address = models.EmailField(
        _("sender address"), blank=True, help_text=_("Customers read mails as from here; empty: from the house.")
    )
    from_name = models.CharField(_("sender name"), max_length=100, blank=True)
    from_name_en = models.CharField(_("sender name in English"), max_length=100, blank=True)
    signature = models.TextField(
        _("signature"), max_length=1000, blank=True, help_text=_("Stands below every mail to customers of this team.")
    )
    signature_en = models.TextField(_("signature in English"), max_length=1000, blank=True)
    least_present = models.PositiveSmallIntegerField(
        _("people who should be there"),
        default=1,
        help_text=_("The board marks working days on which absences leave fewer."),
    )

    class Meta:
        verbose_name = _("team")
        verbose_name_plural = _("teams")
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(fields=["is_fallback"], condition=Q(is_fallback=True), name="team_one_fallback"),
            models.CheckConstraint(condition=~Q(next_level=F("id")), name="team_not_above_itself"),
        ]

    def clean(self) -> None:
        """Whom the ladder tells must be able to act: lead and deputy hold a role that handles escalations here."""
        errors = {
            name: _("Give this person the role of a lead in this team first; without it they could not act.")
            for name in ("lead", "deputy")
            if getattr(self, f"{name}_id") and not self._handles_escalations(getattr(self, f"{name}_id"))
        }
        if errors:
            raise ValidationError(errors)

    def _handles_escalations(self, user_id: int) -> bool:
        here = Q(team=None) | (Q(team=self) if self.pk else Q())
        handling = Membership.objects.filter(here, role__permissions__contains=["escalation.handle"])
        return handling.filter(user=user_id, user__is_active=True).exists()


@audited()
class Membership(models.Model):
    """Who has which role, in which team (none: everywhere)."""

    user = models.ForeignKey(User, verbose_name=_("user"), on_delete=models.CASCADE, related_name="memberships")
    team = models.ForeignKey(
        Team, verbose_name=_("team"), null=True, blank=True, on_delete=models.CASCADE, related_name="memberships"
    )
    role = models.ForeignKey(Role, verbose_name=_("role"), on_delete=models.PROTECT, related_name="memberships")

    class Meta:
        verbose_name = _("membership")
        verbose_name_plural = _("memberships")
        constraints = [
            models.UniqueConstraint(fields=["user", "team", "role"], name="membership_once", nulls_distinct=False)
        ]

    def __str__(self) -> str:
        return f"{self.user} · {self.role} · {self.team or '—'}"
