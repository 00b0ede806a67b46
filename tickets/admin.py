"""Grading and triage rules to edit; tickets and their history to look at."""

from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest

from outbox.admin_base import AutocompleteMixin, LinesField, ReadOnlyAdmin
from tickets.models import (
    ChecklistTemplate,
    Escalation,
    SeverityCell,
    SeverityContest,
    SeverityRaise,
    SeverityWordRule,
    Ticket,
    TicketEvent,
    TriageRule,
)


@admin.register(SeverityCell)
class SeverityCellAdmin(admin.ModelAdmin):
    """The matrix as one page: every cell's grade is changed in the list. Cells come and go with the dimensions only."""

    list_display = ["impact", "urgency", "severity"]
    list_display_links = None
    list_editable = ["severity"]
    list_filter = ["impact", "urgency"]
    ordering = ["id"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(SeverityRaise)
class SeverityRaiseAdmin(admin.ModelAdmin):
    list_display = ["service_level", "from_severity", "to_severity", "is_active"]
    list_editable = ["is_active"]
    list_filter = ["service_level"]


class _KeywordForm(forms.ModelForm):
    keywords = LinesField()


@admin.register(SeverityWordRule)
class SeverityWordRuleAdmin(admin.ModelAdmin):
    form = _KeywordForm
    list_display = ["name", "impact", "urgency", "data_loss", "position", "is_active"]
    list_editable = ["position", "is_active"]
    list_filter = ["is_active", "impact", "urgency", "data_loss"]
    search_fields = ["name", "keywords"]


@admin.register(TriageRule)
class TriageRuleAdmin(AutocompleteMixin, admin.ModelAdmin):
    form = _KeywordForm
    list_display = ["name", "category", "module", "team", "weight", "position", "is_active"]
    list_editable = ["weight", "position", "is_active"]
    list_filter = ["is_active", "category", "team"]
    list_select_related = ["category", "module__product", "team"]
    search_fields = ["name", "keywords"]
    autocomplete_fields = ["category", "module", "team"]


class _ChecklistForm(forms.ModelForm):
    items = LinesField(item_length=200)


@admin.register(ChecklistTemplate)
class ChecklistTemplateAdmin(AutocompleteMixin, admin.ModelAdmin):
    form = _ChecklistForm
    list_display = ["name", "name_en", "category", "position", "is_active"]
    list_editable = ["position", "is_active"]
    list_filter = ["is_active", "category"]
    list_select_related = ["category"]
    search_fields = ["name", "name_en"]
    autocomplete_fields = ["category"]


@admin.register(Ticket)
class TicketAdmin(ReadOnlyAdmin):
    list_display = ["number", "subject", "severity", "status", "team", "assignee", "created_at", "next_due_at"]
    list_filter = ["status", "severity", "team", "channel"]
    list_select_related = ["team", "assignee"]
    search_fields = ["number", "subject", "requester__email"]
    exclude = ["tokens"]
    show_full_result_count = False


@admin.register(TicketEvent)
class TicketEventAdmin(ReadOnlyAdmin):
    list_display = ["id", "ticket", "code", "actor", "created_at"]
    list_filter = ["code"]
    list_select_related = ["ticket", "actor"]
    search_fields = ["=ticket__number"]
    show_full_result_count = False


@admin.register(Escalation)
class EscalationAdmin(ReadOnlyAdmin):
    list_display = ["ticket", "severity", "metric", "level", "team", "created_at", "acknowledged_at", "acknowledged_by"]
    list_filter = ["severity", "metric", "team"]
    search_fields = ["=ticket__number"]
    list_select_related = ["ticket", "team", "acknowledged_by"]
    show_full_result_count = False


@admin.register(SeverityContest)
class SeverityContestAdmin(ReadOnlyAdmin):
    list_display = ["ticket", "wanted", "state", "raised_by", "raised_at", "decided_by", "decided_at"]
    list_filter = ["state", "wanted"]
    list_select_related = ["ticket", "raised_by", "decided_by"]
