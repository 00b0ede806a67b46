"""Widgets as rows; their tags and tokens have pages of their own. Chats to look at."""

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from intake.chat.forms import ChatWidgetForm
from intake.chat.models import ChatConversation, ChatWidget
from outbox.admin_base import AutocompleteMixin, ReadOnlyAdmin


@admin.register(ChatWidget)
class ChatWidgetAdmin(AutocompleteMixin, admin.ModelAdmin):
    form = ChatWidgetForm
    list_display = ["name", "team", "calendar", "language", "is_active"]
    list_filter = ["is_active"]
    list_select_related = ["team", "calendar"]
    search_fields = ["name"]
    autocomplete_fields = ["team", "module"]

    def response_add(self, request: HttpRequest, obj: ChatWidget, post_url_continue: str | None = None) -> HttpResponse:
        super().response_add(request, obj, post_url_continue)
        return redirect("chat:widget", pk=obj.pk)


@admin.register(ChatConversation)
class ChatConversationAdmin(ReadOnlyAdmin):
    list_display = ["began_at", "widget", "visitor", "ticket", "here_until", "ended_at"]
    list_filter = ["widget"]
    list_select_related = ["widget", "visitor", "ticket"]
    show_full_result_count = False
    exclude = ["secret_hash"]
