"""Addresses of this room."""

from django.urls import path

from reports import views

app_name = "reports"
urlpatterns = [
    path("desk/reports/", views.dashboard, name="dashboard"),
    path("desk/reports/tickets/", views.tickets, name="tickets"),
    path("desk/reports/export/", views.export, name="export"),
]
