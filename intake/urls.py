"""Addresses of this room: the portal's home, which every room names, and the form."""

from django.urls import include, path

from intake import views

pages = [
    path("submit/", views.submit, name="submit"),
    path("submit/grade/", views.grade, name="grade"),
    path("submit/questions/", views.questions, name="questions"),
    path("submit/thanks/", views.thanks, name="thanks"),
]

urlpatterns = [
    path("", views.home, name="home"),
    path("", include((pages, "intake"))),
]
