"""`manage.py backup DIR`."""

from argparse import ArgumentParser
from pathlib import Path

from django.core.management.base import BaseCommand, CommandError

from helpdesk import backup
from helpdesk.embedded.trouble import Trouble
from outbox import clock


class Command(BaseCommand):
    help = "Write the database and the uploads into a new folder; works while everything runs."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("folder", type=Path)

    def handle(self, *args, folder: Path, **options) -> None:
        try:
            backup.backup(folder, now=clock.now())
        except Trouble as trouble:
            raise CommandError(str(trouble)) from trouble
        self.stdout.write(f"Backup written to {folder}.")
