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
    """Real processes on this test's database, every one of them gone at the end.

    ``environment`` is added to theirs: other servers, a mail server, another size of batches.
    """

    def __init__(self, folder: Path, **environment: str) -> None:
        self.folder = folder
        self.environment = environment
        self.crash_file = folder / "crashed"
        self.running: list[subprocess.Popen] = []

    def worker(self, crash_at: str = "", queues: str = "ticks,mail,heavy", clock_hours: float = 0) -> subprocess.Popen:
        """One Celery worker; in the solo pool, so that its death is the death of the whole worker."""
        name = f"w{len(self.running)}@%h"
        arguments = ["worker", "--pool", "solo", "-Q", queues, "-n", name, "--without-gossip", "--without-mingle"]
        arguments = ["celery", "-A", "helpdesk", *arguments, "-l", "WARNING"]
        return self._start(*arguments, crash_at=crash_at, clock_hours=clock_hours)

    def beat(self, crash_at: str = "", quick: bool = False, clock_hours: float = 0) -> subprocess.Popen:
        """The product's beat; with ``quick`` its table rings every second, where the pace proves nothing."""
        schedule = self.folder / f"beat-{len(self.running)}"
        app = "helpdesk.tests.quick_beat" if quick else "helpdesk"
        arguments = ["celery", "-A", app, "beat", "-s", str(schedule), "--pidfile=", "-l", "WARNING"]
        return self._start(*arguments, crash_at=crash_at, clock_hours=clock_hours)

    def web(self, port: int, crash_at: str = "", threads: int = 2, clock_hours: float = 0) -> subprocess.Popen:
        bind = f"127.0.0.1:{port}"
        arguments = ["gunicorn", "helpdesk.wsgi:application", "-b", bind, "--workers", "1", "--threads", str(threads)]
        return self._start(*arguments, crash_at=crash_at, clock_hours=clock_hours)

    def _start(self, module: str, *arguments: str, crash_at: str, clock_hours: float) -> subprocess.Popen:
        """Run a module; with ``clock_hours`` in a process whose own clock is wrong by so much."""
        environment = {
            **os.environ,
            "DATABASE_URL": _test_database(),
            "HELPDESK_CRASH_AT": crash_at,
            "HELPDESK_CRASH_FILE": str(self.crash_file),
            "SWEEP_BATCH": str(SWEEP_BATCH),
            "OUTBOX_LEASE_SECONDS": "20",
            "PYTHONWARNINGS": "ignore",
            **self.environment,
        }
        shifted = ["helpdesk.tests.wrong_clock", str(clock_hours)] if clock_hours else []
        with (self.folder / f"{module}-{len(self.running)}.log").open("wb") as output:
            process = subprocess.Popen(
                [sys.executable, "-m", *shifted, module, *arguments],
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

    def kill(self, *processes: subprocess.Popen) -> None:
        """kill -9 of these, with all that they started."""
        for process in processes:
            os.killpg(process.pid, signal.SIGKILL)
        for process in processes:
            process.wait(20)

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
def processes(folder: Path, **environment: str) -> Iterator[Processes]:
    """`Processes` that leave nothing behind."""
    running = Processes(folder, **environment)
    try:
        yield running
    except BaseException:
        sys.stderr.write(running.logs())
        raise
    finally:
        running.stop()
