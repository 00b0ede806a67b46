"""Addresses of this room."""

from django.urls import path

import tickets.converters  # noqa: F401  (knows `<number:…>`)
from feedback import views

app_name = "feedback"
urlpatterns = [
    path("survey/<str:token>/", views.survey, name="survey"),
    path("desk/tickets/<number:number>/call/", views.call, name="log_call"),
    path("desk/feedback/", views.results, name="results"),
]
