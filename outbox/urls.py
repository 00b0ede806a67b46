"""The bell, the demo mailbox, the dead letters, webhooks."""

from django.urls import path

from outbox import views
from outbox.webhooks import views as webhooks

_WEBHOOK = "desk/setup/webhooks/<int:pk>"

app_name = "outbox"
urlpatterns = [
    path("notices/", views.notice_list, name="notices"),
    path("notices/count/", views.notice_count, name="notice-count"),
    path("notices/seen/", views.notices_seen, name="notices-seen"),
    path("desk/mailbox/", views.mailbox, name="mailbox"),
    path("desk/mailbox/<int:pk>/", views.mail, name="mail"),
    path("desk/mailbox/<int:pk>/html/", views.mail_html, name="mail-html"),
    path("desk/outbox/", views.dead_letters, name="dead"),
    path("desk/outbox/<int:pk>/resend/", views.resend, name="resend"),
    path("desk/outbox/intents/<int:pk>/resolve/", views.resolve_again, name="resolve-again"),
    path("desk/outbox/test/", views.send_test, name="send-test"),
    path("desk/setup/webhooks/", webhooks.webhooks, name="webhooks"),
    path(f"{_WEBHOOK}/", webhooks.webhook, name="webhook"),
    path(f"{_WEBHOOK}/secret/", webhooks.webhook_rotate, name="webhook-rotate"),
    path(f"{_WEBHOOK}/test/", webhooks.webhook_test, name="webhook-test"),
    path(f"{_WEBHOOK}/delete/", webhooks.webhook_delete, name="webhook-delete"),
    path(f"{_WEBHOOK}/replay/", webhooks.webhook_replay, name="webhook-replay"),
    path("desk/setup/webhooks/calls/<int:pk>/", webhooks.webhook_call, name="webhook-call"),
    path("desk/setup/webhooks/calls/<int:pk>/replay/", webhooks.webhook_call_replay, name="webhook-call-replay"),
]
