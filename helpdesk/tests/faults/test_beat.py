"""Faults 6 and 8: beat dies across due times; two beats ring at once."""

import json

import pytest

from helpdesk.celery import app as celery_app
from helpdesk.tests.faults import ledger
from helpdesk.tests.faults.scene import (
    BOTH_WAVES,
    FIRST_WAVE,
    HALF,
    MANY,
    SWEEP,
    all_is_told,
    died,
    escalated,
    ids,
    numbers,
    two_waves,
    wait_until_told,
)
from helpdesk.tests.processes import processes, wait_until
from outbox import clock

pytestmark = [pytest.mark.proof, pytest.mark.faults, pytest.mark.django_db(transaction=True)]


def test_beat_killed_between_the_waves(team, running, sink):
    """The first tick escalates the first wave; beat dies with the second in its hand, which nobody hears."""
    tickets = two_waves(team)
    clock.shift(FIRST_WAVE)
    point = f"before-ring@{SWEEP}:2"
    running.worker()
    wait_until(lambda: celery_app.control.ping(timeout=1), "the worker listens, so that it hears the first tick")
    beat = running.beat(crash_at=point)
    # Told, not only escalated: the worker does one thing at a time, so its sweep is over and cannot meet the second.
    wait_until(lambda: all_is_told(HALF), "the first wave is told")
    clock.shift(BOTH_WAVES)
    died(running, beat, point)
    assert 0 < escalated() == HALF < MANY
    running.beat()
    wait_until_told()
    ledger.check(accepted=numbers(tickets), escalated=ids(tickets), sink=sink)


def test_two_beats(team, sink, valkey, tmp_path):
    """Both ring before anybody listens, so that the worker meets the sweeps of both; they also ring while it works."""
    tickets = two_waves(team)
    clock.shift(BOTH_WAVES)
    with processes(tmp_path, EMAIL_URL=sink.url, **valkey.environment) as running:
        beats = {running.beat(quick=True).pid, running.beat(quick=True).pid}
        wait_until(lambda: _rung_by(valkey, SWEEP) >= beats, "both beats rang for a sweep")
        assert escalated() == 0
        running.worker()
        wait_until_told()
    ledger.check(accepted=numbers(tickets), escalated=ids(tickets), sink=sink)


def _rung_by(valkey, task: str) -> set[int]:
    """The pids that sent the waiting messages of a task: Celery signs them `gen<pid>@<host>`."""
    headers = [json.loads(message)["headers"] for message in valkey.queued("ticks")]
    return {int(row["origin"].removeprefix("gen").partition("@")[0]) for row in headers if row["task"] == task}
