"""Addresses of this room: the portal's home, which every room names, the form, and mails to decide about."""

from django.urls import include, path

import tickets.converters  # noqa: F401  (knows `<number:…>`)
from intake import views, views_mail

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

urlpatterns = [
    path("", views.home, name="home"),
    path("", include((pages, "intake"))),
]
