"""How long `make up` takes: the first start, the second, the third after kill -9, and Ctrl-C.

    python bench/start_up.py

In a copy of this checkout with data of its own. Beside the seconds stands their ratio to the floor of this very run:
one Django process of the product that loads everything and ends (`manage.py check`). Aim: a second start under 10 s.
"""

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from helpdesk.tests.real import RealUp, copy_checkout, gone  # noqa: E402


def main() -> None:
    floor = _seconds(
        lambda: subprocess.run(
            [sys.executable, "manage.py", "check"],
            cwd=ROOT,
            env={**os.environ, "DEMO": "1", "DATABASE_URL": "postgresql://x@127.0.0.1:1/x", "REDIS_URL": "redis://x"},
            check=True,
            capture_output=True,
        )
    )
    print(f"{'floor: one process':<24}{floor:6.1f} s")
    with tempfile.TemporaryDirectory(prefix="up-") as folder:
        checkout = copy_checkout(Path(folder) / "copy")
        with RealUp(checkout, Path(folder) / "home") as up:
            up.start()
            _say("first start, demo data", up.seconds, floor)
            _say("Ctrl-C", _seconds(up.interrupt), floor)
            up.start()
            _say("second start", up.seconds, floor)
            family = up.processes()
            up.kill_launcher()
            gone(family)
            up.start()
            _say("start after kill -9", up.seconds, floor)


def _seconds(work) -> float:
    began = time.monotonic()
    work()
    return time.monotonic() - began


def _say(what: str, seconds: float, floor: float) -> None:
    print(f"{what:<24}{seconds:6.1f} s  {seconds / floor:5.1f} × floor", flush=True)


if __name__ == "__main__":
    main()
