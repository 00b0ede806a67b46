"""`/metrics`: hidden without the token, and right with it."""

from datetime import timedelta

import pytest
from prometheus_client.parser import text_string_to_metric_families

from accounts.tests.factories import TeamFactory, make_agent
from outbox import clock
from outbox.models import Heartbeat, Intent
from tickets.tasks import sweep_deadlines
from tickets.tests.factories import make_ticket

pytestmark = pytest.mark.django_db
TOKEN = "a-token-of-the-operator"


def scrape(client, token=TOKEN):
    return client.get("/metrics", headers={"Authorization": f"Bearer {token}"})


def gauges(client):
    families = text_string_to_metric_families(scrape(client).content.decode())
    return {(s.name, *sorted(s.labels.values())): s.value for family in families for s in family.samples}


def test_there_is_no_such_page_without_the_token(client, settings):
    assert scrape(client, "").status_code == 404
    settings.METRICS_TOKEN = TOKEN
    assert client.get("/metrics").status_code == 404
    assert scrape(client, "wrong").status_code == 404
    assert scrape(client, "wröng").status_code == 404
    assert scrape(client).status_code == 200


def test_the_gauges(client, settings):
    settings.METRICS_TOKEN = TOKEN
    team, now = TeamFactory(), clock.now()
    make_agent(team)
    make_ticket(team=team, severity="S", now=now - timedelta(minutes=31))
    make_ticket(team=team, severity="B", now=now - timedelta(minutes=1))
    Heartbeat.objects.create(name="beat", beat_at=now - timedelta(seconds=90))
    found = gauges(client)
    assert found[("helpdesk_tickets_open", "S", "new")] == 1
    assert found[("helpdesk_tickets_open", "B", "new")] == 1
    assert found[("helpdesk_tickets_open", "A", "new")] == 0
    assert found[("helpdesk_clocks_overdue", "no")] == 1  # the first response, not swept yet
    assert found[("helpdesk_clocks_overdue", "yes")] == 0
    assert 90 <= found[("helpdesk_heartbeat_age_seconds", "beat")] < 120
    assert found[("helpdesk_outbox", "intent", "queued")] == Intent.objects.filter(state="pending").count() > 0
    assert found[("helpdesk_engine_last_tick_age_seconds",)] == float("inf")  # never
    assert 60 <= found[("helpdesk_engine_late_seconds",)] < 90
    sweep_deadlines()
    assert gauges(client)[("helpdesk_engine_last_tick_age_seconds",)] < 30
    assert gauges(client)[("helpdesk_engine_late_seconds",)] == 0
    assert gauges(client)[("helpdesk_clocks_overdue", "yes")] == 1
    assert gauges(client)[("helpdesk_clocks_overdue", "no")] == 0
