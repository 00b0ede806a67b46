"""The product's own processes, started on the test database: a worker, a beat, a web server."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from django.conf import settings
from django.db import connection

from helpdesk.embedded.process import die_with_parent

_PATIENCE = 90.0
#: Small, so that two hundred due deadlines are many batches.
SWEEP_BATCH = 20


def wait_until(condition: Callable[[], bool], what: str, patience: float = _PATIENCE) -> None:
    """Ask again and again until it is so; fails loudly when it never is."""
    deadline = time.monotonic() + patience
    while not condition():
        assert time.monotonic() < deadline, f"never happened: {what}"
        time.sleep(0.05)


class Processes:
    """Real processes on this test's database, every one of them gone at the end."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.crash_file = folder / "crashed"
        self.running: list[subprocess.Popen] = []

    def worker(self, crash_at: str = "") -> subprocess.Popen:
        """One Celery worker for all queues; in the solo pool, so that its death is the death of the whole worker."""
        arguments = ["worker", "--pool", "solo", "-Q", "ticks,mail,heavy", "--without-gossip", "--without-mingle"]
        return self._start("celery", "-A", "helpdesk", *arguments, "-l", "WARNING", crash_at=crash_at)

    def beat(self, crash_at: str = "", quick: bool = False) -> subprocess.Popen:
        """The product's beat; with ``quick`` its table rings every second, where the pace proves nothing."""
        schedule = self.folder / f"beat-{len(self.running)}"
        app = "helpdesk.tests.quick_beat" if quick else "helpdesk"
        return self._start("celery", "-A", app, "beat", "-s", str(schedule), "-l", "WARNING", crash_at=crash_at)

    def web(self, port: int, crash_at: str = "") -> subprocess.Popen:
        bind = f"127.0.0.1:{port}"
        arguments = ["helpdesk.wsgi:application", "-b", bind, "--workers", "1", "--threads", "2"]
        return self._start("gunicorn", *arguments, crash_at=crash_at)

    def _start(self, module: str, *arguments: str, crash_at: str) -> subprocess.Popen:
        environment = {
            **os.environ,
            "DATABASE_URL": _test_database(),
            "HELPDESK_CRASH_AT": crash_at,
            "HELPDESK_CRASH_FILE": str(self.crash_file),
            "SWEEP_BATCH": str(SWEEP_BATCH),
            "OUTBOX_LEASE_SECONDS": "20",
            "PYTHONWARNINGS": "ignore",
        }
        with (self.folder / f"{module}-{len(self.running)}.log").open("wb") as output:
            process = subprocess.Popen(
                [sys.executable, "-m", module, *arguments],
                cwd=settings.BASE_DIR,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=lambda: die_with_parent(signal.SIGKILL),  # noqa: PLW1509 - only one thread forks here
            )
        self.running.append(process)
        return process

    def crashed_at(self) -> str:
        """The name of the place where a process died, empty while none has."""
        return self.crash_file.read_text().strip() if self.crash_file.exists() else ""

    def stop(self) -> None:
        for process in self.running:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
            process.wait(20)

    def logs(self) -> str:
        """What every process printed, for the message of a failed test."""
        return "\n".join(f"--- {path.name}\n{path.read_text()[-3000:]}" for path in sorted(self.folder.glob("*.log")))


def _test_database() -> str:
    """The address that this run was given (by TCP, or a socket named in its query), with the test database's name."""
    given = urlsplit(os.environ["DATABASE_URL"])
    return urlunsplit(given._replace(path="/" + str(connection.settings_dict["NAME"])))


@contextmanager
def processes(folder: Path) -> Iterator[Processes]:
    """`Processes` that leave nothing behind."""
    running = Processes(folder)
    try:
        yield running
    except BaseException:
        sys.stderr.write(running.logs())
        raise
    finally:
        running.stop()
