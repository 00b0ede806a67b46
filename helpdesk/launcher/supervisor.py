"""Start everything in order, keep it running, stop it in the opposite order.

Start: servers, then preparation, then web, push, workers and beat together. Stop: beat (nothing new is asked for),
workers (what is begun is finished), push, web, Valkey, PostgreSQL.
"""

import os
import signal
import time
from types import FrameType

from helpdesk.embedded.home import Home
from helpdesk.embedded.process import Child
from helpdesk.embedded.servers import Servers
from helpdesk.embedded.trouble import Trouble
from helpdesk.launcher import prepare
from helpdesk.launcher.environment import claim_ports
from helpdesk.launcher.forks import fork_module
from helpdesk.launcher.services import Service, http_answers, preload, services

_STOP_ORDER = ("beat", "worker", "push", "web")
_START_SECONDS = 90
_TICK_SECONDS = 30  # the first start waits one interval of the heartbeat; later ones find it due at once
_POLL_SECONDS = 0.2
_STEADY_SECONDS = 60
_LONGEST_BACKOFF = 30


class Stop(Exception):
    """Somebody asked us to end."""


class Supervisor:
    """All processes of one `make up`."""

    def __init__(self, home: Home) -> None:
        self.home = home
        self.servers = Servers(home, os.environ)
        self.services: list[Service] = []
        self.children: dict[str, Child] = {}
        self.failures: dict[str, int] = {}
        self.started: dict[str, float] = {}
        self.retry_at: dict[str, float] = {}
        self.stopping = False

    def listen_to_signals(self) -> None:
        """Ctrl-C, a polite kill and a closed terminal all mean the same; the second time they mean now."""
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._on_signal)

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        if not self.stopping:
            self.stopping = True
            raise Stop
        for child in self.children.values():
            if child.alive():
                os.killpg(child.pid, signal.SIGKILL)

    def start(self) -> None:
        """Everything up and healthy, or Trouble with everything down again."""
        self.servers.lock()
        claim_ports()
        os.environ.update(self.servers.environment())
        self.servers.start(meanwhile=prepare.read_code)
        prepare.prepare()
        preload()
        self.services = services(self.home)
        for service in self.services:
            self._spawn(service)
        self._wait_until_healthy()
        self._wait_for_a_tick()

    def _spawn(self, service: Service) -> None:
        self.children[service.name] = fork_module(
            service.name, service.argv, home=self.home, death_signal=service.death_signal
        )
        self.started[service.name] = time.monotonic()

    def _wait_until_healthy(self) -> None:
        deadline = time.monotonic() + _START_SECONDS
        waiting = [service for service in self.services if service.healthy]
        while waiting:
            for service in self.services:
                child = self.children[service.name]
                if not child.alive():
                    raise Trouble(f"{service.name} did not start; the end of {child.log} says:\n{child.last_words()}")
            waiting = [service for service in waiting if not (service.healthy and service.healthy())]
            if waiting and time.monotonic() > deadline:
                first = self.children[waiting[0].name]
                raise Trouble(
                    f"{waiting[0].name} gave no sign of health for {_START_SECONDS} s; "
                    f"the end of {first.log} says:\n{first.last_words()}"
                )
            if waiting:
                time.sleep(0.1)

    def _wait_for_a_tick(self) -> None:
        """Health of the parts is not health of the chain: a tick has to pass from beat by a worker to the database."""
        deadline = time.monotonic() + _TICK_SECONDS
        while not self.ready():
            if time.monotonic() > deadline:
                log = self.children["beat"].log
                print(f"! no tick has gone from beat to the database yet; deadlines wait, see {log}", flush=True)
                return
            time.sleep(0.1)

    def run(self) -> None:
        """Watch until somebody asks us to stop; start again what dies."""
        while True:
            time.sleep(_POLL_SECONDS)
            self._revive_servers()
            for service in self.services:
                if not self.children[service.name].alive():
                    self._revive(service)

    def _revive_servers(self) -> None:
        for server in (self.servers.postgres, self.servers.valkey):
            if server and server.child and not server.child.alive():
                print(
                    f"! {server.child.name} died (exit {server.child.popen.returncode}); starting it again", flush=True
                )
                server.start()
                server.wait()

    def _revive(self, service: Service) -> None:
        """Again after 1, 2, 4 … 30 seconds; a minute of health forgives earlier failures."""
        now = time.monotonic()
        if service.name not in self.retry_at:
            if now - self.started[service.name] > _STEADY_SECONDS:
                self.failures[service.name] = 0
            count = self.failures[service.name] = self.failures.get(service.name, 0) + 1
            delay = min(2 ** (count - 1), _LONGEST_BACKOFF)
            self.retry_at[service.name] = now + delay
            child = self.children[service.name]
            code = child.popen.returncode
            print(f"! {service.name} died (exit {code}); again in {delay} s, see {child.log}", flush=True)
        elif now >= self.retry_at[service.name]:
            del self.retry_at[service.name]
            self._spawn(service)

    def stop(self) -> None:
        """Everything down, in order. Safe to call at any point of starting."""
        self.stopping = True
        for stage in _STOP_ORDER:
            members = [service for service in self.services if service.stage == stage and service.name in self.children]
            for service in members:
                self.children[service.name].ask_to_stop()
            for service in members:
                self.children[service.name].wait_or_kill(service.grace)
            if members:
                print(f"· {stage} stopped", flush=True)
        names = [name for name in ("valkey", "postgres") if (server := getattr(self.servers, name)) and server.child]
        self.servers.stop()
        for name in names:
            print(f"· {name} stopped", flush=True)

    def ready(self) -> bool:
        """Whether the whole chain answers, from beat to worker to database."""
        return http_answers("/readyz", 200)
