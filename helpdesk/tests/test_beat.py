"""Beat rings where there is room, and keeps still where enough rings wait."""

import pytest
from celery.beat import ScheduleEntry

from helpdesk.beat import BoundedScheduler
from helpdesk.celery import app
from outbox.doorbell import MOST_WAITING


@pytest.fixture
def scheduler(tmp_path):
    scheduler = BoundedScheduler(app, schedule_filename=str(tmp_path / "schedule"))
    yield scheduler
    scheduler.close()


def _waiting(queue: str) -> int:
    with app.connection_for_read() as connection:
        return connection.default_channel.queue_declare(queue=queue).message_count


def test_a_queue_that_nobody_hears_stays_short(scheduler):
    entry = ScheduleEntry("row", "outbox.tasks.beat", schedule=5, options={"queue": "unheard"}, app=app)
    for _ in range(MOST_WAITING + 5):
        scheduler.apply_entry(entry, producer=scheduler.producer)
    assert _waiting("unheard") == MOST_WAITING


def test_no_ring_of_the_table_carries_an_instant_of_beats_clock():
    assert [
        row for row in app.conf.beat_schedule.values() if {"expires", "eta", "countdown"} & row["options"].keys()
    ] == []
