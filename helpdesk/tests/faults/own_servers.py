"""PostgreSQL and Valkey that belong to a test alone, so that it may kill them."""

import os
import signal
import subprocess
import sys
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

import psycopg2
import redis
from django.conf import settings
from django.db import connection

from helpdesk.embedded.home import Home
from helpdesk.embedded.postgres import Postgres
from helpdesk.embedded.process import Child
from helpdesk.embedded.valkey import Valkey
from helpdesk.tests.real import descendants


class OwnCluster:
    """A cluster as in production (a commit is on the disk before it is told), in which each test has a database."""

    def __init__(self, home: Home) -> None:
        self.postgres = Postgres(home)
        self.home = home
        self.name = "helpdesk"

    def migrate(self) -> None:
        """Make the database that the others are copied from; by a server that is careless with the disk, so quickly."""
        safe, self.postgres = self.postgres, Postgres(self.home, testing=True)
        self.start()
        try:
            command = [sys.executable, "manage.py", "migrate", "--verbosity", "0"]
            subprocess.run(command, cwd=settings.BASE_DIR, env=os.environ | {"DATABASE_URL": self.url}, check=True)
        finally:
            self.stop()
        self.postgres = safe

    @property
    def url(self) -> str:
        """DATABASE_URL of the present test's database."""
        return f"postgresql://postgres@/{self.name}?host={quote(str(self.home.sockets))}"

    def start(self) -> None:
        connection.close()  # Django's in this process would not know that it died with the server
        self.postgres.start()
        self.postgres.wait()

    def kill(self) -> None:
        """kill -9 of the postmaster and all of its backends at once."""
        child = _child(self.postgres.child)
        for pid in [child.pid, *descendants(child.pid)]:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        child.popen.wait(20)

    def stop(self) -> None:
        child = _child(self.postgres.child)
        child.ask_to_stop()
        child.wait_or_kill(30)

    def connect(self, name: str = "") -> "psycopg2.extensions.connection":
        """A connection beside Django's, in autocommit."""
        session = psycopg2.connect(host=str(self.home.sockets), user="postgres", dbname=name or self.name)
        session.autocommit = True
        return session

    @contextmanager
    def fresh_database(self) -> Iterator[None]:
        """A copy of the migrated database; Django's own connection in this process looks there for the time."""
        name = f"fault_{uuid.uuid4().hex[:12]}"
        self._do(f'CREATE DATABASE "{name}" TEMPLATE helpdesk')
        kept = dict(connection.settings_dict)
        connection.close()
        self.name = name
        connection.settings_dict.update(
            {"HOST": str(self.home.sockets), "PORT": "", "USER": "postgres", "PASSWORD": "", "NAME": name}
        )
        connection.settings_dict["OPTIONS"] = {
            option: value for option, value in kept["OPTIONS"].items() if option != "host"
        }
        try:
            yield
        finally:
            connection.close()
            connection.settings_dict.update(kept)
            self.name = "helpdesk"
            if not _child(self.postgres.child).alive():  # the test failed between its death and its return
                self.start()
            self._do(f'DROP DATABASE "{name}" WITH (FORCE)')

    def _do(self, statement: str) -> None:
        session = self.connect("postgres")
        try:
            with session.cursor() as cursor:
                cursor.execute(statement)
        finally:
            session.close()


class OwnValkey:
    """A Valkey without a file: what it knew is gone with it."""

    def __init__(self, home: Home) -> None:
        self.server = Valkey(home, testing=True)

    @property
    def environment(self) -> dict[str, str]:
        return {"REDIS_URL": self.server.url, "CELERY_BROKER_URL": self.server.broker_url}

    def client(self) -> redis.Redis:
        return redis.Redis.from_url(self.server.url)

    def queued(self, queue: str) -> list[bytes]:
        """The messages that wait in a queue of Celery."""
        return self.client().lrange(settings.CELERY_BROKER_TRANSPORT_OPTIONS["global_keyprefix"] + queue, 0, -1)

    def start(self) -> None:
        self.server.start()
        self.server.wait()

    def kill(self) -> None:
        child = _child(self.server.child)
        os.kill(child.pid, signal.SIGKILL)
        child.popen.wait(20)

    def stop(self) -> None:
        child = _child(self.server.child)
        child.ask_to_stop()
        child.wait_or_kill(10)


def _child(child: Child | None) -> Child:
    assert child, "the server was never started"
    return child


@contextmanager
def own_cluster(folder: Path) -> Iterator[OwnCluster]:
    """A migrated `OwnCluster`, gone at the end."""
    home = Home(folder)
    home.make()
    cluster = OwnCluster(home)
    cluster.migrate()
    cluster.start()
    try:
        yield cluster
    finally:
        cluster.stop()
        home.drop_sockets()


@contextmanager
def own_valkey(folder: Path) -> Iterator[OwnValkey]:
    """A running `OwnValkey`, gone at the end."""
    home = Home(folder)
    home.make()
    valkey = OwnValkey(home)
    valkey.start()
    try:
        yield valkey
    finally:
        valkey.stop()
        home.drop_sockets()
