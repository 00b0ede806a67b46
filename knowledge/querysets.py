"""Who may read which article: every page, API call, search and count starts here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import models
from django.db.models import Q

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from accounts.models import User


def may(user: User | AnonymousUser | None, code: str) -> bool:
    """Whether ``user`` is a person who carries the permission ``code``; anonymous visitors carry none."""
    return bool(user is not None and user.is_authenticated and user.acts and user.may(code))


class ArticleQuerySet(models.QuerySet):
    """Articles, narrowed to what somebody may read."""

    def visible_to(self, user: User | AnonymousUser) -> ArticleQuerySet:
        """Public published articles for everybody, internal published ones for staff, and what is not published
        (drafts, articles in review, archived ones) for its author and for those who may publish.
        """
        if may(user, "article.publish"):
            return self.all()
        allowed = Q(state="published", visibility="public")
        if may(user, "workspace.enter"):
            allowed |= Q(state="published", visibility="internal")
        if may(user, "article.write"):
            allowed |= Q(author_id=user.pk)
        return self.filter(allowed)

    def published(self) -> ArticleQuerySet:
        """What readers find."""
        return self.filter(state="published")

    def waiting_for_review(self) -> ArticleQuerySet:
        """New articles and proposed changes that a reviewer has to look at."""
        return self.filter(Q(state="in_review") | Q(proposed__isnull=False))

    def with_labels(self) -> ArticleQuerySet:
        """With all that a list shows of an article, in a fixed number of queries."""
        return self.select_related("category", "module__product", "fault_type", "author").prefetch_related(
            "tags", "versions"
        )
