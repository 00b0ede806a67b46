"""The administration of policies: here and not in `sla`, because their form foretells what they change on tickets."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _

from outbox import clock
from outbox.admin_base import AutocompleteMixin
from sla.models import Policy, Target
from tickets.selectors.policies import Preview, preview


class TargetInline(admin.TabularInline):
    model = Target
    extra = 0


class _Foretold(Exception):
    """Everything was saved and looked at; on its way out of the view's transaction this takes it back."""

    def __init__(self, preview: Preview) -> None:
        super().__init__()
        self.preview = preview


class _Unsaved:
    """A form that is shown again as it was filled in, although nothing is wrong with it."""

    def is_valid(self) -> bool:
        return False


@admin.register(Policy)
class PolicyAdmin(AutocompleteMixin, admin.ModelAdmin):
    """Policies with their targets. «Preview» says what the form would change on running clocks, and saves nothing."""

    list_display = ["name", "position", "severity", "service_level", "organization", "team", "category", "is_active"]
    list_filter = ["is_active", "severity", "service_level"]
    list_select_related = ["organization", "team", "category"]
    search_fields = ["name"]
    autocomplete_fields = ["organization", "team", "category"]
    inlines = [TargetInline]
    change_form_template = "helpdesk/policy_form.html"

    def response_add(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        self._offer(request)
        return super().response_add(request, *args, **kwargs)

    def response_change(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        self._offer(request)
        return super().response_change(request, *args, **kwargs)

    def response_delete(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        self._offer(request)
        return super().response_delete(request, *args, **kwargs)

    def changeform_view(
        self, request: HttpRequest, object_id: str | None = None, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        try:
            return super().changeform_view(request, object_id, form_url, extra_context)
        except _Foretold as foretold:
            extra_context = {**(extra_context or {}), "preview": foretold.preview}
        request.foretold = True  # type: ignore[attr-defined]
        return super().changeform_view(request, object_id, form_url, extra_context)

    def get_form(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        form = super().get_form(request, *args, **kwargs)
        return type(form.__name__, (_Unsaved, form), {}) if hasattr(request, "foretold") else form

    def save_related(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        super().save_related(request, *args, **kwargs)
        if "_preview" in request.POST:
            raise _Foretold(preview(now=clock.now()))

    def _offer(self, request: HttpRequest) -> None:
        """Open tickets keep what they were promised until the policies are applied to them."""
        text = _("New tickets follow the policies from now on.")
        link = _("See what they would change on open tickets")
        self.message_user(request, format_html('{} <a href="{}">{}</a>', text, reverse("setup-policies"), link))
