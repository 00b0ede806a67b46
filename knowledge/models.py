"""Articles in three dimensions (problem, cause, solution), their versions and their review."""

from django.conf import settings
from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVectorField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from knowledge.querysets import ArticleQuerySet


class Article(models.Model):
    """What the team knows about one problem.

    The row holds the text of version `version`, which is what readers see once it is published. A change of a
    published article by somebody who may not publish waits as version `proposed` until it is reviewed.
    """

    class State(models.TextChoices):
        DRAFT = "draft", _("draft")
        IN_REVIEW = "in_review", _("in review")
        PUBLISHED = "published", _("published")
        ARCHIVED = "archived", _("archived")

    class Visibility(models.TextChoices):
        PUBLIC = "public", _("public")
        INTERNAL = "internal", _("internal")

    class Kind(models.TextChoices):
        SOLUTION = "solution", _("solution")
        FAQ = "faq", _("frequent question")
        HOWTO = "howto", _("how-to")
        MANUAL = "manual", _("manual")

    slug = models.SlugField(_("address"), max_length=80, unique=True)
    title = models.CharField(_("title"), max_length=200)
    problem = models.TextField(_("problem"))
    cause = models.TextField(_("cause"), blank=True)
    solution = models.TextField(_("solution"))
    kind = models.CharField(_("kind"), max_length=10, choices=Kind.choices, default=Kind.SOLUTION)
    state = models.CharField(_("state"), max_length=10, choices=State.choices, default=State.DRAFT)
    visibility = models.CharField(_("visibility"), max_length=10, choices=Visibility.choices, default=Visibility.PUBLIC)
    language = models.CharField(
        _("language"), max_length=10, choices=[("zh-hans", _("Simplified Chinese")), ("en", _("English"))]
    )
    category = models.ForeignKey(
        "catalog.Category",
        verbose_name=_("category"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="articles",
    )
    module = models.ForeignKey(
        "catalog.Module",
        verbose_name=_("product module"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="articles",
    )
    fault_type = models.ForeignKey(
        "catalog.FaultType",
        verbose_name=_("fault type"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="articles",
    )
    versions = models.ManyToManyField(
        "catalog.Version", verbose_name=_("product versions"), blank=True, related_name="articles"
    )
    tags = models.ManyToManyField("catalog.Tag", verbose_name=_("tags"), blank=True, related_name="articles")
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("author"),
        null=True,
        on_delete=models.SET_NULL,
        related_name="articles_written",
    )
    reviewer = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("reviewer"),
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="articles_reviewed",
    )
    version = models.PositiveIntegerField(_("version shown"), default=1)
    proposed = models.PositiveIntegerField(_("version that waits for review"), null=True, blank=True)
    review_note = models.TextField(_("what the reviewer asks for"), blank=True)
    created_at = models.DateTimeField(_("created"))
    updated_at = models.DateTimeField(_("changed"))
    published_at = models.DateTimeField(_("published"), null=True, blank=True)
    expires_on = models.DateField(_("needs a fresh look on"), null=True, blank=True)
    helpful_count = models.PositiveIntegerField(_("found helpful"), default=0)
    unhelpful_count = models.PositiveIntegerField(_("found unhelpful"), default=0)
    tokens = SearchVectorField(null=True, editable=False)

    objects = ArticleQuerySet.as_manager()

    class Meta:
        verbose_name = _("article")
        verbose_name_plural = _("articles")
        ordering = ["-published_at", "-id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=["draft", "in_review", "published", "archived"]), name="article_state_known"
            ),
            models.CheckConstraint(condition=Q(visibility__in=["public", "internal"]), name="article_visibility_known"),
            models.CheckConstraint(
                condition=~Q(state="published", published_at__isnull=True), name="article_published_at_set"
            ),
            models.CheckConstraint(
                condition=Q(proposed__isnull=True) | Q(state="published"), name="article_proposed_only_published"
            ),
        ]
        indexes = [
            GinIndex(fields=["tokens"], name="article_tokens"),
            models.Index(fields=["-published_at", "-id"], name="article_published", condition=Q(state="published")),
            models.Index(
                fields=["-updated_at", "-id"],
                name="article_waits",
                condition=Q(state="in_review") | Q(proposed__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return self.title


class ArticleVersion(models.Model):
    """What an article said at one time; written at every save, never changed."""

    article = models.ForeignKey(Article, on_delete=models.CASCADE, related_name="history")
    number = models.PositiveIntegerField()
    title = models.CharField(max_length=200)
    problem = models.TextField()
    cause = models.TextField(blank=True)
    solution = models.TextField()
    note = models.CharField(_("what changed"), max_length=200, blank=True)
    edited_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField()

    class Meta:
        verbose_name = _("version of an article")
        verbose_name_plural = _("versions of articles")
        ordering = ["-number"]
        constraints = [models.UniqueConstraint(fields=["article", "number"], name="articleversion_once")]

    def __str__(self) -> str:
        return f"{self.article_id} v{self.number}"
