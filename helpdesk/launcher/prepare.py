"""Bring translations, database, static files and demo data up to date.

Each step is skipped when there is nothing to do: the second start must be quick.
"""

import hashlib
import io
import logging
import os
from pathlib import Path

import django
import redis
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.management import call_command, get_commands
from django.db import DatabaseError, connection, connections
from django.db.migrations.executor import MigrationExecutor

from helpdesk.embedded.home import PROJECT
from helpdesk.embedded.trouble import Trouble
from helpdesk.launcher.catalogues import compile_catalogues
from helpdesk.launcher.forks import ask_in_a_fork

_DEMO_SECONDS = 600


def read_code() -> None:
    """Import Django and all rooms; needs no server yet.

    Translations come first: Django reads a catalogue once a process, while it imports the models, and what was not
    compiled by then would stay English in every process that is forked from this one.
    """
    compile_catalogues(PROJECT / "locale")
    try:
        django.setup()
    except ImproperlyConfigured as error:
        raise Trouble(str(error)) from error


def prepare() -> None:
    """All steps, in order; leaves no connection open."""
    try:
        _reach_servers()
        _migrate()
        _collect_static()
        _load_demo()
    except (OSError, DatabaseError) as error:
        if "No space left" in str(error):
            home = os.environ.get("HELPDESK_HOME", "var/")
            raise Trouble(f"The disk is full: free some space below {home}, then try again.") from error
        raise
    finally:
        connections.close_all()


def _reach_servers() -> None:
    """A sentence where DATABASE_URL or REDIS_URL lead nowhere."""
    try:
        connection.ensure_connection()
    except DatabaseError as error:
        first = str(error).strip().splitlines()[0]
        raise Trouble(f"The database of DATABASE_URL cannot be reached: {first}") from error
    try:
        with redis.Redis.from_url(settings.REDIS_URL, socket_connect_timeout=5) as client:
            client.ping()
    except (redis.RedisError, ValueError) as error:
        raise Trouble(f"The Redis of REDIS_URL cannot be reached: {error}") from error


def _migrate() -> None:
    executor = MigrationExecutor(connection)
    if executor.migration_plan(executor.loader.graph.leaf_nodes()):
        _say("migrating the database")
        call_command("migrate", interactive=False, verbosity=0)


def _collect_static() -> None:
    """Collect when a file, a package or Django's way of naming changed."""
    stamp = Path(settings.STATIC_ROOT).with_suffix(".stamp")
    state = hashlib.sha256(settings.STORAGES["staticfiles"]["BACKEND"].encode())
    state.update((settings.BASE_DIR / "requirements.txt").read_bytes())
    for folder in settings.STATICFILES_DIRS:
        for path in sorted(Path(folder).rglob("*")):
            if path.is_file():
                found = path.stat()
                state.update(f"{path}|{found.st_size}|{found.st_mtime_ns}\n".encode())
    if stamp.exists() and stamp.read_text() == state.hexdigest() and Path(settings.STATIC_ROOT).is_dir():
        return
    _say("collecting static files")
    call_command("collectstatic", interactive=False, verbosity=0, clear=True)
    stamp.write_text(state.hexdigest())


def _load_demo() -> None:
    """The first time only: when nobody is there yet.

    In a process of its own, because services start threads (doorbells, hints) that the launcher must not have.
    """
    from django.contrib.auth import get_user_model

    if not settings.DEMO or "load_demo" not in get_commands() or get_user_model().objects.exists():
        return
    _say("loading demo data (the first time only)")
    connections.close_all()
    if not ask_in_a_fork(_call_load_demo, seconds=_DEMO_SECONDS):
        raise Trouble("The demo data could not be loaded (see above); try again with a new HELPDESK_HOME, or DEMO=0.")


def _call_load_demo() -> bool:
    logging.disable(logging.WARNING)  # hints to open pages find nobody yet
    call_command("load_demo", verbosity=0, stdout=io.StringIO())
    return True


def _say(text: str) -> None:
    print(f"· {text}", flush=True)
