"""`/healthz` and `/readyz`."""

from datetime import timedelta

import pytest

from helpdesk import health
from outbox import clock
from outbox.models import Heartbeat
from outbox.services import heard
from sla.engine import HEART, LATE_AFTER
from tickets.tests.factories import make_ticket


def test_healthz_asks_no_database(client) -> None:
    # No django_db mark: a query would fail the test.
    answer = client.get("/healthz")
    assert (answer.status_code, answer.content) == (200, b"ok\n")
    assert "no-store" in answer.headers["Cache-Control"]


@pytest.mark.django_db
class TestReadyz:
    def test_all_well(self, client) -> None:
        heard("beat", HEART, now=clock.now())
        answer = client.get("/readyz")
        assert answer.status_code == 200
        assert answer.json() == {
            "status": "ok",
            "checks": {"database": "ok", "redis": "ok", "migrations": "ok", "beat": "ok", "deadlines": "ok"},
        }

    def test_no_beat_yet(self, client) -> None:
        answer = client.get("/readyz")
        assert answer.status_code == 503
        assert answer.json()["checks"]["beat"] == "never"

    def test_a_silent_beat(self, client) -> None:
        Heartbeat.objects.create(name="beat", beat_at=clock.now() - health.BEAT_MAX_AGE - timedelta(seconds=5))
        answer = client.get("/readyz")
        assert answer.status_code == 503
        assert answer.json()["checks"]["beat"].startswith("silent for 6")

    def test_deadlines_that_nobody_checks(self, client) -> None:
        heard("beat", now=clock.now())
        answer = client.get("/readyz")
        assert answer.status_code == 503
        assert answer.json()["checks"] | {"deadlines": "never checked"} == answer.json()["checks"]
        heard(HEART, now=clock.now() - LATE_AFTER - timedelta(seconds=5))
        answer = client.get("/readyz")
        assert answer.status_code == 503
        assert answer.json()["checks"]["beat"] == "ok"  # a worker answers, and still no sweep ends
        assert answer.json()["checks"]["deadlines"].startswith("last checked 6")

    def test_a_deadline_that_no_sweep_records(self, client) -> None:
        heard("beat", HEART, now=clock.now())
        make_ticket(severity="S", now=clock.now() - timedelta(minutes=30) + timedelta(seconds=30))
        assert client.get("/readyz").status_code == 200
        make_ticket(severity="S", now=clock.now() - timedelta(minutes=33))
        answer = client.get("/readyz")
        assert answer.status_code == 200  # told, but no reason to take the pages off the net
        assert answer.json()["checks"]["deadlines"].startswith("ok, recorded late by 18")

    def test_redis_away(self, client, settings) -> None:
        Heartbeat.objects.create(name="beat", beat_at=clock.now())
        settings.REDIS_URL = "redis://127.0.0.1:1/0"
        answer = client.get("/readyz")
        assert answer.status_code == 503
        assert answer.json()["checks"]["redis"] == "unreachable"

    def test_pending_migrations(self, client) -> None:
        from django.db import connection

        Heartbeat.objects.create(name="beat", beat_at=clock.now())
        with connection.cursor() as cursor:
            cursor.execute("DELETE FROM django_migrations WHERE app = 'outbox'")
        answer = client.get("/readyz")
        assert answer.status_code == 503
        assert answer.json()["checks"]["migrations"].endswith("pending")

    def test_only_reading(self, client) -> None:
        assert client.post("/readyz").status_code == 405
