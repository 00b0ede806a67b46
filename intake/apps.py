from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class IntakeConfig(AppConfig):
    name = "intake"
    verbose_name = _("Intake")

    def ready(self) -> None:
        from intake.mail.answering import wrote_last
        from intake.mail.tokens import answers_to
        from intake.notices import NOTICES
        from intake.selectors import originals_of
        from intake.wecom.telling import WecomService
        from outbox import chat, registry, replying, threads
        from tickets import originals

        for notice in NOTICES:
            registry.register(notice)
        replying.register(answers_to)
        threads.register(wrote_last)
        originals.register(originals_of)
        chat.register(WecomService())
