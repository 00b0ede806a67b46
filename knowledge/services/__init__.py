"""Every change of an article goes through here, from pages and API alike."""

from knowledge.services.rating import rate_article
from knowledge.services.review import archive_article, publish_article, restore_article, send_back, submit_for_review
from knowledge.services.writing import StaleArticle, draft_article, edit_article, reindex

__all__ = [
    "StaleArticle",
    "archive_article",
    "draft_article",
    "edit_article",
    "publish_article",
    "rate_article",
    "reindex",
    "restore_article",
    "send_back",
    "submit_for_review",
]
