from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class AccountsConfig(AppConfig):
    name = "accounts"
    verbose_name = _("Accounts")

    def ready(self) -> None:
        """Tell the outbox which messages this room has."""
        from accounts.notices import NOTICES
        from accounts.words import register_words
        from outbox.registry import register

        for notice in NOTICES:
            register_words(register(notice))
