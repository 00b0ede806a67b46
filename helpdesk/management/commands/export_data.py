"""`manage.py export_data DIR`."""

from argparse import ArgumentParser
from pathlib import Path

from django.core.management.base import BaseCommand, CommandError

from helpdesk.embedded.trouble import Trouble
from helpdesk.export import export
from outbox import clock


class Command(BaseCommand):
    help = "Write every row as a line of JSON, the uploads, and a manifest with counts and hashes; no secrets."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("folder", type=Path, help="a new or empty folder")

    def handle(self, *args, folder: Path, **options) -> None:
        try:
            manifest = export(folder, now=clock.now())
        except Trouble as trouble:
            raise CommandError(str(trouble)) from trouble
        rows = sum(table["rows"] for table in manifest["tables"].values())
        missing = sum("missing" in upload for upload in manifest["uploads"].values())
        self.stdout.write(f"{rows} rows of {len(manifest['tables'])} tables, {len(manifest['uploads'])} uploads.")
        if missing:
            self.stderr.write(f"{missing} uploads have no file; the manifest names them.")
