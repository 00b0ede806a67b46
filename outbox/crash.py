"""Named places where a test may kill the process, to prove that nothing is lost or doubled there.

Inert unless DEMO is on and HELPDESK_CRASH_AT names the place, ``name`` or ``name:N`` for its Nth passing.
"""

import os
import signal
from collections import Counter

from django.conf import settings

_passed: Counter[str] = Counter()


def crash_point(name: str) -> None:
    """Die here by SIGKILL when the environment says so, after writing ``name`` to HELPDESK_CRASH_FILE.

    The file is created exclusively: of several processes, and after a restart, only the first one dies.
    """
    if not settings.DEMO:
        return
    wanted, _, nth = os.environ.get("HELPDESK_CRASH_AT", "").partition(":")
    if wanted != name:
        return
    _passed[name] += 1
    if _passed[name] != int(nth or 1):
        return
    try:
        note = os.open(os.environ["HELPDESK_CRASH_FILE"], os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    except (FileExistsError, KeyError):
        return
    os.write(note, f"{name}\n".encode())
    os.fsync(note)
    os.close(note)
    os.kill(os.getpid(), signal.SIGKILL)
