from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class OutboxConfig(AppConfig):
    name = "outbox"
    verbose_name = _("Outbox")

    def ready(self) -> None:
        """Register the outbox's own notices."""
        from outbox import notices, registry

        registry.register(notices.TestNotice())
        registry.register(notices.DigestNotice())
