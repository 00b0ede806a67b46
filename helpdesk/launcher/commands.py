"""How each process of the product is started: the one home of these commands, for `make up` and for containers."""

import os
import tempfile
from pathlib import Path

from helpdesk.embedded.trouble import Trouble
from helpdesk.launcher.environment import port

# Queue → child processes. Queues have workers of their own, so that a slow mail server never delays a deadline.
WORKERS = {"ticks": 2, "mail": 2, "heavy": 1}
PROCESSES = ("web", "push", *(f"worker-{queue}" for queue in WORKERS), "beat")
_CELERY = ("celery", "-A", "helpdesk.celery:app")


def command(process: str, *, folder: Path | None = None) -> list[str]:
    """A module and its arguments, as after `python -m`; HOST, PORT, PUSH_PORT and WEB_WORKERS of the environment count.

    ``folder`` is where beat keeps its notes; they may be lost.

    Raises:
        Trouble: when there is no such process.
    """
    if process == "web":
        return _web()
    if process == "push":
        return _push()
    if process == "beat":
        schedule = (folder or Path(tempfile.gettempdir())) / "beat-schedule"
        return [*_CELERY, "beat", "--loglevel", "INFO", "-s", str(schedule), "--pidfile="]
    queue = process.removeprefix("worker-")
    if process != queue and queue in WORKERS:
        return _worker(queue)
    raise Trouble(f"There is no process {process!r}; there are: {', '.join(PROCESSES)}.")


def _web() -> list[str]:
    host = os.environ["HOST"]
    bind = f"[{host}]" if ":" in host else host
    return [
        *("gunicorn", "helpdesk.wsgi:application", "--bind", f"{bind}:{port('PORT')}"),
        *("--worker-class", "gthread", "--workers", os.environ.get("WEB_WORKERS") or "2", "--threads", "8"),
        *("--preload", "--timeout", "60", "--graceful-timeout", "8", "--keep-alive", "5"),
        *("--forwarded-allow-ips", "", "--no-control-socket"),
    ]


def _push() -> list[str]:
    return [
        *("uvicorn", "helpdesk.push:app", "--host", os.environ["HOST"], "--port", str(port("PUSH_PORT"))),
        # Without a limit it waits for streams that never end.
        *("--timeout-graceful-shutdown", "3", "--no-access-log", "--lifespan", "auto"),
    ]


def _worker(queue: str) -> list[str]:
    return [
        *(*_CELERY, "worker", "-Q", queue, "-n", f"{queue}@%h"),
        *("--concurrency", str(WORKERS[queue]), "--loglevel", "INFO"),
        *("--without-gossip", "--without-mingle"),
    ]
