"""Stands in INSTALLED_APPS instead of `django.contrib.admin`, so that every room registers with our own site."""

from django.contrib.admin.apps import AdminConfig


class HelpdeskAdminConfig(AdminConfig):
    default_site = "helpdesk.site_admin.HelpdeskAdminSite"
