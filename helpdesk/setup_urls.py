"""The administrator's corner of the workspace."""

from django.urls import path

from helpdesk import policy_views, setup_views

urlpatterns = [
    path("setup/", setup_views.setup, name="setup"),
    path("setup/invite/", setup_views.invite, name="setup-invite"),
    path("setup/policies/", policy_views.policies, name="setup-policies"),
    path("audit/", setup_views.audit, name="audit"),
]
