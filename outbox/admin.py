"""The outbox to look at: what leaves, what waits, what was given up; and the robots that tell of it."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from outbox.admin_base import AutocompleteMixin, ReadOnlyAdmin
from outbox.models import (
    AllowedNetwork,
    Delivery,
    Heartbeat,
    Intent,
    MailboxMessage,
    Robot,
    WebhookCall,
    WebhookEndpoint,
    Wording,
)
from outbox.robots.forms import RobotForm


@admin.register(Intent)
class IntentAdmin(ReadOnlyAdmin):
    list_display = ["id", "kind", "stream", "state", "attempts", "created_at", "available_at"]
    list_filter = ["state", "kind"]
    search_fields = ["stream", "kind"]
    show_full_result_count = False


@admin.register(Delivery)
class DeliveryAdmin(ReadOnlyAdmin):
    list_display = [
        "id",
        "channel",
        "address",
        "stream",
        "state",
        "attempts",
        "created_at",
        "quiet_until",
        "accepted_at",
    ]
    list_filter = ["state", "channel"]
    search_fields = ["address", "stream"]
    list_select_related = ["intent"]
    show_full_result_count = False


@admin.register(MailboxMessage)
class MailboxMessageAdmin(ReadOnlyAdmin):
    """Without the bodies: they hold links that act for whoever opens them."""

    list_display = ["id", "to", "subject", "received_at"]
    fields = ["to", "subject", "received_at"]
    search_fields = ["to", "subject"]


@admin.register(Heartbeat)
class HeartbeatAdmin(ReadOnlyAdmin):
    list_display = ["name", "beat_at"]


@admin.register(Robot)
class RobotAdmin(AutocompleteMixin, admin.ModelAdmin):
    """Robots of chat groups; they are tried on a page of their own (`outbox.robots.views`)."""

    form = RobotForm
    list_display = ["name", "kind", "host", "team", "language", "is_active"]
    list_filter = ["kind", "is_active"]
    list_select_related = ["team"]
    search_fields = ["name", "host"]
    autocomplete_fields = ["team"]

    def get_fields(self, request: HttpRequest, obj: Robot | None = None) -> Any:
        secrets = ["address", "secret", *(["without_secret"] if obj and obj.sealed_secret else [])]
        return ["name", "kind", *secrets, "team", "tells", "language", "per_minute", "is_active"]

    def response_add(self, request: HttpRequest, obj: Robot, post_url_continue: str | None = None) -> HttpResponse:
        super().response_add(request, obj, post_url_continue)
        return redirect("outbox:robots")


@admin.register(AllowedNetwork)
class AllowedNetworkAdmin(admin.ModelAdmin):
    list_display = ["network", "note"]


@admin.register(Wording)
class WordingAdmin(ReadOnlyAdmin):
    """Only looked at here: the editor (`outbox.wording.views`) checks the words and shows how they look."""

    list_display = ["kind", "language", "subject"]
    list_filter = ["language"]
    search_fields = ["kind", "subject", "text"]


@admin.register(WebhookEndpoint)
class WebhookEndpointAdmin(ReadOnlyAdmin):
    """To look at: the pages of webhooks change them, and nothing shows what their secrets are derived from."""

    list_display = ["name", "url", "team", "is_active"]
    fields = ["name", "url", "team", "hears", "is_active", "previous_until", "created_at"]
    list_select_related = ["team"]


@admin.register(WebhookCall)
class WebhookCallAdmin(ReadOnlyAdmin):
    list_display = ["id", "endpoint", "event", "stream", "state", "attempts", "status", "created_at"]
    list_filter = ["state", "event"]
    search_fields = ["stream"]
    list_select_related = ["endpoint"]
    show_full_result_count = False
