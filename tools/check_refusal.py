"""Outside demo mode the product must refuse to start without a real SECRET_KEY."""

import os
import subprocess
import sys

PLACEHOLDERS = ["", "changeme", "a" * 60, "demo-only-key-that-production-refuses"]


def starts(key: str) -> bool:
    """Whether Django's settings load with that key."""
    environment = {name: value for name, value in os.environ.items() if name not in {"DEMO", "SECRET_KEY"}}
    environment |= {"DEMO": "0", "SECRET_KEY": key, "PYTHONPATH": os.getcwd()}
    command = [sys.executable, "-c", "import helpdesk.settings"]
    return subprocess.run(command, check=False, env=environment, capture_output=True).returncode == 0


if __name__ == "__main__":
    accepted = [key for key in PLACEHOLDERS if starts(key)]
    sys.exit(f"accepted as SECRET_KEY: {accepted}" if accepted else 0)
