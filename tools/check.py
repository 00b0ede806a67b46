"""Every check that needs no test run, each named with its time; all run, then it fails if one did."""

import os
import secrets
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent
APPS = "accounts catalog feedback helpdesk intake knowledge outbox reports search sla tickets".split()


def steps() -> list[tuple[str, list[str], dict[str, str]]]:
    """(name, command, environment to add) of each check."""
    python = sys.executable
    manage = [python, "manage.py"]
    demo = {"DEMO": "1"}
    production = {
        "DEMO": "0",
        "DEBUG": "0",
        "SECRET_KEY": secrets.token_urlsafe(50),
        "SITE_URL": "https://helpdesk.example.com",
    }
    return [
        ("lint", [str(BIN / "ruff"), "check", "."], {}),
        ("format", [str(BIN / "ruff"), "format", "--check", "."], {}),
        ("types", [str(BIN / "mypy"), *APPS], demo),
        ("import rules", [str(BIN / "lint-imports")], demo),
        ("imports in any order", [python, "tools/check_imports.py", *APPS], demo),
        # These three read the models only; a database that cannot be reached must not slow them down.
        ("migrations are complete", [*manage, "makemigrations", "--check", "--dry-run"], demo),
        ("deployment", [*manage, "check", "--deploy", "--fail-level", "WARNING"], production),
        ("refuses to start without a key", [python, "tools/check_refusal.py"], {}),
        ("the API's schema", [*manage, "spectacular", "--validate", "--fail-on-warn", "--file", os.devnull], demo),
        ("templates", [str(BIN / "djade"), "--target-version", "5.2", "--check", *_files("templates/*.html")], {}),
        ("security", [str(BIN / "bandit"), "-q", "-c", "pyproject.toml", "-r", *APPS], {}),
        ("translations", [python, "tools/check_translations.py"], demo),
    ]


def _files(pattern: str) -> list[str]:
    """What git knows or would know; the working copy may hold generated files."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--", pattern],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return [name for name in listed.stdout.split("\0") if name and (ROOT / name).exists()]


def main() -> int:
    os.chdir(ROOT)
    failed = []
    with_servers = {"DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none", "REDIS_URL": "redis://127.0.0.1:1/0"}
    for name, command, extra in steps():
        began = time.monotonic()
        done = subprocess.run(
            command, check=False, env=os.environ | with_servers | extra, capture_output=True, text=True
        )
        print(f"{'✓' if done.returncode == 0 else '✗'} {name} ({time.monotonic() - began:.1f} s)", flush=True)
        if done.returncode:
            failed.append(name)
            print((done.stdout + done.stderr).rstrip(), flush=True)
    print(f"✗ failed: {', '.join(failed)}" if failed else "✓ all checks passed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
