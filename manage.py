#!/usr/bin/env python
"""Run Django's command line for the helpdesk."""

import os
import sys


def _only_computes(arguments: list[str]) -> bool:
    """Whether a command needs neither database nor keys, so that a checkout without any configuration answers it."""
    name = arguments[0] if arguments else ""
    return name == "working_time" or (name == "receive_email" and "--dry-run" in arguments)


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "helpdesk.settings")
    if _only_computes(sys.argv[1:]):
        os.environ.setdefault("DEMO", "1")
    from django.core.management import execute_from_command_line

    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
