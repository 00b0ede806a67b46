"""`manage.py import_tickets FILE --format zendesk --source old-desk [--dry-run]`."""

import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from intake.importing.records import BadRecord
from intake.importing.running import FORMATS, Report, run
from outbox import clock

_SHOWN = 50


class Command(BaseCommand):
    help = (
        "Bring tickets of another system in, with their dates. Nothing begins by it: no clock, no mail, no webhook. "
        "A second run goes on where the first one ended, and doubles nothing."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--format", choices=sorted(FORMATS), required=True, dest="form")
        parser.add_argument("--source", required=True, help="a name for the other system, the same in every run")
        parser.add_argument("--dry-run", action="store_true", help="say what would be made, and what is wrong")
        parser.add_argument("--report", type=Path, help="write the whole report as JSON into this file")

    def handle(self, *args: Any, file: Path, form: str, source: str, **options: Any) -> None:
        source = source.strip()
        if not source or len(source) > 40:
            raise CommandError("--source: a name of 1 to 40 characters is needed.")
        try:
            report = run(path=file, form=form, source=source, now=clock.now(), dry_run=options["dry_run"])
        except BadRecord as error:
            raise CommandError(f"{file}: {error}") from error
        except OSError as error:
            raise CommandError(f"{file} cannot be read: {error.strerror}") from error
        self._say(report)
        if options["report"]:
            options["report"].write_text(json.dumps(report.as_json(), ensure_ascii=False, indent=1) + "\n")
        if report.problems:
            raise CommandError(f"{report.counts['refused']} rows were refused; mend them and run it again.")

    def _say(self, report: Report) -> None:
        counts = report.counts
        verb = "would be made" if report.dry_run else "were made"
        self.stdout.write(f"{counts['rows']} rows: {counts['tickets']} tickets, {counts['messages']} messages {verb}.")
        if report.dry_run:
            self.stdout.write(f"{counts['new_people']} people would become known.")
        if counts["already"]:
            changed = f" ({counts['changed_there']} changed there since)" if counts["changed_there"] else ""
            self.stdout.write(f"{counts['already']} were here already{changed}.")
        if counts["files_left_behind"]:
            self.stdout.write(f"{counts['files_left_behind']} files are only named in the export, and stay behind.")
        for name, count in report.unknown.most_common(_SHOWN):
            self.stdout.write(f"unknown here, left empty on {count} tickets: {name}")
        for line, problem in report.problems[:_SHOWN]:
            self.stderr.write(f"line {line}: {problem}")
        if len(report.problems) > _SHOWN:
            self.stderr.write(f"… and {counts['refused'] - _SHOWN} more (--report has them)")
