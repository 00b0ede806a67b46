"""«Was this helpful?»"""

from datetime import datetime

from django.db.models import F

from knowledge.models import Article
from outbox import limits

_VOTES = 20  # of one visitor in an hour, over all articles


def rate_article(*, article: Article, helpful: bool, visitor: str, now: datetime) -> bool:
    """Count one vote of ``visitor`` (an opaque key of at most 100 characters) and say whether it was counted.

    One vote a day for an article and few an hour in all; counted in the database, so parallel votes are not lost.
    """
    allowed = limits.allow(f"article-votes:{visitor}", limit=_VOTES, seconds=3600, now=now) and limits.allow(
        f"article-vote:{article.pk}:{visitor}", limit=1, seconds=86_400, now=now
    )
    if not allowed:
        return False
    field = "helpful_count" if helpful else "unhelpful_count"
    return bool(Article.objects.filter(pk=article.pk, state="published").update(**{field: F(field) + 1}))
