"""Applications and the people of WeCom; what waits for a person has a page of its own."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext_lazy as _

from intake.wecom.forms import WecomAppForm
from intake.wecom.models import WecomApp, WecomPerson
from outbox.admin_base import AutocompleteMixin


@admin.register(WecomApp)
class WecomAppAdmin(AutocompleteMixin, admin.ModelAdmin):
    form = WecomAppForm
    list_display = ["name", "corp_id", "team", "newcomers", "is_active"]
    list_select_related = ["team"]
    search_fields = ["name", "corp_id"]
    autocomplete_fields = ["team", "module"]
    fieldsets = [
        (None, {"fields": ["name", "corp_id", "team", "module", "newcomers", "language", "is_active"]}),
        (_("Messages come in"), {"fields": ["token", "aes_key"]}),
        (_("Answers go out"), {"fields": ["agent_id", "secret", "api_base"]}),
    ]

    def response_add(self, request: HttpRequest, obj: WecomApp, post_url_continue: Any = None) -> HttpResponse:
        super().response_add(request, obj, post_url_continue)
        return redirect("wecom:apps")


@admin.register(WecomPerson)
class WecomPersonAdmin(AutocompleteMixin, admin.ModelAdmin):
    list_display = ["userid", "user", "app"]
    list_filter = ["app"]
    list_select_related = ["user", "app"]
    search_fields = ["userid", "user__name", "user__email"]
    autocomplete_fields = ["user"]
