"""`python -m helpdesk.launcher up` and `… manage COMMAND`; for containers `… run PROCESS` and `… healthy PROCESS`."""

import os
import sys
import time
import unicodedata
from pathlib import Path
from typing import NoReturn

from helpdesk.embedded.home import PROJECT, Home
from helpdesk.embedded.process import die_with_parent
from helpdesk.embedded.trouble import run_program
from helpdesk.launcher import environment

_USAGE = "usage: python -m helpdesk.launcher up | manage COMMAND [ARGUMENT…] | run PROCESS | healthy PROCESS"
_SIGTERM = 15


def up() -> int:
    """Start, tell where, watch, stop."""
    from helpdesk.launcher.supervisor import Stop, Supervisor

    began = time.monotonic()
    if _started_by_make():
        die_with_parent(_SIGTERM)  # whoever kills `make` means us
    home = _home()
    supervisor = Supervisor(home)
    supervisor.listen_to_signals()
    try:
        try:
            supervisor.start()
            _announce(time.monotonic() - began, home)
            supervisor.run()
        except Stop:
            print("\n· stopping (once more stops at once)", flush=True)
    finally:
        supervisor.stop()
    return 0


def manage(arguments: list[str]) -> int:
    """One Django command with the settings and data of `make up`, which may be running or not."""
    from helpdesk.embedded.__main__ import main

    _home()
    return main(["run", "--", sys.executable, str(PROJECT / "manage.py"), *arguments])


def run(process: str) -> NoReturn:
    """Become one process of the product, with the servers that the environment names: what a container does."""
    from helpdesk.launcher.commands import command

    _alone()
    os.execv(sys.executable, [sys.executable, "-m", *command(process)])  # nosec B606


def healthy(process: str) -> int:
    """Exit code 0 when the process beside us is well."""
    from helpdesk.launcher.services import is_healthy

    _alone()
    return 0 if is_healthy(process) else 1


def _alone() -> None:
    environment.read_dotenv()
    environment.fill_in_address()
    os.environ.setdefault("PUSH_PORT", "8001")


def _home() -> Home:
    environment.read_dotenv()
    home = Home.from_environment()
    home.make()
    environment.fill_in(home)
    return home


def _started_by_make() -> bool:
    try:
        return Path(f"/proc/{os.getppid()}/comm").read_text().strip() in {"make", "gmake"}
    except OSError:
        return False


def _announce(seconds: float, home: Home) -> None:
    """One line with the address, and in demo mode who may sign in."""
    accounts = _accounts() if os.environ.get("DEMO", "").lower() in {"1", "true", "yes", "on"} else []
    if accounts:
        print("\n" + table([("role", "name", "e-mail", "password"), *accounts]))
    print(f"\n✓ Helpdesk runs at {os.environ['SITE_URL']}/  (up in {seconds:.1f} s, data and logs in {home.root})")
    print("  Ctrl-C stops it.", flush=True)


def _accounts() -> list[tuple[str, ...]]:
    try:
        from helpdesk.demo.accounts import demo_accounts
    except ModuleNotFoundError:
        return []
    return [tuple(str(row[key]) for key in ("role", "name", "email", "password")) for row in demo_accounts()]


def table(rows: list[tuple[str, ...]]) -> str:
    """Columns that stay straight although a Chinese character is two cells wide."""
    widths = [max(_cells(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = []
    for row in rows:
        padded = [text + " " * (width - _cells(text)) for text, width in zip(row, widths, strict=True)]
        lines.append(("  " + "  ".join(padded)).rstrip())
    return "\n".join(lines)


def _cells(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(character) in "WF" else 1 for character in text)


def main(arguments: list[str]) -> int:
    if arguments == ["up"]:
        return up()
    if arguments[:1] == ["manage"]:
        return manage(arguments[1:])
    if arguments[:1] == ["run"] and len(arguments) == 2:
        run(arguments[1])
    if arguments[:1] == ["healthy"] and len(arguments) == 2:
        return healthy(arguments[1])
    print(_USAGE, file=sys.stderr)
    return 2


if __name__ == "__main__":
    run_program(main)
