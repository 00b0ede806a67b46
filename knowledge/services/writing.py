"""Writing articles: every save is a new row of their history."""

import secrets
from collections.abc import Iterable
from datetime import datetime
from typing import Any, TypedDict, Unpack

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.db.models import Max, Q
from django.utils.text import slugify
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from catalog.models import Category, FaultType, Module, Tag, Version
from knowledge.models import Article, ArticleVersion
from knowledge.querysets import may
from search.vectors import document_vector

TEXT = ("title", "problem", "cause", "solution")
_LABELS = ("kind", "visibility", "language", "category", "module", "fault_type", "expires_on")
MAX_TEXT = 50_000  # characters; a manual is several articles
MAX_TAG = 40
_SLUG_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"  # none that are mistaken for each other


class ArticleFields(TypedDict, total=False):
    """What an article says and how it is labelled."""

    title: str
    problem: str
    cause: str
    solution: str
    kind: str
    visibility: str
    language: str
    category: Category | None
    module: Module | None
    fault_type: FaultType | None
    expires_on: Any
    versions: Iterable[Version]
    tags: Iterable[Tag | str]


class StaleArticle(Exception):
    """Somebody saved a newer version since the caller read the article."""

    problem_status = 409
    problem_code = "stale"

    def __init__(self) -> None:
        super().__init__(str(_("Somebody saved a newer version meanwhile. Compare it with yours and save again.")))


@transaction.atomic
def draft_article(*, actor: User, now: datetime, **fields: Unpack[ArticleFields]) -> Article:
    """Write a new draft with its first version. ``title``, ``problem``, ``solution`` and ``language`` are required.

    Raises:
        PermissionDenied: without `article.write`.
        ValidationError: when a field is missing or not valid.
    """
    demand(actor, "article.write")
    values: dict[str, Any] = {name: fields[name] for name in (*TEXT, *_LABELS) if name in fields}  # type: ignore[literal-required]
    article = Article(author=actor, created_at=now, updated_at=now, **values)
    article.slug = _slug(article.title)
    _check(article)
    article.save(force_insert=True)
    _set_many(article, fields)
    _keep(article, 1, {name: getattr(article, name) for name in TEXT}, actor=actor, now=now, note="")
    reindex([article])
    return article


@transaction.atomic
def edit_article(
    *, article: Article, actor: User, now: datetime, base: int, note: str = "", **fields: Unpack[ArticleFields]
) -> ArticleVersion:
    """Save a new version. ``base`` is the number of the version that was changed (`latest_number` when it was read).

    Who may not publish changes a published article by proposal: the text waits as `Article.proposed`, the shown
    text and the labels stay as they are (docs/decisions/, «a change of a published article»).

    Raises:
        PermissionDenied: when ``actor`` may neither see nor write the article.
        StaleArticle: when there is a newer version than ``base``.
        ValidationError: when a field is not valid, or the article is archived.
    """
    demand(actor, "article.write")
    locked = lock(article, actor)
    if locked.state == Article.State.ARCHIVED:
        raise ValidationError(_("An archived article is restored before it is changed."), code="archived")
    newest = latest_number(locked)
    if base != newest:
        raise StaleArticle
    current = version_text(locked, newest)
    text = {name: fields.get(name, current[name]) for name in TEXT}
    proposes = locked.state == Article.State.PUBLISHED and not may(actor, "article.publish")
    for name, value in text.items():
        setattr(locked, name, value)
    if not proposes:
        for name in _LABELS:
            if name in fields:
                setattr(locked, name, fields[name])  # type: ignore[literal-required]
    _check(locked)
    version = _keep(locked, newest + 1, text, actor=actor, now=now, note=note)
    if proposes:
        Article.objects.filter(pk=locked.pk).update(proposed=version.number, updated_at=now)
        return version
    locked.version, locked.proposed, locked.updated_at = version.number, None, now
    locked.save(update_fields=[*TEXT, *_LABELS, "version", "proposed", "updated_at"])
    _set_many(locked, fields)
    reindex([locked])
    return version


def reindex(articles: Iterable[Article]) -> None:
    """Write the search tokens of ``articles`` anew: the title weighs most, then labels, problem, cause and solution."""
    for article in articles:
        labels: list[str] = []
        for row in (*article.tags.all(), article.category, article.module, article.fault_type):
            labels += [row.name, row.name_en] if row else []
        vector = document_vector(
            ("A", article.title),
            ("B", " ".join(labels)),
            ("C", article.problem),
            ("D", article.cause),
            ("D", article.solution),
        )
        Article.objects.filter(pk=article.pk).update(tokens=vector)


def demand(actor: User, code: str) -> None:
    """Raise PermissionDenied unless ``actor`` has the permission ``code``."""
    if not may(actor, code):
        raise PermissionDenied


def lock(article: Article, actor: User) -> Article:
    """The row of ``article`` under a lock, freshly read.

    Raises:
        PermissionDenied: when ``actor`` does not see it.
    """
    found = Article.objects.select_for_update().filter(pk=article.pk).first()
    if found is None or not Article.objects.visible_to(actor).filter(pk=article.pk).exists():
        raise PermissionDenied
    return found


def latest_number(article: Article) -> int:
    """The number of the newest version, shown or not."""
    return article.history.aggregate(newest=Max("number"))["newest"] or article.version


def version_text(article: Article, number: int) -> dict[str, str]:
    """What version ``number`` says; the article's own text where no such row was kept."""
    row = article.history.filter(number=number).values(*TEXT).first()
    return row or {name: getattr(article, name) for name in TEXT}


def _keep(article: Article, number: int, text: dict, *, actor: User, now: datetime, note: str) -> ArticleVersion:
    return ArticleVersion.objects.create(
        article=article, number=number, note=note[:200], edited_by=actor, created_at=now, **text
    )


def _check(article: Article) -> None:
    """Facts about the row itself, with messages for people."""
    for name in TEXT:
        setattr(article, name, (getattr(article, name) or "").replace("\x00", "").strip())
    article.clean_fields(exclude=["tokens", "author", "reviewer"])
    wrong = {
        name: [_("At most %(max)d characters.") % {"max": MAX_TEXT}]
        for name in TEXT
        if len(getattr(article, name)) > MAX_TEXT
    }
    if wrong:
        raise ValidationError(wrong)


def _set_many(article: Article, fields: ArticleFields) -> None:
    if "versions" in fields:
        article.versions.set(fields["versions"])
    if "tags" in fields:
        article.tags.set([tag if isinstance(tag, Tag) else tag_named(tag) for tag in fields["tags"]])


def tag_named(name: str) -> Tag:
    """The tag called ``name`` in either language, whatever its case; made when there is none."""
    name = " ".join(name.split())[:MAX_TAG]
    known = Tag.objects.filter(Q(name__iexact=name) | Q(name_en__iexact=name)).first()
    # Two people may type the same new word at once: the second waits for the first and takes that row.
    return known or Tag.objects.get_or_create(name__iexact=name, defaults={"name": name})[0]


def _slug(title: str) -> str:
    """An address: the title's latin words and a random end, so that it is neither guessed nor taken."""
    end = "".join(secrets.choice(_SLUG_LETTERS) for _i in range(8))
    return f"{slugify(title)[:60].strip('-') or 'article'}-{end}"
