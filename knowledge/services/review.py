"""Review and publication. Who reviewed is kept; a lead may publish an article of their own, and it shows."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from knowledge.models import Article
from knowledge.services.writing import TEXT, StaleArticle, demand, latest_number, lock, reindex, version_text
from knowledge.transitions import check_move


@contextmanager
def _moving(article: Article, actor: User, move: str) -> Iterator[tuple[Article, str]]:
    """The locked row and its state after ``move``, or the refusal."""
    with transaction.atomic():
        locked = lock(article, actor)
        target, code = check_move(article=locked, move=move)
        demand(actor, code)
        yield locked, target


def submit_for_review(*, article: Article, actor: User, now: datetime) -> Article:
    """Hand a draft to the reviewers.

    Raises:
        IllegalMove, PermissionDenied
    """
    with _moving(article, actor, "submit") as (locked, target):
        locked.state, locked.review_note, locked.updated_at = target, "", now
        locked.save(update_fields=["state", "review_note", "updated_at"])
    return locked


def publish_article(*, article: Article, actor: User, now: datetime, base: int | None = None) -> Article:
    """Make the newest version the one that readers see. With ``base``, only if that is the version reviewed.

    Raises:
        IllegalMove, PermissionDenied
        StaleArticle: when somebody saved a newer version than ``base``.
    """
    with _moving(article, actor, "publish") as (locked, target):
        newest = latest_number(locked)
        if base is not None and base != newest:
            raise StaleArticle
        shown = locked.proposed or newest
        for name, value in version_text(locked, shown).items():
            setattr(locked, name, value)
        locked.version, locked.proposed, locked.review_note = shown, None, ""
        locked.state, locked.reviewer, locked.updated_at = target, actor, now
        locked.published_at = locked.published_at or now
        locked.save(
            update_fields=[
                *TEXT, "version", "proposed", "review_note", "state", "reviewer", "updated_at", "published_at"
            ]
        )  # fmt: skip
        reindex([locked])
    return locked


def send_back(*, article: Article, actor: User, now: datetime, reason: str) -> Article:
    """Return an article to its author with ``reason``; a proposed change of a published one is dropped from the queue
    (its version stays in the history).

    Raises:
        IllegalMove, PermissionDenied
        ValidationError: without a reason.
    """
    reason = reason.strip()
    if not reason:
        raise ValidationError({"reason": [_("Say what should be changed.")]})
    with _moving(article, actor, "send_back") as (locked, target):
        locked.state, locked.proposed = target, None
        locked.review_note, locked.reviewer, locked.updated_at = reason[:2000], actor, now
        locked.save(update_fields=["state", "proposed", "review_note", "reviewer", "updated_at"])
    return locked


def archive_article(*, article: Article, actor: User, now: datetime) -> Article:
    """Take an article out of the readers' sight, without losing it.

    Raises:
        IllegalMove, PermissionDenied
    """
    with _moving(article, actor, "archive") as (locked, target):
        locked.state, locked.proposed, locked.updated_at = target, None, now
        locked.save(update_fields=["state", "proposed", "updated_at"])
    return locked


def restore_article(*, article: Article, actor: User, now: datetime) -> Article:
    """Bring an archived article back as a draft.

    Raises:
        IllegalMove, PermissionDenied
    """
    with _moving(article, actor, "restore") as (locked, target):
        locked.state, locked.updated_at = target, now
        locked.save(update_fields=["state", "updated_at"])
    return locked
