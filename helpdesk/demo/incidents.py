"""The demo's known incidents, told by the services that people use."""

from datetime import datetime, timedelta

from accounts.models import User
from catalog.models import Module
from helpdesk.demo.accounts import read
from tickets.services.incidents import open_incident, tell_news


def load_incidents(*, now: datetime) -> None:
    """Write one that is over and one that goes on."""
    lead = User.objects.filter(memberships__role__code="lead").order_by("pk").first()
    for row in read("incidents"):
        first, *later = [
            {
                "state": news["state"],
                "text": news["zh-hans"],
                "text_en": news["en"],
                "actor": lead,
                "now": now - timedelta(hours=news["hours_ago"]),
            }
            for news in row["news"]
        ]
        incident = open_incident(
            name=row["name"]["zh-hans"],
            name_en=row["name"]["en"],
            modules=Module.objects.filter(code__in=row["modules"]),
            **first,
        )
        for news in later:
            tell_news(incident=incident, **news)
