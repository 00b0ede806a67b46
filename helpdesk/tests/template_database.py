"""Migrating an empty database costs a test process twenty seconds: one does it, the others copy what came out.

The copy stays in the test cluster as a template, for later runs of the same source too. A server that was given by
DATABASE_URL is left as it was: there every test process migrates.
"""

import hashlib
from pathlib import Path
from typing import Any

import psycopg2
from django.db import connection

_PREFIX = "template_helpdesk_"
_LOCK = 7_304_155  # any number that nothing else locks in this cluster


def name_for(project: Path) -> str:
    """A name that changes with everything that migrations can run: the rooms without their tests, the packages."""
    digest = hashlib.sha256((project / "requirements.txt").read_bytes())
    for room in sorted(path.parent for path in project.glob("*/__init__.py")):
        for file in sorted(room.rglob("*")):
            if file.is_file() and not {"tests", "__pycache__"} & set(file.relative_to(room).parts):
                digest.update(f"{file.relative_to(project)}\0".encode() + file.read_bytes())
    return _PREFIX + digest.hexdigest()[:16]


class Template:
    """`begin` before the test database is made, `finish` afterwards; between them the other processes wait."""

    def __init__(self, project: Path) -> None:
        self.name = name_for(project)
        self._session: Any = None
        self._is_there = False

    def begin(self) -> None:
        """Let Django copy the template if there is one."""
        self._session = psycopg2.connect(**{**connection.get_connection_params(), "dbname": "postgres"})
        self._session.autocommit = True
        self._do("SET statement_timeout = 0")
        self._do("SET lock_timeout = 0")
        self._do("SELECT pg_advisory_lock(%s)", _LOCK)
        self._is_there = self.name in self._all()
        if self._is_there:
            connection.settings_dict["TEST"]["TEMPLATE"] = self.name

    def finish(self) -> None:
        """Leave a copy of what the migrations made, in place of those of other sources."""
        if not self._is_there:
            for stale in self._all():
                self._do(f'DROP DATABASE "{stale}"')
            connection.close()  # nobody may look at what is copied
            source = connection.settings_dict["NAME"]
            self._do(f'CREATE DATABASE "{self.name}" TEMPLATE "{source}" ALLOW_CONNECTIONS false')
        self._session.close()

    def _all(self) -> list[str]:
        return [name for (name,) in self._do("SELECT datname FROM pg_database") if name.startswith(_PREFIX)]

    def _do(self, statement: str, *parameters: object) -> list[tuple]:
        with self._session.cursor() as cursor:
            cursor.execute(statement, parameters)
            return cursor.fetchall() if cursor.description else []
