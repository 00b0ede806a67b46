"""What customers use and what can go wrong with it."""

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

from outbox.audited import audited
from outbox.bilingual import BilingualName, in_reader_language


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


@audited()
class CustomField(BilingualName):
    """A question of the administrator's own that tickets answer: of one category, or of every ticket.

    Its ``code`` is the key of the answer in `Ticket.custom` and stays; a field that is switched off keeps its answers.
    """

    class Kind(models.TextChoices):
        TEXT = "text", _("text")
        NUMBER = "number", _("number")
        DATE = "date", _("date")
        CHOICE = "choice", _("choice")
        BOOLEAN = "boolean", _("yes or no")

    code = models.SlugField(_("code"), max_length=40, unique=True)
    category = models.ForeignKey(
        Category,
        verbose_name=_("category"),
        null=True,
        blank=True,
        on_delete=models.CASCADE,
        related_name="custom_fields",
        help_text=_("Empty: tickets of every category."),
    )
    kind = models.CharField(_("kind"), max_length=10, choices=Kind.choices)
    choices = models.TextField(
        _("choices"), blank=True, help_text=_("One in each line; after a “|” the same in English.")
    )
    is_needed = models.BooleanField(
        _("needed to resolve"), default=False, help_text=_("Who resolves the ticket has to answer it.")
    )
    asks_customer = models.BooleanField(
        _("asked in the form"), default=False, help_text=_("Customers may answer it when they report the problem.")
    )
    position = models.PositiveSmallIntegerField(_("position"), default=0)
    is_active = models.BooleanField(_("active"), default=True)

    class Meta:
        verbose_name = _("custom field")
        verbose_name_plural = _("custom fields")
        ordering = ["position", "id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(kind__in=["text", "number", "date", "choice", "boolean"]), name="customfield_kind_known"
            ),
            models.CheckConstraint(
                condition=(Q(kind="choice") & ~Q(choices="")) | (~Q(kind="choice") & Q(choices="")),
                name="customfield_choices_iff_choice",
            ),
        ]

    def clean(self) -> None:
        if (self.kind == self.Kind.CHOICE) != bool(self.choices.strip()):
            raise ValidationError({"choices": _("A choice needs its choices, and nothing else has any.")})

    @property
    def options(self) -> list[tuple[str, str]]:
        """The choices as (what is kept, what the reader sees); the Chinese word is what is kept."""
        pairs = [line.partition("|") for line in self.choices.splitlines() if line.strip()]
        return [(kept.strip(), in_reader_language(kept.strip(), english.strip())) for kept, _bar, english in pairs]
