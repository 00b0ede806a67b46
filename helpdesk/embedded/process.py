"""Child processes that nobody can orphan, and the traces of those that an earlier run left behind."""

import ctypes
import os
import signal
import subprocess  # nosec B404
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import BinaryIO, Protocol

_libc = ctypes.CDLL(None, use_errno=True)
_PR_SET_PDEATHSIG = 1
_LOG_LIMIT = 10 * 2**20


def die_with_parent(number: int) -> None:
    """Ask the kernel to send signal `number` to this process when its parent is gone, however it went."""
    _libc.prctl(_PR_SET_PDEATHSIG, number, 0, 0, 0)


def birth(pid: int) -> str | None:
    """When the process began, in the kernel's ticks; None if there is none, or only a zombie.

    A pid is used again; a pid together with its birth is not.
    """
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return None if fields[0] in {"Z", "X"} else fields[19]


class Handle(Protocol):
    """What is asked of a child: `subprocess.Popen`, or a fork that behaves like it."""

    pid: int
    returncode: int | None

    def poll(self) -> int | None: ...

    def wait(self, timeout: float | None = None) -> int: ...

    def send_signal(self, number: int, /) -> None: ...


class Child:
    """One process in its own session: Ctrl-C reaches only the launcher, and the child dies with it."""

    def __init__(self, name: str, popen: Handle, pidfile: Path, log: Path, log_start: int, stop_signal: int) -> None:
        self.name = name
        self.popen = popen
        self.pidfile = pidfile
        self.log = log
        self.log_start = log_start
        self.stop_signal = stop_signal

    @property
    def pid(self) -> int:
        return self.popen.pid

    def alive(self) -> bool:
        """Whether it still runs (reaps it if not)."""
        return self.popen.poll() is None

    def last_words(self, lines: int = 12) -> str:
        """The end of what this very process wrote into its log."""
        try:
            with self.log.open("rb") as log:
                log.seek(self.log_start)
                return "\n".join(log.read().decode(errors="replace").splitlines()[-lines:])
        except OSError:
            return ""

    def ask_to_stop(self) -> None:
        """Send the signal that lets it finish in good order."""
        if self.alive():
            self.popen.send_signal(self.stop_signal)

    def wait_or_kill(self, grace: float) -> None:
        """Wait `grace` seconds for its end, then end the whole group by force."""
        try:
            self.popen.wait(grace)
        except subprocess.TimeoutExpired:
            kill_group(self.pid)
            self.popen.wait()
        self.pidfile.unlink(missing_ok=True)


def open_log(logs: Path, name: str) -> BinaryIO:
    """logs/<name>.log for appending; what grew too long is put aside first."""
    log = logs / f"{name}.log"
    if log.exists() and log.stat().st_size > _LOG_LIMIT:
        log.replace(log.with_suffix(".log.1"))
    return log.open("ab")


def spawn(
    name: str,
    argv: Sequence[str],
    *,
    run: Path,
    logs: Path,
    env: Mapping[str, str],
    cwd: Path,
    stop_signal: int = signal.SIGTERM,
    death_signal: int = signal.SIGKILL,
) -> Child:
    """Start `argv`, with its output in logs/<name>.log and its pid and birth in run/<name>.pid."""
    parent = os.getpid()

    def in_the_child() -> None:
        die_with_parent(death_signal)
        if os.getppid() != parent:  # it died before the line above took effect
            os._exit(1)

    with open_log(logs, name) as output:
        log_start = output.tell()
        popen = subprocess.Popen(  # nosec B603
            list(argv),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=dict(env),
            cwd=cwd,
            start_new_session=True,
            preexec_fn=in_the_child,  # noqa: PLW1509 - only one thread forks here
        )
    pidfile = run / f"{name}.pid"
    pidfile.write_text(f"{popen.pid} {birth(popen.pid) or 0}\n")
    return Child(name, popen, pidfile, Path(output.name), log_start, stop_signal)


def kill_group(pid: int) -> None:
    """End a child and everything in its session by force."""
    try:
        os.killpg(pid, signal.SIGKILL)
    except ProcessLookupError:
        pass


def read_pidfile(pidfile: Path) -> int | None:
    """The pid in a file of ours if that very process still lives; None for a stale, reused or broken entry."""
    try:
        pid, born = pidfile.read_text().split()
        return int(pid) if birth(int(pid)) == born else None
    except (OSError, ValueError):
        return None


def clear_leftovers(run: Path, patience: float = 10) -> None:
    """Let the children of a launcher that was killed finish dying, force what stays, forget stale entries.

    Call it only with the home locked: then no living launcher owns what is found.
    """
    deadline = time.monotonic() + patience
    for pidfile in sorted(run.glob("*.pid")):
        while (pid := read_pidfile(pidfile)) and time.monotonic() < deadline:
            time.sleep(0.05)
        if pid:
            kill_group(pid)
            while read_pidfile(pidfile):
                time.sleep(0.02)
        pidfile.unlink(missing_ok=True)
