"""The processes of the product itself and how each says that it is well."""

import http.client
import importlib
import importlib.util
import os
import signal
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from helpdesk.embedded.home import Home
from helpdesk.launcher.environment import local_address, port
from helpdesk.launcher.forks import ask_in_a_fork

# Queue → child processes. Queues have workers of their own, so that a slow mail server never delays a deadline.
WORKERS = {"ticks": 2, "mail": 2, "heavy": 1}


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
    host = os.environ["HOST"]
    bind = f"[{host}]" if ":" in host else host
    found = [
        Service(
            "web",
            "web",
            [
                *("gunicorn", "helpdesk.wsgi:application", "--bind", f"{bind}:{port('PORT')}"),
                *("--worker-class", "gthread", "--workers", os.environ.get("WEB_WORKERS", "2"), "--threads", "8"),
                *("--preload", "--timeout", "60", "--graceful-timeout", "8", "--keep-alive", "5"),
                *("--forwarded-allow-ips", "", "--no-control-socket"),
            ],
            healthy=lambda: http_answers("/healthz", 200),
            death_signal=signal.SIGQUIT,
        )
    ]
    if importlib.util.find_spec("helpdesk.push"):
        push_port = port("PUSH_PORT")
        found.append(
            Service(
                "push",
                "push",
                [
                    *("uvicorn", "helpdesk.push:app", "--host", host, "--port", str(push_port)),
                    # Without a limit it waits for streams that never end.
                    *("--timeout-graceful-shutdown", "3", "--no-access-log", "--lifespan", "auto"),
                ],
                healthy=lambda: http_answers("/healthz", None, push_port),
                grace=6,
            )
        )
    for queue, children in WORKERS.items():
        found.append(
            Service(
                f"worker-{queue}",
                "worker",
                [
                    *("celery", "-A", "helpdesk.celery:app", "worker", "-Q", queue, "-n", f"{queue}@%h"),
                    *("--concurrency", str(children), "--loglevel", "INFO"),
                    *("--without-gossip", "--without-mingle"),
                ],
                healthy=partial(ask_in_a_fork, partial(worker_answers, queue)),
            )
        )
    schedule = str(home.run / "beat-schedule")
    beat = ["celery", "-A", "helpdesk.celery:app", "beat", "--loglevel", "INFO", "-s", schedule, "--pidfile="]
    found.append(Service("beat", "beat", beat, grace=5))
    return found


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


def worker_answers(queue: str) -> bool:
    """Whether the worker of that queue answers through the broker. Leaves connections open: ask in a fork."""
    from kombu.exceptions import OperationalError
    from redis.exceptions import RedisError

    from helpdesk.celery import app

    try:
        answers = app.control.ping(timeout=0.4)
    except (OSError, OperationalError, RedisError):
        return False
    return any(name.startswith(f"{queue}@") for answer in answers or [] for name in answer)
