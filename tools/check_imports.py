"""Every module of ours can be the first that is imported once Django is set up.

Circles of imports show only in some orders, and the order may change from run to run: Django keeps its system checks
in a set, so which of them loads a module first is chance. Each module is tried in a fork of its own.
"""

import contextlib
import importlib
import io
import os
import sys
import traceback
from pathlib import Path

import django

ROOT = Path(__file__).resolve().parent.parent
# These run something or prepare a process of their own when they are loaded.
PROGRAMS = {"helpdesk.celery", "helpdesk.push", "helpdesk.wsgi"}


def modules(apps: list[str]) -> list[str]:
    """The dotted names of all modules of the apps, without tests, migrations and programs."""
    found = []
    for path in sorted(path for app in apps for path in (ROOT / app).rglob("*.py")):
        parts = path.relative_to(ROOT).with_suffix("").parts
        if not {"tests", "migrations", "__main__"} & set(parts):
            found.append(".".join(parts).removesuffix(".__init__"))
    return [name for name in found if name not in PROGRAMS]


def import_first(name: str) -> str:
    """What went wrong when a fork of this process imported that module; empty if nothing did."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        problem = ""
        try:
            with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
                importlib.import_module(name)
        except BaseException:  # noqa: BLE001  # a module may exit, too; the parent tells of all of them
            problem = traceback.format_exc(limit=-3)
        os.write(writing, problem.encode()[-4000:])
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading, encoding="utf-8") as pipe:
        problem = pipe.read()
    os.waitpid(child, 0)
    return problem


def main() -> int:
    sys.path.insert(0, str(ROOT))
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "helpdesk.settings")
    django.setup()
    problems = {name: problem for name in modules(sys.argv[1:]) if (problem := import_first(name))}
    for name, problem in problems.items():
        print(f"{name} cannot be imported first:\n{problem}")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
