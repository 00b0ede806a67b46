"""The counter of limits, in parallel."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection

from outbox import limits
from outbox.models import RateWindow
from outbox.tests.conftest import NOW


@pytest.mark.django_db(transaction=True)
def test_a_hundred_parallel_calls_pass_exactly_the_limit():
    gate = threading.Barrier(100)

    def call(_):
        connection.ensure_connection()
        gate.wait(30)
        try:
            return limits.allow("sign-in:a", limit=7, seconds=60, now=NOW)
        finally:
            connection.close()

    with ThreadPoolExecutor(100) as pool:
        assert sum(pool.map(call, range(100))) == 7
    assert RateWindow.objects.get().count == 7


@pytest.mark.django_db
def test_keys_and_windows_count_apart():
    assert limits.allow("a", limit=1, seconds=60, now=NOW)
    assert not limits.allow("a", limit=1, seconds=60, now=NOW + timedelta(seconds=59))
    assert limits.allow("b", limit=1, seconds=60, now=NOW)
    assert limits.allow("a", limit=1, seconds=60, now=NOW + timedelta(seconds=60))


@pytest.mark.django_db
@pytest.mark.parametrize("bad", [{"seconds": 0}, {"seconds": 86_401}, {"limit": -1}, {"key": "k" * 161}])
def test_nonsense_is_refused(bad):
    with pytest.raises(ValueError):
        limits.allow(**{"key": "a", "limit": 1, "seconds": 60, "now": NOW} | bad)


@pytest.mark.django_db
def test_a_limit_of_none_at_all_refuses_without_counting():
    assert not limits.allow("a", limit=0, seconds=60, now=NOW)
    assert not RateWindow.objects.exists()


@pytest.mark.django_db
def test_a_rolling_limit_holds_across_the_border_of_two_windows():
    end = limits.window_start(NOW, 60) + timedelta(seconds=59)
    calls = [end, end, end + timedelta(seconds=2), end + timedelta(seconds=2), end + timedelta(seconds=62)]
    assert [limits.allow("a", limit=2, seconds=60, now=now, rolling=True) for now in calls] == [
        True,
        True,
        False,
        False,
        True,
    ]


def test_reading_is_counted_by_window_without_a_row_of_the_database():
    def asks(seconds):
        return limits.allow_reading("search:a", limit=2, seconds=60, now=NOW + timedelta(seconds=seconds))

    assert [asks(0), asks(1), asks(59)] == [True, True, False]
    # No time has passed for Redis: a counter that never runs out holds nobody up beyond its window.
    assert asks(60)
    assert limits.allow_reading("search:b", limit=2, seconds=60, now=NOW)


def test_without_redis_reading_is_not_held_up(monkeypatch):
    def away(*args, **kwargs):
        raise ConnectionError

    monkeypatch.setattr("django.core.cache.backends.redis.RedisCacheClient.get_client", away)
    assert all(limits.allow_reading("search:a", limit=1, seconds=60, now=NOW) for _ in range(3))
