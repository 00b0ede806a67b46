"""The bell, the demo mailbox, the dead letters."""

from django.urls import path

from outbox import unsubscribe_views, views
from outbox.robots import views as robots
from outbox.wording import views as wording

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
]
