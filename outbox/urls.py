"""The bell, the demo mailbox, the dead letters, webhooks."""

from django.urls import path

from outbox import unsubscribe_views, views
from outbox.robots import views as robots
from outbox.webhooks import views as webhooks
from outbox.wording import views as wording

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
    path("desk/setup/robots/", robots.robots, name="robots"),
    path("desk/setup/robots/<int:pk>/try/", robots.try_robot, name="robot-try"),
    path("desk/outbox/resend/", views.resend_kind, name="resend-kind"),
    path("desk/outbox/words/", wording.words_list, name="words"),
    path("desk/outbox/words/<str:kind>/", wording.edit, name="words-edit"),
    path("desk/outbox/words/<str:kind>/reset/<str:language>/", wording.reset, name="words-reset"),
    path("desk/outbox/words/<str:kind>/preview/<str:language>/", wording.preview_html, name="words-preview"),
    path("unsubscribe/<str:token>/", unsubscribe_views.unsubscribe, name="unsubscribe"),
    path("desk/setup/webhooks/", webhooks.webhooks, name="webhooks"),
    path(f"{_WEBHOOK}/", webhooks.webhook, name="webhook"),
    path(f"{_WEBHOOK}/secret/", webhooks.webhook_rotate, name="webhook-rotate"),
    path(f"{_WEBHOOK}/test/", webhooks.webhook_test, name="webhook-test"),
    path(f"{_WEBHOOK}/delete/", webhooks.webhook_delete, name="webhook-delete"),
    path(f"{_WEBHOOK}/replay/", webhooks.webhook_replay, name="webhook-replay"),
    path("desk/setup/webhooks/calls/<int:pk>/", webhooks.webhook_call, name="webhook-call"),
    path("desk/setup/webhooks/calls/<int:pk>/replay/", webhooks.webhook_call_replay, name="webhook-call-replay"),
]
