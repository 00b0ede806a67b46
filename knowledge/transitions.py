"""The legal moves of an article: one table for pages and API."""

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from knowledge.models import Article

_DRAFT, _REVIEW = Article.State.DRAFT, Article.State.IN_REVIEW
_PUBLISHED, _ARCHIVED = Article.State.PUBLISHED, Article.State.ARCHIVED

#: (state, move) → (state afterwards, permission that the move asks for). `publish` and `send_back` of a published
#: article decide on its proposed version.
MOVES: dict[tuple[str, str], tuple[str, str]] = {
    (_DRAFT, "submit"): (_REVIEW, "article.write"),
    (_DRAFT, "publish"): (_PUBLISHED, "article.publish"),
    (_DRAFT, "archive"): (_ARCHIVED, "article.publish"),
    (_REVIEW, "publish"): (_PUBLISHED, "article.publish"),
    (_REVIEW, "send_back"): (_DRAFT, "article.publish"),
    (_REVIEW, "archive"): (_ARCHIVED, "article.publish"),
    (_PUBLISHED, "publish"): (_PUBLISHED, "article.publish"),
    (_PUBLISHED, "send_back"): (_PUBLISHED, "article.publish"),
    (_PUBLISHED, "archive"): (_ARCHIVED, "article.publish"),
    (_ARCHIVED, "restore"): (_DRAFT, "article.publish"),
}
_ABOUT_A_PROPOSAL = {(_PUBLISHED, "publish"), (_PUBLISHED, "send_back")}


class IllegalMove(ValidationError):
    """The article is in no state for this move."""


def check_move(*, article: Article, move: str) -> tuple[str, str]:
    """The state after ``move`` and the permission that it asks for.

    Raises:
        IllegalMove: when there is no such move from the article's state.
    """
    key = (article.state, move)
    if key not in MOVES or (key in _ABOUT_A_PROPOSAL and article.proposed is None):
        raise IllegalMove(_("This is not possible while the article is in the state it is in."), code="illegal_move")
    return MOVES[key]


def moves_of(*, article: Article, permissions: frozenset[str]) -> list[str]:
    """The moves that somebody with ``permissions`` may make now."""
    return [
        move
        for (state, move), (_target, code) in MOVES.items()
        if state == article.state
        and code in permissions
        and not ((state, move) in _ABOUT_A_PROPOSAL and article.proposed is None)
    ]
