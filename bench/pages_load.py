"""A gunicorn in front of one database of `pages.py`, and eight people who ask it for pages."""

import http.client
import os
import statistics
import sys
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path
from typing import Any

from bench.cluster import Cluster
from helpdesk.embedded.home import PROJECT
from helpdesk.embedded.process import spawn
from helpdesk.launcher.commands import command
from helpdesk.tests.real import free_port

TICKS = os.sysconf("SC_CLK_TCK")
PATIENCE = 60.0


@dataclass(frozen=True)
class Figures:
    """What one page took: answers a second, milliseconds of the middle one, the workers' processor per answer."""

    rate: float
    p50_ms: float
    cpu_ms: float
    failed: int = 0


@dataclass(frozen=True)
class Patient:
    """A gunicorn to be measured: its command, and an address that answers when it is well."""

    argv: list[str]
    environment: Mapping[str, str]
    folder: Path
    health: str


class Site:
    """One web server of the product's own command; `scene` (see `pages_scene`) says who asks it for what.

    Attributes:
        visits: who (by cookies) asks for which addresses, by the name of a page.
        queries: how many a page costs, by the same name.
    """

    def __init__(
        self, cluster: Cluster, database: str, scene: Mapping[str, Any], *, patient: "Patient | None" = None
    ) -> None:
        self.visits: dict[str, list[tuple[str, list[str]]]] = scene["visits"]
        self.queries: dict[str, int] = scene["queries"]
        self.port = free_port()
        self.cluster, self.database = cluster, database
        self.patient = patient or self._ours()

    def _ours(self) -> "Patient":
        address = {"HOST": "127.0.0.1", "PORT": str(self.port), "SITE_URL": self.url, "WEB_WORKERS": "2"}
        settings = {"DJANGO_SETTINGS_MODULE": "bench.pages_settings", "PYTHONPATH": str(PROJECT)}
        os.environ |= address  # the command reads them
        argv = [sys.executable, "-m", *command("web", folder=self.cluster.home.root)]
        return Patient(argv, {**self.cluster.environment(self.database), **address, **settings}, PROJECT, "/healthz")

    def __enter__(self) -> "Site":
        home, patient = self.cluster.home, self.patient
        # Where to listen, for a command that does not say so itself.
        environment = {**patient.environment, "GUNICORN_CMD_ARGS": f"--bind 127.0.0.1:{self.port}"}
        self.child = spawn(
            self.database, patient.argv, run=home.run, logs=home.logs, env=environment, cwd=patient.folder
        )
        deadline = time.monotonic() + PATIENCE
        while not self._answers():
            if time.monotonic() > deadline or not self.child.alive():
                raise SystemExit(f"✗ the web server did not start: {self.child.last_words()}")
            time.sleep(0.2)
        return self

    def __exit__(self, *_: object) -> None:
        self.child.ask_to_stop()
        self.child.wait_or_kill(15)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def busy(self) -> float:
        """Milliseconds of processor that the workers have used so far."""
        ticks = 0
        for stat in Path("/proc").glob("[0-9]*/stat"):
            try:
                fields = stat.read_text().rpartition(")")[2].split()
            except OSError:
                continue
            if int(fields[1]) == self.child.pid:
                ticks += int(fields[11]) + int(fields[12])
        return ticks * 1000 / TICKS

    def _answers(self) -> bool:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
        try:
            connection.request("GET", self.patient.health)
            return connection.getresponse().status < 400
        except OSError:
            return False
        finally:
            connection.close()


class Asker(threading.Thread):
    """One person, who asks for the next address when the last is answered, until the time is over."""

    def __init__(self, port: int, cookies: str, addresses: list[str], until: float) -> None:
        super().__init__(daemon=True)
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
        self.headers = {"Cookie": cookies, "Accept-Language": "zh-CN"}
        self.addresses, self.until = cycle(addresses), until
        self.seconds: list[float] = []
        self.failed = 0

    def run(self) -> None:
        while (began := time.monotonic()) < self.until:
            try:
                self.connection.request("GET", next(self.addresses), headers=self.headers)
                answer = self.connection.getresponse()
                answer.read()
                self.failed += answer.status != 200
            except (OSError, http.client.HTTPException):
                self.failed += 1
                self.connection.close()
            self.seconds.append(time.monotonic() - began)
        self.connection.close()


def measure(site: Site, page: str, *, seconds: float) -> Figures:
    """All eight ask for ``page`` for so long, after a moment in which nobody looks at the clock."""
    _ask(site, page, seconds=min(0.5, seconds))
    busy, began = site.busy(), time.monotonic()
    askers = _ask(site, page, seconds=seconds)
    spent, busy = time.monotonic() - began, site.busy() - busy
    times = [one for asker in askers for one in asker.seconds]
    failed = sum(asker.failed for asker in askers)
    return Figures(len(times) / spent, statistics.median(times) * 1000, busy / len(times), failed)


def _ask(site: Site, page: str, *, seconds: float) -> list[Asker]:
    until = time.monotonic() + seconds
    askers = [Asker(site.port, cookies, addresses, until) for cookies, addresses in site.visits[page]]
    for asker in askers:
        asker.start()
    for asker in askers:
        asker.join()
    return askers
