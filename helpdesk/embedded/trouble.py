"""What the person at the keyboard can mend."""

import errno
import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn


class Trouble(Exception):
    """Its text is one clear sentence that says what is wrong and what to do."""


def check_room(folder: Path, megabytes: int) -> None:
    """Raise Trouble unless `folder` exists (or can be made), is ours to write, and has that much room."""
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        probe = folder / ".room"
        probe.write_bytes(b"x" * 4096)
        probe.unlink()
    except OSError as error:
        raise from_os_error(error, folder) from error
    free = shutil.disk_usage(folder).free // 2**20
    if free < megabytes:
        raise Trouble(
            f"The disk is full: {folder} has {free} MB left and {megabytes} MB are needed; "
            "free some space or set HELPDESK_HOME to a folder on another disk."
        )


def run_program(main: Callable[[list[str]], int]) -> NoReturn:
    """Leave with the exit code of ``main``; trouble ends with its sentence instead of a traceback."""
    try:
        sys.exit(main(sys.argv[1:]))
    except Trouble as trouble:
        sys.exit(f"✗ {trouble}")
    except OSError as error:
        sys.exit(f"✗ {from_os_error(error, Path(error.filename or '.'))}")


def from_os_error(error: OSError, path: Path) -> Trouble:
    """The clear sentence for an error of the operating system."""
    if error.errno in {errno.ENOSPC, errno.EDQUOT}:
        return Trouble(f"The disk is full: {path} cannot be written; free some space or set HELPDESK_HOME elsewhere.")
    if error.errno in {errno.EACCES, errno.EPERM, errno.EROFS}:
        return Trouble(
            f"{path} cannot be written by user {os.geteuid()}; "
            "make it yours, or set HELPDESK_HOME to a folder of yours."
        )
    return Trouble(f"{path}: {error.strerror or error}.")
