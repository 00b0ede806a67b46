"""A real `make up` for tests: a copy of this checkout, a port and data of its own, real processes."""

import os
import random
import re
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Self

import psycopg2

from helpdesk.embedded.home import PROJECT, Home
from helpdesk.embedded.process import birth

# The first start loads the demo data; on a busy machine that takes a while.
START_SECONDS = 600
_KEPT = re.compile(r"^(PATH|HOME|LANG|USER|TMPDIR|XDG_RUNTIME_DIR|PIP_.*|SSL_.*|.*_proxy)$", re.IGNORECASE)


def copy_checkout(target: Path) -> Path:
    """What git knows or would know of this checkout, with the present environment instead of a new install."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=True,
    )
    for name in filter(None, listed.stdout.split("\0")):
        source, copy = PROJECT / name, target / name
        if source.is_file():
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_bytes(source.read_bytes())
    (target / ".venv").symlink_to(PROJECT / ".venv")
    return target


def free_port() -> int:
    """A port that nobody listens on, with a free one after it.

    Not one of those that the kernel gives to outgoing connections (32768 and up on Linux): it could be gone by the time
    that it is bound.
    """
    while True:
        port = random.randrange(20_000, 32_000, 2)
        if _is_free(port) and _is_free(port + 1):
            return port


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


class RealUp:
    """One installation; `start` and `stop` it as often as needed."""

    def __init__(self, checkout: Path, home: Path, **environment: str) -> None:
        self.checkout = checkout
        self.home = Home(home)
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        kept = {name: value for name, value in os.environ.items() if _KEPT.match(name)}
        self.environment = {
            **kept,
            "LC_ALL": "C.UTF-8",
            "PORT": str(self.port),
            "HELPDESK_HOME": str(home),
            **environment,
        }
        self.make: subprocess.Popen | None = None
        self.output = home.parent / f"{home.name}.out"
        self.seconds = 0.0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        if self.make and self.make.poll() is None:
            self.interrupt()

    def start(self, wait: bool = True) -> str:
        """`make up` in a session of its own; what it printed until it was up."""
        began = time.monotonic()
        with self.output.open("wb") as output:
            self.make = subprocess.Popen(
                ["make", "up"],
                cwd=self.checkout,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        while wait and "✓ Helpdesk runs at" not in self.printed():
            assert self.make.poll() is None, self.printed()
            assert time.monotonic() - began < START_SECONDS, self.printed()
            time.sleep(0.05)
        self.seconds = time.monotonic() - began
        return self.printed()

    def printed(self) -> str:
        """Everything it printed so far."""
        return self.output.read_text()

    def processes(self) -> dict[int, str]:
        """pid → birth of every living descendant of `make`."""
        assert self.make
        return {pid: born for pid in descendants(self.make.pid) if (born := birth(pid))}

    def pid(self, name: str) -> int:
        """The pid of a process by the launcher's name for it: web, push, worker-ticks, beat, postgres, valkey."""
        return int((self.home.run / f"{name}.pid").read_text().split()[0])

    @property
    def launcher(self) -> int:
        """The pid of the launcher."""
        return int(self.home.holder())

    def interrupt(self) -> str:
        """Ctrl-C as a terminal sends it, to `make` and the launcher alike; what was printed to the end."""
        assert self.make
        os.killpg(self.make.pid, signal.SIGINT)
        self.make.wait(60)
        return self.printed()

    def kill_launcher(self) -> None:
        """kill -9 of the launcher alone."""
        assert self.make
        os.kill(self.launcher, signal.SIGKILL)
        self.make.wait(20)

    def get(self, path: str) -> tuple[int, str]:
        """Status and body of a page."""
        try:
            with urllib.request.urlopen(self.url + path, timeout=30) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    def query(self, statement: str, *parameters: object) -> list[tuple]:
        """Rows of one statement on its database, committed."""
        connection = psycopg2.connect(host=str(self.home.sockets), user="postgres", dbname="helpdesk")
        try:
            with connection, connection.cursor() as cursor:
                cursor.execute(statement, parameters)
                return cursor.fetchall() if cursor.description else []
        finally:
            connection.close()


def descendants(pid: int) -> set[int]:
    """The pids of all children of a process, of theirs, and so on."""
    parents: dict[int, int] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            parents[int(entry.name)] = int(fields[1])
    family = {pid}
    while new := {child for child, parent in parents.items() if parent in family} - family:
        family |= new
    return family - {pid}


def gone(processes: dict[int, str], seconds: float = 15) -> dict[int, str]:
    """Wait for those very processes to end; those that stayed."""
    deadline = time.monotonic() + seconds
    left = processes
    while left and time.monotonic() < deadline:
        left = {pid: born for pid, born in left.items() if birth(pid) == born}
        time.sleep(0.05)
    return left
