"""Addresses of the customer's side."""

from django.urls import path

import tickets.converters  # noqa: F401  (knows `<number:…>`)
from tickets.views import answers, incidents, portal

urlpatterns = [
    path("tickets/", portal.ticket_list, name="tickets"),
    path("tickets/<number:number>/", portal.ticket, name="ticket"),
    path("tickets/<number:number>/<slug:action>/", portal.act, name="act"),
    path("t/<str:token>/", portal.status, name="status"),
    path("t/<str:token>/attachments/<int:pk>/", portal.status_file, name="status_file"),
    path("t/<str:token>/<slug:action>/", portal.status_act, name="status_act"),
    path("incidents/", incidents.incident_list, name="incidents"),
    path("incidents/<int:pk>/", incidents.incident, name="incident"),
    path("incidents/<int:pk>/follow/", incidents.follow, name="incident_follow"),
    path("answer/<str:token>/", answers.answer, name="answer"),
]
