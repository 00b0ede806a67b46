from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class FeedbackConfig(AppConfig):
    name = "feedback"
    verbose_name = _("Feedback")

    def ready(self) -> None:
        from feedback.notices import SurveyNotice
        from outbox.registry import register
        from tickets.notices.words import register_words

        register_words(register(SurveyNotice()), "customers")
