"""Addresses of this room: the portal's home, which every room names, the form, and mails to decide about."""

from django.urls import include, path

import tickets.converters  # noqa: F401  (knows `<number:…>`)
from intake import views, views_mail
from intake.alerts import views as alerts
from intake.chat import views as embed
from intake.chat import views_setup as chat
from intake.phone import views as phone
from intake.wecom import views as wecom

pages = [
    path("submit/", views.submit, name="submit"),
    path("submit/grade/", views.grade, name="grade"),
    path("submit/questions/", views.questions, name="questions"),
    path("submit/thanks/", views.thanks, name="thanks"),
    path("desk/mail/", views_mail.mail_list, name="mails"),
    path("desk/mail/<int:pk>/", views_mail.mail, name="mail"),
    path("desk/mail/<int:pk>/original/", views_mail.original, name="mail-original"),
    path("desk/mail/<int:pk>/retry/", views_mail.retry, name="mail-retry"),
    path("desk/mail/<int:pk>/discard/", views_mail.discard, name="mail-discard"),
    path("desk/mail/<int:pk>/approve/", views_mail.approve, name="mail-approve"),
    path("desk/mail/<int:pk>/reject/", views_mail.reject, name="mail-reject"),
    path("desk/mail/of-message/<int:pk>/", views_mail.of_message, name="mail-of-message"),
    path("desk/tickets/<number:number>/held/", views_mail.held, name="mail-held"),
]

monitoring = [
    path("setup/alerts/", alerts.sources, name="sources"),
    path("setup/alerts/<int:pk>/", alerts.source, name="source"),
    path("setup/alerts/<int:pk>/key/", alerts.key, name="key"),
    path("setup/alerts/<int:pk>/mapping/", alerts.mapping, name="mapping"),
    path("setup/alerts/<int:pk>/preview/", alerts.preview, name="preview"),
    path("setup/alerts/received/<int:pk>/", alerts.post, name="post"),
    path("setup/alerts/received/<int:pk>/retry/", alerts.post_retry, name="post-retry"),
    path("tickets/<number:number>/alerts/", alerts.ticket_alerts, name="ticket"),
]

calls = [
    path("calls/new/", phone.call, name="new"),
    path("calls/lookup/", phone.lookup, name="lookup"),
]

chats = [
    path("setup/wecom/", wecom.apps, name="apps"),
    path("setup/wecom/<int:pk>/try/", wecom.try_app, name="try"),
    path("setup/wecom/messages/<int:pk>/who/", wecom.who, name="who"),
    path("setup/wecom/messages/<int:pk>/away/", wecom.put_away, name="away"),
    path("setup/wecom/messages/<int:pk>/retry/", wecom.again, name="retry"),
]

widgets = [
    path("setup/chat/", chat.widgets, name="widgets"),
    path("setup/chat/<int:pk>/", chat.widget, name="widget"),
    path("setup/chat/<int:pk>/token/", chat.token, name="token"),
    path("tickets/<number:number>/chat/", chat.of_ticket, name="ticket"),
]

#: Framed by sites of others, read and sent without any cookie (`helpdesk.middleware.CookielessMiddleware`).
embedded = [
    path("chat.js", embed.script, name="script"),
    path("demo/", embed.demo, name="demo"),
    path("chat/<slug:code>/", embed.panel, name="panel"),
    path("chat/<slug:code>/search/", embed.search, name="search"),
    path("chat/<slug:code>/article/", embed.article, name="article"),
    path("chat/<slug:code>/start/", embed.start, name="start"),
    path("chat/<slug:code>/say/", embed.words, name="say"),
    path("chat/<slug:code>/news/", embed.news, name="news"),
    path("chat/<slug:code>/end/", embed.bye, name="end"),
    path("chat/<slug:code>/leave/", embed.leave, name="leave"),
    path("chat/<slug:code>/files/<int:pk>/", embed.file, name="file"),
]

urlpatterns = [
    path("", views.home, name="home"),
    path("hooks/wecom/<int:pk>/", wecom.callback, name="wecom-callback"),
    path("desk/", include((monitoring, "alerts"))),
    path("desk/", include((chats, "wecom"))),
    path("desk/", include((calls, "calls"))),
    path("desk/", include((widgets, "chat"))),
    path("embed/", include((embedded, "embed"))),
    path("", include((pages, "intake"))),
]
