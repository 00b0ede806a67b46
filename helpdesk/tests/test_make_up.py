"""`make up` for real: fresh start, Ctrl-C, kill -9, second start. The long part (`make proof`)."""

import os
import re
import signal
from pathlib import Path

import pytest

from helpdesk.tests.conftest import FirstStart
from helpdesk.tests.real import RealUp, gone

pytestmark = pytest.mark.proof


def test_the_first_start_loads_the_demo_and_speaks_chinese(first_start: FirstStart) -> None:
    assert "loading demo data" in first_start.printed
    assert re.search(r"role\s+name\s+e-mail\s+password", first_start.printed)
    assert first_start.people > 50
    # Nothing was compiled in a fresh checkout; its first page is Chinese all the same.
    assert "登录" in first_start.sign_in_page


def test_a_later_start_loads_nothing_and_ctrl_c_stops_all_in_order(
    installation: RealUp, first_start: FirstStart
) -> None:
    printed = installation.start()

    assert f"✓ Helpdesk runs at {installation.url}/" in printed
    assert "loading demo data" not in printed
    assert installation.query("SELECT count(*) FROM accounts_user")[0][0] == first_start.people
    assert installation.get("/healthz") == (200, "ok\n")
    # The services are asked for by name; every one of them has a process.
    for name in ("web", "worker-ticks", "worker-mail", "worker-heavy", "beat", "valkey", "postgres"):
        assert Path(f"/proc/{installation.pid(name)}").exists(), name
    before = installation.processes()

    printed = installation.interrupt()

    stopped = re.findall(r"· ([\w-]+) stopped", printed)
    assert [name for name in stopped if name != "push"] == ["beat", "worker", "web", "valkey", "postgres"]
    assert gone(before) == {}


@pytest.mark.parametrize("victim", ["launcher", "make"])
def test_kill_9_leaves_no_orphan_and_the_next_start_has_the_data(installation: RealUp, victim: str) -> None:
    installation.start()
    installation.query("CREATE TABLE kept (word text)")
    installation.query("INSERT INTO kept VALUES ('here')")
    family = installation.processes()
    assert len(family) > 10

    if victim == "launcher":
        installation.kill_launcher()
    else:
        assert installation.make
        os.kill(installation.make.pid, signal.SIGKILL)
        installation.make.wait(10)
    assert gone(family) == {}

    installation.start()
    assert installation.query("SELECT word FROM kept") == [("here",)]


def test_a_start_right_after_kill_9_waits_for_the_dying(installation: RealUp) -> None:
    """No pause between the kill and the next start: old processes may still be on their way out."""
    installation.start()
    old = installation.processes()

    installation.kill_launcher()
    installation.start()

    assert gone(old, seconds=0.5) == {}
    assert installation.get("/healthz")[0] == 200


def test_a_process_that_dies_comes_back(installation: RealUp) -> None:
    installation.start()
    for name in ("worker-ticks", "beat", "web", "postgres"):
        old = installation.pid(name)
        children = {pid: born for pid, born in installation.processes().items() if _parent(pid) == old}

        os.kill(old, signal.SIGKILL)

        assert gone(children) == {}, name
        _until(lambda name=name, old=old: installation.pid(name) != old)
    _until(lambda: installation.get("/healthz")[0] == 200)


def test_a_second_one_on_the_same_data_is_told(installation: RealUp, checkout: Path) -> None:
    installation.start()
    second = RealUp(checkout, installation.home.root)
    second.output = installation.output.with_suffix(".second")
    second.start(wait=False)
    assert second.make

    assert second.make.wait(60) != 0
    assert f"It runs already: process {installation.launcher} uses {installation.home.root}" in second.printed()
    assert installation.get("/healthz")[0] == 200


def _parent(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
    except OSError:
        return 0


def _until(condition, seconds: float = 60) -> None:
    import time

    deadline = time.monotonic() + seconds
    while True:
        try:
            if condition():
                return
        except OSError:
            pass  # between death and rebirth nobody listens, and the pid file may be half written
        assert time.monotonic() < deadline
        time.sleep(0.1)
