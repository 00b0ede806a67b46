"""The survey's mail, in the customer's language."""

from datetime import datetime
from typing import Any

from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from feedback.models import Survey
from feedback.services.surveys import survey_token
from outbox.models import Delivery, Intent
from outbox.registry import Recipient
from tickets.models import Ticket
from tickets.notices.base import TicketNotice, ToCustomers
from tickets.notices.words import THREAD


class SurveyNotice(ToCustomers, TicketNotice):
    """One minute, three questions, no sign-in; nothing is sent when it was answered by a call meanwhile."""

    kind = "feedback.survey"
    label = _("Survey: was it truly solved?")
    bulk = True
    subject_of_thread = THREAD

    def essential(self, intent: Intent) -> bool:
        return False

    def recipients(self, intent: Intent, now: datetime) -> list[Recipient]:
        survey = Survey.objects.select_related("customer").get(pk=intent.payload["survey"])
        return [] if survey.answered_at else self.people(survey.customer)

    def item(self, intent: Intent, delivery: Delivery, now: datetime) -> dict[str, Any]:
        survey = Survey.objects.select_related("ticket").get(pk=intent.payload["survey"])
        url = settings.SITE_URL + reverse("feedback:survey", args=[survey_token(survey)])
        return {"ticket": survey.ticket, "survey": survey, "url": url, "payload": intent.payload}

    def url(self, ticket: Ticket, delivery: Delivery, now: datetime) -> str:
        return settings.SITE_URL + reverse("portal:ticket", args=[ticket.number])
