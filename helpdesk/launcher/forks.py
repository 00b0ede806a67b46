"""Processes forked from the launcher instead of started afresh.

Django and every view are imported once and shared: six interpreters that each import them would take longer than all
the rest of a start, and four times the memory.
"""

import gc
import os
import runpy
import signal
import subprocess  # nosec B404
import sys
import threading
import time
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NoReturn

import setproctitle

from helpdesk.embedded.home import Home
from helpdesk.embedded.process import Child, birth, die_with_parent, open_log


class Fork:
    """What `subprocess.Popen` offers for waiting, for a child made by `os.fork`."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self.returncode: int | None = None

    def poll(self) -> int | None:
        """Reap it if it ended; its exit code, negative for a signal, None while it lives."""
        if self.returncode is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self.returncode = os.waitstatus_to_exitcode(status)
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """Wait for its end.

        Raises:
            subprocess.TimeoutExpired: it still lives after `timeout` seconds.
        """
        deadline = None if timeout is None else time.monotonic() + timeout
        while (code := self.poll()) is None:
            if deadline is not None and time.monotonic() > deadline:
                raise subprocess.TimeoutExpired("fork", timeout or 0)
            time.sleep(0.02)
        return code

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)


def fork_module(name: str, argv: Sequence[str], *, home: Home, death_signal: int) -> Child:
    """Run `python -m argv[0] argv[1:]…` in a forked child, with its output in the home's logs."""
    gc.freeze()  # else the first collection in each child copies every shared page
    with open_log(home.logs, name) as output:
        log_start = output.tell()
        pid = _fork(lambda: _become(argv, output.fileno(), home), death_signal)
    pidfile = home.run / f"{name}.pid"
    pidfile.write_text(f"{pid} {birth(pid) or 0}\n")
    return Child(name, Fork(pid), pidfile, Path(output.name), log_start, signal.SIGTERM)


def ask_in_a_fork(question: Callable[[], bool], seconds: float = 10) -> bool:
    """Answer in a short-lived child, so that its connections never live in the launcher."""
    fork = Fork(_fork(lambda: os._exit(0 if question() else 1), signal.SIGKILL))
    try:
        return fork.wait(seconds) == 0
    except subprocess.TimeoutExpired:
        fork.send_signal(signal.SIGKILL)
        fork.wait()
        return False


def _fork(work: Callable[[], object], death_signal: int) -> int:
    if threading.active_count() > 1:
        raise RuntimeError(f"threads in the launcher would be cut in a fork: {threading.enumerate()}")
    sys.stdout.flush()
    sys.stderr.flush()
    parent = os.getpid()
    pid = os.fork()
    if pid:
        return pid
    try:
        die_with_parent(death_signal)
        if os.getppid() != parent:
            os._exit(1)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_DFL)
        work()
    except BaseException:  # noqa: BLE001 - nothing of the parent's own unwinding may run in the child
        traceback.print_exc()
    os._exit(1)


def _become(argv: Sequence[str], output: int, home: Home) -> NoReturn:
    """Turn this child into that program."""
    os.setsid()
    home.unlock()
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(output, 1)
    os.dup2(output, 2)
    setproctitle.setproctitle(" ".join(argv))
    sys.argv = list(argv)
    code: object = 0
    try:
        runpy.run_module(argv[0], run_name="__main__", alter_sys=True)
    except SystemExit as leaving:
        code = leaving.code
    except BaseException:  # noqa: BLE001 - it must not unwind into the launcher's frames
        traceback.print_exc()
        code = 1
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code if isinstance(code, int) else 0 if code is None else 1)
