"""The composition root as a Django app, so that it can hold commands, tests and system checks."""

from django.apps import AppConfig


class HelpdeskConfig(AppConfig):
    name = "helpdesk"
    verbose_name = "Helpdesk"
