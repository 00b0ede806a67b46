"""The composition root as a Django app, so that it can hold commands, tests and system checks."""

from django.apps import AppConfig


class HelpdeskConfig(AppConfig):
    name = "helpdesk"
    verbose_name = "Helpdesk"

    def ready(self) -> None:
        """Make the schema's extensions known."""
        from helpdesk import api_schema  # noqa: F401  # importing it registers them
