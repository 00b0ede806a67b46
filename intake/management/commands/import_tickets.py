"""`manage.py import_tickets FILE --format zendesk --source old-desk [--dry-run]`."""

import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from intake.importing.fetching import Elsewhere
from intake.importing.records import BadRecord
from intake.importing.running import FORMATS, Report, run
from outbox import clock, web

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
        parser.add_argument(
            "--fetch-attachments",
            action="store_true",
            help="afterwards fetch the files that the export names by address, also those of earlier runs",
        )
        parser.add_argument(
            "--base-url", default="", help="where the other system is, such as https://desk.example.com"
        )
        parser.add_argument(
            "--authorization",
            type=Path,
            help="a file with the Authorization header for it, such as “Token token=…”; it goes to --base-url alone",
        )
        parser.add_argument("--report", type=Path, help="write the whole report as JSON into this file")

    def handle(self, *args: Any, file: Path, form: str, source: str, **options: Any) -> None:
        source = source.strip()
        if not source or len(source) > 40:
            raise CommandError("--source: a name of 1 to 40 characters is needed.")
        fetch = self._elsewhere(form, options)
        try:
            report = run(path=file, form=form, source=source, now=clock.now(), dry_run=options["dry_run"], fetch=fetch)
        except BadRecord as error:
            raise CommandError(f"{file}: {error}") from error
        except OSError as error:
            raise CommandError(f"{file} cannot be read: {error.strerror}") from error
        self._say(report)
        if options["report"]:
            options["report"].write_text(json.dumps(report.as_json(), ensure_ascii=False, indent=1) + "\n")
        if report.problems:
            raise CommandError(f"{report.counts['refused']} rows were refused; mend them and run it again.")

    def _elsewhere(self, form: str, options: dict[str, Any]) -> Elsewhere | None:
        """Raises:
        CommandError: an address that may not be called, or a secret that would go nowhere.
        """
        base_url = options["base_url"].strip()
        if base_url:
            try:
                web.check(base_url)
            except web.Refused as refusal:
                raise CommandError(f"--base-url: {refusal}") from refusal
        if options["authorization"] and not base_url:
            raise CommandError("--authorization needs --base-url: it goes to that host alone.")
        if options["fetch_attachments"] and form == "zammad" and not base_url:
            raise CommandError("--fetch-attachments needs --base-url: Zammad names its files by ids.")
        try:
            secret = options["authorization"].read_text(encoding="utf-8").strip() if options["authorization"] else ""
        except OSError as error:
            raise CommandError(f"--authorization cannot be read: {error.strerror}") from error
        except UnicodeError:  # its text would show bytes of the secret
            raise CommandError("--authorization: the file is no text in UTF-8.") from None
        if not (secret.isascii() and secret.isprintable()):  # what no header can carry fails here, not file by file
            raise CommandError("--authorization: the file has to hold one line of ASCII.")
        return Elsewhere(base_url, secret) if options["fetch_attachments"] else None

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
            hint = "" if counts["files_fetched"] or counts["files_failed"] else "; --fetch-attachments fetches those"
            named = f"{counts['files_left_behind']} files are only named in the export"
            self.stdout.write(f"{named}, {counts['files_with_address']} of them with an address{hint}.")
        if counts["files_fetched"] or counts["files_failed"]:
            self.stdout.write(f"{counts['files_fetched']} files were fetched, {counts['files_failed']} were not.")
        for ticket, name, problem in report.files[:_SHOWN]:
            self.stderr.write(f"ticket {ticket}, file “{name}”: {problem}")
        for name, count in report.unknown.most_common(_SHOWN):
            self.stdout.write(f"unknown here, left empty on {count} tickets: {name}")
        for line, problem in report.problems[:_SHOWN]:
            self.stderr.write(f"line {line}: {problem}")
        if len(report.problems) > _SHOWN:
            self.stderr.write(f"… and {counts['refused'] - _SHOWN} more (--report has them)")
