"""What customers use and what can go wrong with it."""

from django.db import models
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

from outbox.bilingual import BilingualName


class Product(BilingualName):
    code = models.SlugField(_("code"), max_length=40, unique=True)

    class Meta:
        verbose_name = _("product")
        verbose_name_plural = _("products")
        ordering = ["name"]


class Module(BilingualName):
    """A part of a product that a customer can name."""

    product = models.ForeignKey(Product, verbose_name=_("product"), on_delete=models.PROTECT, related_name="modules")
    code = models.SlugField(_("code"), max_length=40, unique=True)

    class Meta:
        verbose_name = _("product module")
        verbose_name_plural = _("product modules")
        ordering = ["product__name", "name"]


class Version(models.Model):
    product = models.ForeignKey(Product, verbose_name=_("product"), on_delete=models.PROTECT, related_name="versions")
    name = models.CharField(_("version"), max_length=40)
    released_on = models.DateField(_("released"), null=True, blank=True)

    class Meta:
        verbose_name = _("product version")
        verbose_name_plural = _("product versions")
        ordering = ["product__name", "-released_on"]
        constraints = [models.UniqueConstraint(fields=["product", "name"], name="version_once")]

    def __str__(self) -> str:
        return self.name


class Category(BilingualName):
    """A type of problem, with the team that usually takes it and the skill that it asks for."""

    code = models.SlugField(_("code"), max_length=40, unique=True)
    team = models.ForeignKey(
        "accounts.Team",
        verbose_name=_("team"),
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="categories",
    )
    skill = models.ForeignKey(
        "accounts.Skill",
        verbose_name=_("skill"),
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="categories",
    )
    position = models.PositiveSmallIntegerField(_("position"), default=0)

    class Meta:
        verbose_name = _("category")
        verbose_name_plural = _("categories")
        ordering = ["position", "name"]


class FaultType(BilingualName):
    code = models.SlugField(_("code"), max_length=40, unique=True)

    class Meta:
        verbose_name = _("fault type")
        verbose_name_plural = _("fault types")
        ordering = ["name"]


class Tag(BilingualName):
    """A word to find things by; who types a new one gives it in one language."""

    class Meta:
        verbose_name = _("tag")
        verbose_name_plural = _("tags")
        ordering = ["name"]
        constraints = [models.UniqueConstraint(Lower("name"), name="tag_once")]
