"""Is it alive (`/healthz`), and can it work (`/readyz`)? For load balancers, the launcher and people."""

from datetime import timedelta

import redis
from django.conf import settings
from django.db import Error as DatabaseError
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from outbox import clock
from outbox.selectors import last_tick
from sla.engine import engine_state

# Beat rings every 10 seconds; this many seconds of silence mean that beat, broker or worker stands still.
BEAT_MAX_AGE = timedelta(seconds=60)


@require_safe
@never_cache
def healthz(request: HttpRequest) -> HttpResponse:
    """This process answers. Asks no database, so that a database outage does not get web processes killed."""
    return HttpResponse("ok\n", content_type="text/plain")


@require_safe
@never_cache
def readyz(request: HttpRequest) -> JsonResponse:
    """Database, Redis, migrations, the last beat and how late deadlines are recorded; 503 unless all are well.

    Tells no secrets.
    """
    checks = {"database": database_state(), "redis": redis_state()}
    if checks["database"] == "ok":
        checks |= {"migrations": migrations_state(), "beat": beat_state(), "deadlines": deadlines_state()}
    well = len(checks) == 5 and all(answer.startswith("ok") for answer in checks.values())
    return JsonResponse({"status": "ok" if well else "unavailable", "checks": checks}, status=200 if well else 503)


def database_state() -> str:
    """«ok» when the database answers."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        return "unreachable"
    return "ok"


def redis_state() -> str:
    """«ok» when Redis answers within a second."""
    try:
        with redis.Redis.from_url(settings.REDIS_URL, socket_connect_timeout=1, socket_timeout=1) as client:
            client.ping()
    except redis.RedisError:
        return "unreachable"
    return "ok"


def migrations_state() -> str:
    """«ok» when the database is as this version wants it."""
    executor = MigrationExecutor(connection)
    pending = executor.migration_plan(executor.loader.graph.leaf_nodes())
    return f"{len(pending)} pending" if pending else "ok"


def beat_state() -> str:
    """«ok» when beat, broker and worker answered together lately."""
    try:
        last = last_tick()
        age = clock.now() - last if last else None
    except DatabaseError:
        return "unknown"
    if age is None:
        return "never"
    return "ok" if age <= BEAT_MAX_AGE else f"silent for {int(age.total_seconds())} s"


def deadlines_state() -> str:
    """«ok» while sweeps end in time; else how long they have been silent. What waits for one is told, by how much.

    One clock that cannot be recorded must not take every page off the net, so that this alone is no reason for 503.
    """
    try:
        state = engine_state(now=clock.now())
    except DatabaseError:
        return "unknown"
    if state.silent_for is None:
        return "never checked"
    words = [f"last checked {int(state.silent_for.total_seconds())} s ago" if state.is_silent else "ok"]
    if state.is_behind:
        words.append(f"recorded late by {int(state.late_by.total_seconds())} s")
    return ", ".join(words)
