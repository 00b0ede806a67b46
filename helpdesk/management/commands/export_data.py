"""`manage.py export_data DIR`."""

from argparse import ArgumentParser
from pathlib import Path

from django.core.management.base import BaseCommand, CommandError

from helpdesk.embedded.trouble import Trouble
from helpdesk.export import FORMS, export
from outbox import clock


class Command(BaseCommand):
    help = "Write every row as JSON or CSV, the uploads, and a manifest with counts and hashes; no secrets."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("folder", type=Path, help="a new or empty folder")
        parser.add_argument("--format", choices=FORMS, default="jsonl", dest="form")
        parser.add_argument("--bom", action="store_true", help="CSV that spreadsheets open as UTF-8 by themselves")

    def handle(self, *args, folder: Path, form: str, bom: bool, **options) -> None:
        if bom and form != "csv":
            raise CommandError("--bom is for --format csv.")
        try:
            manifest = export(folder, now=clock.now(), form=form, mark=bom)
        except Trouble as trouble:
            raise CommandError(str(trouble)) from trouble
        rows = sum(table["rows"] for table in manifest["tables"].values())
        missing = sum("missing" in upload for upload in manifest["uploads"].values())
        self.stdout.write(f"{rows} rows of {len(manifest['tables'])} tables, {len(manifest['uploads'])} uploads.")
        if missing:
            self.stderr.write(f"{missing} uploads have no file; the manifest names them.")
