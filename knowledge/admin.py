"""Articles to look at; they are written and published in the workspace."""

from django.contrib import admin

from knowledge.models import Article
from outbox.admin_base import ReadOnlyAdmin


@admin.register(Article)
class ArticleAdmin(ReadOnlyAdmin):
    list_display = ["title", "kind", "state", "visibility"]
    list_filter = ["state", "kind", "visibility"]
    search_fields = ["title", "slug"]
    fields = ["title", "slug", "kind", "state", "visibility", "problem", "cause", "solution"]
