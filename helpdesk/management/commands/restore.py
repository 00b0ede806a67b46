"""`manage.py restore DIR`."""

from argparse import ArgumentParser
from pathlib import Path

from django.core.management.base import BaseCommand, CommandError

from helpdesk import backup
from helpdesk.embedded.trouble import Trouble


class Command(BaseCommand):
    help = "Bring a backup into an empty database and an empty folder of uploads."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("folder", type=Path)

    def handle(self, *args, folder: Path, **options) -> None:
        try:
            backup.restore(folder)
        except Trouble as trouble:
            raise CommandError(str(trouble)) from trouble
        self.stdout.write(f"Restored from {folder}. Now run `manage.py migrate`.")
