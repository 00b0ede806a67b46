"""Skills, and how good somebody is at them."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.models.user import User
from outbox.bilingual import BilingualName


class Skill(BilingualName):
    """What an agent can be good at; categories ask for one."""

    code = models.SlugField(_("code"), max_length=40, unique=True)

    class Meta:
        verbose_name = _("skill")
        verbose_name_plural = _("skills")
        ordering = ["name"]


class SkillLevel(models.Model):
    """How good, from 1 (learning) to 5 (teaches others)."""

    user = models.ForeignKey(User, verbose_name=_("user"), on_delete=models.CASCADE, related_name="skill_levels")
    skill = models.ForeignKey(Skill, verbose_name=_("skill"), on_delete=models.CASCADE, related_name="levels")
    level = models.PositiveSmallIntegerField(_("level"))

    class Meta:
        verbose_name = _("skill level")
        verbose_name_plural = _("skill levels")
        constraints = [
            models.UniqueConstraint(fields=["user", "skill"], name="skilllevel_once"),
            models.CheckConstraint(condition=Q(level__range=(1, 5)), name="skilllevel_1_to_5"),
        ]

    def __str__(self) -> str:
        return f"{self.user}: {self.skill} {self.level}"
