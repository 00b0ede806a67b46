"""Pages of the deadlines' set-up; the composition root includes them at the root of the site."""

from django.urls import path

from sla import views

app_name = "sla"
urlpatterns = [path("desk/holidays/", views.import_holidays, name="import-holidays")]
