"""The crash point itself: it must kill exactly where it is told to, and never otherwise."""

import os
import signal
import subprocess
import sys

import pytest

# It needs the settings, but none of the apps: loading these takes most of a process's life.
_PROGRAM = """
from outbox.crash import crash_point
for word in ("red", "green", "green"):
    crash_point("here", word)
    print("passed", flush=True)
"""


def _run(tmp_path, **environment: str) -> tuple[int, int, str]:
    note = tmp_path / "note"
    ended = subprocess.run(
        [sys.executable, "-c", _PROGRAM],
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "helpdesk.settings", "HELPDESK_CRASH_FILE": str(note)}
        | environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return ended.returncode, ended.stdout.count("passed"), note.read_text() if note.exists() else ""


@pytest.mark.parametrize(("place", "passed"), [("here", 0), ("here:3", 2), ("here@green", 1), ("here@green:2", 2)])
def test_it_kills_at_the_named_passing_and_leaves_a_note(place, passed, tmp_path):
    note = place.partition(":")[0] + "\n"
    assert _run(tmp_path, HELPDESK_CRASH_AT=place, DEMO="1") == (-signal.SIGKILL, passed, note)


def test_only_the_first_process_dies(tmp_path):
    _run(tmp_path, HELPDESK_CRASH_AT="here", DEMO="1")
    assert _run(tmp_path, HELPDESK_CRASH_AT="here", DEMO="1") == (0, 3, "here\n")


@pytest.mark.parametrize(
    "environment",
    [
        {"HELPDESK_CRASH_AT": "elsewhere", "DEMO": "1"},
        {"HELPDESK_CRASH_AT": "here@blue", "DEMO": "1"},
        {"HELPDESK_CRASH_AT": "", "DEMO": "1"},
        {"HELPDESK_CRASH_AT": "here", "DEMO": "0", "TEST_CLOCK": "0", "SECRET_KEY": "kqzv7w2m5x8c1b4n6h9j3f0d2s5a8p1l"},
    ],
)
def test_nothing_happens_elsewhere_or_outside_demo_mode(environment, tmp_path):
    assert _run(tmp_path, **environment) == (0, 3, "")
