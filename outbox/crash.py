"""Named places where a test may kill the process, to prove that nothing is lost or doubled there.

Inert unless DEMO is on and HELPDESK_CRASH_AT names the place: ``name``, or ``name@word`` to count only passings that
are about that word (a kind of message, a task), either with ``:N`` for the Nth of them.
"""

import os
import signal
from collections import Counter

from django.conf import settings

_passed: Counter[str] = Counter()


def crash_point(name: str, *about: str) -> None:
    """Die here by SIGKILL when the environment says so, after writing the place to HELPDESK_CRASH_FILE.

    The file is created exclusively: of several processes, and after a restart, only the first one dies.
    """
    if not settings.DEMO:
        return
    wanted, _, nth = os.environ.get("HELPDESK_CRASH_AT", "").partition(":")
    place, _, word = wanted.partition("@")
    if place != name or (word and word not in about):
        return
    _passed[wanted] += 1
    if _passed[wanted] != int(nth or 1):
        return
    try:
        note = os.open(os.environ["HELPDESK_CRASH_FILE"], os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    except (FileExistsError, KeyError):
        return
    os.write(note, f"{wanted}\n".encode())
    os.fsync(note)
    os.close(note)
    os.kill(os.getpid(), signal.SIGKILL)
