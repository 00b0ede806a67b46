"""Sources and what their severities mean; alerts to look at. Keys and mappings have pages of their own."""

from typing import Any, cast

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from accounts.models import User
from intake.alerts.models import Alert, AlertGrade, AlertSource
from intake.alerts.sources import settle_source
from outbox import clock
from outbox.admin_base import AutocompleteMixin, ReadOnlyAdmin


class GradeInline(admin.TabularInline):
    model = AlertGrade
    extra = 0


@admin.register(AlertSource)
class AlertSourceAdmin(AutocompleteMixin, admin.ModelAdmin):
    list_display = ["name", "kind", "team", "module", "proof", "is_active"]
    list_filter = ["kind", "is_active"]
    list_select_related = ["team", "module__product"]
    search_fields = ["name", "code"]
    autocomplete_fields = ["team", "module"]
    prepopulated_fields = {"code": ["name"]}
    inlines = [GradeInline]
    fields = [
        "name",
        "code",
        "kind",
        "proof",
        "team",
        "module",
        ("impact", "urgency"),
        "language",
        ("storm_above", "storm_minutes"),
        "resolves",
        "is_active",
    ]

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        super().save_related(request, form, formsets, change)
        settle_source(source=form.instance, actor=cast(User, request.user), now=clock.now())

    def response_add(
        self, request: HttpRequest, obj: AlertSource, post_url_continue: str | None = None
    ) -> HttpResponse:
        super().response_add(request, obj, post_url_continue)
        return redirect("alerts:source", pk=obj.pk)


@admin.register(Alert)
class AlertAdmin(ReadOnlyAdmin):
    list_display = ["name", "source", "severity", "state", "count", "ticket", "last_seen_at"]
    list_filter = ["state", "source"]
    list_select_related = ["source", "ticket"]
    search_fields = ["name", "fingerprint"]
    show_full_result_count = False
