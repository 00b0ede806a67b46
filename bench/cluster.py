"""A PostgreSQL and a Valkey of its own for one measurement: planner defaults, safe on disk as in production."""

import os
import subprocess
import sys
import time
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg2

from helpdesk.embedded.home import PROJECT, Home
from helpdesk.embedded.servers import Servers


class Cluster:
    """The servers of this run and the databases in them."""

    def __init__(self, folder: Path) -> None:
        self.home = Home(folder)
        self.servers = Servers(self.home, {})

    def __enter__(self) -> "Cluster":
        self.start()
        self.do("CREATE DATABASE empty")
        self.manage("empty", "migrate", "-v0")
        return self

    def __exit__(self, *_: object) -> None:
        self.servers.stop()

    def start(self) -> None:
        self.servers.lock()
        self.servers.start()

    def restart(self) -> None:
        self.servers.stop()
        self.servers = Servers(self.home, {})
        self.start()

    def do(self, *statements: str, database: str = "postgres") -> list[tuple]:
        """Statements outside a transaction; the rows of the last one."""
        connection = psycopg2.connect(self.url(database))
        connection.autocommit = True
        try:
            with connection.cursor() as cursor:
                for statement in statements:
                    cursor.execute(statement)
                return cursor.fetchall() if cursor.description else []
        finally:
            connection.close()

    def url(self, database: str) -> str:
        given = urlsplit(self.servers.environment()["DATABASE_URL"])
        return urlunsplit(given._replace(path=f"/{database}"))

    def environment(self, database: str) -> dict[str, str]:
        ours = self.servers.environment() | {"DATABASE_URL": self.url(database), "DEMO": "1", "LOG_LEVEL": "WARNING"}
        return {**os.environ, **ours, "DJANGO_SETTINGS_MODULE": "helpdesk.settings"}

    def manage(self, database: str, *arguments: str) -> str:
        return self.python(database, "manage.py", *arguments)

    def python(self, database: str, *arguments: str, **environment: str) -> str:
        return self.together(database, [arguments], **environment)[0]

    def together(self, database: str, commands: list[tuple[str, ...]], **environment: str) -> list[str]:
        """What each of the commands printed, all running at once."""
        running = [
            subprocess.Popen(
                [sys.executable, *arguments],
                cwd=PROJECT,
                env=self.environment(database) | environment,
                stdout=subprocess.PIPE,
                text=True,
            )
            for arguments in commands
        ]
        said = [process.communicate()[0] for process in running]
        for process in running:
            if process.returncode:
                raise subprocess.CalledProcessError(process.returncode, process.args)
        return said

    def copy(self, source: str, target: str) -> None:
        self.do(
            f"DROP DATABASE IF EXISTS {target} WITH (FORCE)",
            f"CREATE DATABASE {target} TEMPLATE {source} STRATEGY file_copy",
        )

    def generate(self, name: str, *arguments: str) -> None:
        """A new database with what `manage.py generate_load` makes, vacuumed and analysed once."""
        self.copy("empty", name)
        began = time.monotonic()
        said = self.manage(name, "generate_load", *arguments).strip()
        self.do("VACUUM ANALYZE", "CHECKPOINT", database=name)
        print(f"  {said} (made in {time.monotonic() - began:.0f} s)", flush=True)
