"""Reading articles: search, suggestions, lists."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db.models import Case, Count, Exists, F, FloatField, OuterRef, Q, Value, When
from django.db.models.functions import Cast

from catalog.models import Tag
from knowledge.models import Article
from search.coverage import share
from search.vectors import best, query

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from accounts.models import User
    from knowledge.querysets import ArticleQuerySet

MOST_RESULTS = 200
# What is offered unasked has to be about the matter: half of a question of few words, a quarter and more than one word
# of a longer one, this many words of a long text. A search that was asked for shows the weaker answers too.
_HALF = 0.5
_QUARTER = 0.25
_MANY_WORDS = 4
_OWN_LANGUAGE = 1.3  # a foreign article is better than none, so language and module only raise
_OWN_MODULE = 1.2


def search_articles(
    *,
    user: User | AnonymousUser,
    text: str = "",
    category: str = "",
    version: str = "",
    fault_type: str = "",
    tag: str = "",
    module: str = "",
    kind: str = "",
    language: str = "",
) -> ArticleQuerySet:
    """Published articles that ``user`` may read, narrowed by codes and names; best first when there is a ``text``,
    else newest first. At most `MOST_RESULTS` when ranked. Without labels: add ``with_labels()``.
    """
    found = Article.objects.visible_to(user).published()
    wanted = {
        "category__code": category,
        "fault_type__code": fault_type,
        "module__code": module,
        "kind": kind,
        "language": language,
    }
    found = found.filter(**{lookup: value for lookup, value in wanted.items() if value})
    if tag:
        found = found.filter(
            Exists(Tag.objects.filter(Q(name__iexact=tag) | Q(name_en__iexact=tag), articles=OuterRef("pk")))
        )
    if version:
        found = found.filter(versions__name=version).distinct()
    return ranked(found, text) if text.strip() else found.order_by("-published_at", "-id")


def ranked(articles: ArticleQuerySet, text: str) -> ArticleQuerySet:
    """Those of ``articles`` that match ``text``, best first."""
    sought = query(text)
    return best(articles, sought, limit=MOST_RESULTS) if sought else articles.none()


def matching_articles(
    *,
    text: str,
    user: User | AnonymousUser,
    language: str | None = None,
    module: object | None = None,
    limit: int = 5,
) -> list[Article]:
    """Published articles that probably answer ``text`` (what a customer typed, or a ticket), best first.

    ``language`` and ``module`` (a `catalog.Module`) raise what fits and exclude nothing. What has only a word or
    two in common with the text is left out.
    """
    sought = query(text)
    if sought is None:
        return []
    candidates = best(Article.objects.visible_to(user).published(), sought, limit=limit * 4)
    factor = Case(
        When(language=language or "", then=Value(_OWN_LANGUAGE)), default=Value(1.0), output_field=FloatField()
    )
    of_module = Case(
        When(module=getattr(module, "pk", None) or 0, then=Value(_OWN_MODULE)),
        default=Value(1.0),
        output_field=FloatField(),
    )
    scored = candidates.annotate(score=Cast(F("rank"), FloatField()) * factor * of_module).prefetch_related("tags")
    found = sorted(scored, key=lambda article: article.score, reverse=True)
    return [article for article in found if _is_about(article, text)][:limit]


def _is_about(article: Article, text: str) -> bool:
    tags = " ".join(f"{tag.name} {tag.name_en}" for tag in article.tags.all())
    part, words = share(text, f"{article.title}\n{tags}\n{article.problem}\n{article.cause}")
    return part >= _HALF or (part >= _QUARTER and words > 1) or words >= _MANY_WORDS


def related_articles(*, article: Article, user: User | AnonymousUser, limit: int = 5) -> list[Article]:
    """Other published articles that share tags with ``article``, the most tags first, filled up by likeness."""
    tags = [tag.pk for tag in article.tags.all()]
    readable = Article.objects.visible_to(user).published().exclude(pk=article.pk)
    by_tag = readable.filter(tags__in=tags).annotate(shared=Count("tags")).order_by("-shared", "-helpful_count", "-id")
    found = list(by_tag[:limit]) if tags else []
    if len(found) < limit:
        known = {article.pk, *(other.pk for other in found)}
        alike = matching_articles(text=f"{article.title}\n{article.problem[:500]}", user=user, limit=limit + len(known))
        found += [other for other in alike if other.pk not in known]
    return found[:limit]


def state_counts(*, user: User) -> dict[str, int]:
    """How many articles ``user`` sees in each state, with those that wait for a reviewer under `waiting`."""
    rows = Article.objects.visible_to(user).aggregate(
        waiting=Count("pk", filter=Q(state="in_review") | Q(proposed__isnull=False)),
        **{state: Count("pk", filter=Q(state=state)) for state in Article.State.values},
    )
    return dict(rows)
