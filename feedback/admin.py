"""Surveys to look at; answers are never edited."""

from django.contrib import admin

from feedback.models import Survey
from outbox.admin_base import ReadOnlyAdmin


@admin.register(Survey)
class SurveyAdmin(ReadOnlyAdmin):
    list_display = ["ticket", "cycle", "created_at", "answered_at", "via", "resolution_score", "is_solved"]
    list_filter = ["via", "is_solved"]
    list_select_related = ["ticket"]
    search_fields = ["=ticket__number"]
    show_full_result_count = False
