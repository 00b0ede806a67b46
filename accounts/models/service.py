"""Programs that act in their own name, whoever of the people stays or leaves."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from outbox.audited import audited


@audited()
class ServiceAccount(models.Model):
    """What is known of a program beside its row among the users, which holds its name and its roles.

    That row is never «active», a word that opens every way of signing in; a constraint on it says so.
    """

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL,
        verbose_name=_("user"),
        primary_key=True,
        on_delete=models.PROTECT,
        related_name="service",
        editable=False,
    )
    purpose = models.CharField(_("what it does"), max_length=300)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("responsible person"),
        on_delete=models.PROTECT,
        related_name="services",
        help_text=_("Is told before a token expires. When this person has left, the administrators are."),
    )
    created_at = models.DateTimeField(_("created"), editable=False)
    ended_at = models.DateTimeField(_("ended"), null=True, blank=True, editable=False)

    class Meta:
        verbose_name = _("service account")
        verbose_name_plural = _("service accounts")
        ordering = ["user__name", "pk"]
        constraints = [
            models.CheckConstraint(condition=~Q(purpose=""), name="serviceaccount_has_purpose"),
            models.CheckConstraint(condition=~Q(owner=F("user")), name="serviceaccount_owner_is_another"),
        ]

    def __str__(self) -> str:
        return self.user.name
