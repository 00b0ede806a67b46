"""`manage.py receive_email FILE...`: take in mails from files, or show with `--dry-run` what is read out of them."""

import json
import sys
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DatabaseError

from intake.mail.parsing import MAX_BYTES, ParsedMail, parse

TRY_AGAIN = 75


class Command(BaseCommand):
    help = "Take in mails from files ('-' for standard input). With --dry-run nothing is stored: one JSON line each."
    requires_system_checks: list[str] = []  # reading needs neither database nor cache

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "files", nargs="+", metavar="FILE", help="a file with one raw mail, or - for standard input"
        )
        parser.add_argument("--dry-run", action="store_true", help="only show what is read, as JSON lines")
        parser.add_argument("--mailbox", default="", help="the address of the mailbox that the mails came to")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["dry_run"]:
            for name in options["files"]:
                self.stdout.write(json.dumps(self._shown(name), ensure_ascii=False))
            return
        try:
            self._store(options["files"], options["mailbox"])
        except (DatabaseError, OSError) as error:
            # The mail server keeps the mail and hands it over again (sysexits.h: EX_TEMPFAIL).
            raise CommandError(f"not stored: {error}", returncode=TRY_AGAIN) from error

    def _store(self, names: list[str], address: str) -> None:
        """Keep every mail whole; what becomes of it is the processing job's work."""
        from intake.mail.receiving import receive  # what stores needs a database, what shows does not
        from intake.models import Mailbox

        mailbox = Mailbox.objects.filter(address__iexact=address).first() if address else None
        if address and mailbox is None:
            raise CommandError(f"there is no mailbox {address}")
        for name in names:
            receive(raw=self._read(name, most=-1), mailbox=mailbox)

    def _read(self, name: str, *, most: int = MAX_BYTES + 1) -> bytes:
        """The bytes, by default one more than is looked at: the parser then says that the mail was cut."""
        if name == "-":
            return sys.stdin.buffer.read(most)
        with Path(name).open("rb") as file:
            return file.read(most)

    def _shown(self, name: str) -> dict[str, Any]:
        try:
            mail = parse(self._read(name))
        except (OSError, ValueError) as error:
            mail = ParsedMail(error=f"the file is not readable: {getattr(error, 'strerror', None) or error}")
        return {
            # A name that is no text in this system's encoding must not break the line.
            "file": name.encode("utf-8", "surrogateescape").decode("utf-8", "replace"),
            "from": mail.from_shown,
            "to": ", ".join(mail.to_shown),
            "cc": ", ".join(mail.cc_shown),
            "subject": mail.subject,
            "message_id": mail.message_id,
            "in_reply_to": list(mail.in_reply_to),
            "references": list(mail.references),
            "date": mail.date.isoformat() if mail.date else None,
            "text": mail.text,
            "reply_text": mail.reply_text,
            "html": mail.html,
            "attachments": [
                {"name": part.name, "type": part.type, "size": part.size, "inline": part.inline}
                for part in mail.attachments
            ],
            "charset": mail.charset,
            "is_bounce": mail.is_bounce,
            "is_auto_reply": mail.is_auto_reply,
            "is_list": mail.is_list,
            "error": mail.error,
        }
