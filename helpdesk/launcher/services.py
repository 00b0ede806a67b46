"""The processes of the product itself and how each says that it is well."""

import http.client
import importlib
import signal
import socket
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from helpdesk.embedded.home import Home
from helpdesk.launcher.commands import WORKERS, command
from helpdesk.launcher.environment import local_address, port
from helpdesk.launcher.forks import ask_in_a_fork


@dataclass(frozen=True)
class Service:
    """One process: how to start it, whether it is well, how it leaves."""

    name: str
    stage: str
    argv: list[str]  # a module and its arguments, as after `python -m`
    healthy: Callable[[], bool] | None = None
    grace: float = 10
    # What the kernel sends when the launcher was killed. Work is safe to cut anywhere, and a worker that loses its
    # broker at the same moment would wait for it; gunicorn's quick shutdown also ends its workers.
    death_signal: int = signal.SIGKILL


def services(home: Home) -> list[Service]:
    """All of them, in the order of starting."""
    push_port = port("PUSH_PORT")
    web = Service(
        "web",
        "web",
        command("web"),
        healthy=lambda: http_answers("/healthz", 200),
        death_signal=signal.SIGQUIT,
    )
    push = Service(
        "push",
        "push",
        command("push"),
        healthy=lambda: http_answers("/healthz", None, push_port),
        grace=6,
    )
    workers = [
        Service(
            f"worker-{queue}",
            "worker",
            command(f"worker-{queue}"),
            healthy=partial(ask_in_a_fork, partial(worker_answers, queue)),
        )
        for queue in WORKERS
    ]
    return [web, push, *workers, Service("beat", "beat", command("beat", folder=home.run), grace=5)]


def preload() -> None:
    """Import what all of them need, before they are forked."""
    for module in ("celery.bin.celery", "celery.apps.beat", "celery.apps.worker", "celery.concurrency.prefork"):
        importlib.import_module(module)
    for module in ("gunicorn.app.wsgiapp", "gunicorn.workers.gthread", "uvicorn.main", "kombu.transport.redis"):
        importlib.import_module(module)
    importlib.import_module("helpdesk.urls")
    importlib.import_module("helpdesk.wsgi")
    from helpdesk.celery import app

    app.loader.import_default_modules()


def http_answers(path: str, status: int | None, number: int | None = None) -> bool:
    """Whether a server of ours answers (with that status)."""
    host, web_port, header = local_address()
    connection = http.client.HTTPConnection(host, number or web_port, timeout=5)
    try:
        connection.request("GET", path, headers={"Host": header})
        return status in {None, connection.getresponse().status}
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def worker_answers(queue: str, *, host: str = "", timeout: float = 0.4) -> bool:
    """Whether the worker of that queue (on ``host``) answers through the broker.

    Leaves connections open: ask in a fork.
    """
    from kombu.exceptions import OperationalError
    from redis.exceptions import RedisError

    from helpdesk.celery import app

    try:
        answers = app.control.ping(timeout=timeout)
    except (OSError, OperationalError, RedisError):
        return False
    return any(name.startswith(f"{queue}@{host}") for answer in answers or [] for name in answer)


def is_healthy(process: str) -> bool:
    """Whether one process is well, asked from beside it: the health checks of containers.

    Beat is well when its heartbeat arrives, which `/readyz` of the web server at HOST knows.
    """
    if process == "beat":
        return http_answers("/readyz", 200)
    if process == "push":
        return http_answers("/healthz", 200, port("PUSH_PORT"))
    if process.startswith("worker-"):
        return worker_answers(process.removeprefix("worker-"), host=socket.gethostname(), timeout=3)
    return http_answers("/healthz", 200)
