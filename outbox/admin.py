"""The outbox to look at: what leaves, what waits, what was given up."""

from django.contrib import admin

from outbox.admin_base import ReadOnlyAdmin
from outbox.models import Delivery, Heartbeat, Intent, MailboxMessage, WebhookCall, WebhookEndpoint


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
