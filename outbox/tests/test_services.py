"""Enqueueing: inside the transaction, once per dedupe key, and never held up by Redis."""

import os
import socket
import time as real_time
from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from outbox import background, doorbell, push, services
from outbox.models import Intent
from outbox.tests.conftest import NOW

ROW = {"kind": "sample.plain", "payload": {}, "stream": "s:1"}


@pytest.mark.django_db(transaction=True)
def test_enqueue_refuses_to_write_outside_a_transaction():
    with pytest.raises(RuntimeError):
        services.enqueue(**ROW, now=NOW)
    with pytest.raises(RuntimeError):
        services.enqueue_many([ROW], now=NOW)
    assert not Intent.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_an_intent_goes_with_its_change_when_that_is_rolled_back():
    with pytest.raises(ValueError), transaction.atomic():
        services.enqueue(**ROW, now=NOW)
        raise ValueError
    assert not Intent.objects.exists()


@pytest.mark.django_db
def test_a_dedupe_key_is_written_once_and_gives_the_first_intent_back():
    first = services.enqueue(**ROW, now=NOW, dedupe_key="k")
    second = services.enqueue(**ROW | {"payload": {"other": 1}}, now=NOW, dedupe_key="k")
    assert (first.pk, second.payload) == (second.pk, {})
    assert services.enqueue(**ROW, now=NOW).pk != services.enqueue(**ROW, now=NOW).pk


@pytest.mark.django_db
def test_not_before_is_kept():
    later = NOW + timedelta(hours=48)
    assert services.enqueue(**ROW, now=NOW, not_before=later).available_at == later


@pytest.mark.django_db
def test_many_rows_are_one_insert_and_known_keys_are_left_alone():
    services.enqueue(**ROW, now=NOW, dedupe_key="k1")
    with CaptureQueriesContext(
        connection,
    ) as queries:
        services.enqueue_many([{**ROW, "dedupe_key": f"k{n}"} for n in range(300)], now=NOW)
    assert len([q for q in queries if "INSERT" in q["sql"]]) == 1
    assert Intent.objects.count() == 300


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("state", ["refusing", "frozen"])
def test_a_dead_redis_neither_raises_nor_delays_the_commit(state, settings, monkeypatch):
    with socket.socket() as server:  # frozen: accepts by the kernel's backlog and never says a word
        server.bind(("127.0.0.1", 0))
        if state == "frozen":
            server.listen()
        address = f"redis://127.0.0.1:{server.getsockname()[1]}/0"
        settings.REDIS_URL = address
        monkeypatch.setattr(push, "_silent_until", 0.0)
        push._client.cache_clear()
        from celery import Celery

        broken = Celery("broken", broker=address, set_as_current=False)
        broken.conf.broker_transport_options = {"socket_connect_timeout": 0.2, "socket_timeout": 0.2, "max_retries": 0}
        monkeypatch.setattr(doorbell, "current_app", broken)
        started = real_time.monotonic()
        with transaction.atomic():
            services.enqueue(**ROW, now=NOW)
            push.publish("ticket:T1", change="x")
        assert real_time.monotonic() - started < 1
        assert background.flush(20)
    push._client.cache_clear()
    assert Intent.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_a_commit_rings_once_however_many_it_wrote_and_a_rollback_never(monkeypatch):
    rings = []
    monkeypatch.setattr(doorbell, "_pending", doorbell.threading.Event())
    monkeypatch.setattr(background, "say", rings.append)
    with transaction.atomic():
        services.enqueue(**ROW, now=NOW)
        services.enqueue(**ROW, now=NOW)
        assert rings == []
    assert len(rings) == 1
    with pytest.raises(ValueError), transaction.atomic():
        doorbell._pending.clear()
        services.enqueue(**ROW, now=NOW)
        raise ValueError
    assert len(rings) == 1


def test_a_forked_child_rings_with_a_thread_of_its_own():
    background.say(lambda: None)
    assert background.flush(5)
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        background.say(lambda: os.write(writer, b"heard"))
        os._exit(0 if background.flush(5) else 1)
    assert os.waitpid(child, 0)[1] == 0
    assert os.read(reader, 5) == b"heard"
