"""Files that an export names by address: fetched after the tickets are there, ticket by ticket, by the one way out.

A run that was interrupted goes on with what is waiting; a later one tries again what failed. A failure is a line of the
report and, the first time, a note on the ticket; it stops nothing.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING
from urllib.parse import urljoin, urlsplit

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction
from django.utils import translation
from django.utils.translation import gettext as _

from intake.models import ImportedFile
from outbox import web
from outbox.sealing import Unreadable, unseal
from tickets.services.history import add_past_file, note_history

if TYPE_CHECKING:
    from intake.importing.running import Report

State = ImportedFile.State


@dataclass(frozen=True)
class Elsewhere:
    """Where the other system is, and the header by which it knows us; that one goes to no other host."""

    base_url: str = ""
    authorization: str = field(default="", repr=False)

    def address_of(self, said: str) -> str:
        """A path of an export as an address; empty when nobody said where it begins."""
        if not said.startswith("/"):
            return said
        return urljoin(self.base_url, said) if self.base_url else ""

    def headers_for(self, address: str) -> dict[str, str]:
        own = bool(self.base_url) and web.origin(urlsplit(address)) == web.origin(urlsplit(self.base_url))
        return {"Authorization": self.authorization} if own and self.authorization else {}


class _Failed(Exception):
    """Why this file is not here, in words for the report and the ticket."""


def fetch_files(*, source: str, elsewhere: Elsewhere, report: "Report", read_clock: Callable[[], datetime]) -> None:
    """Fetch every file of ``source`` that is not here yet, each once in a run."""
    last = 0
    while True:
        left = ImportedFile.objects.exclude(state=State.FETCHED).filter(record__source=source, record__gt=last)
        record = left.order_by("record").values_list("record", flat=True).first()
        if record is None:
            return
        last = record
        rows = left.filter(record=record).select_related("record__ticket", "message").order_by("pk")
        _fetch_ticket(list(rows), elsewhere, report, read_clock)


def _fetch_ticket(
    rows: list[ImportedFile], elsewhere: Elsewhere, report: "Report", read_clock: Callable[[], datetime]
) -> None:
    record = rows[0].record
    failed: list[tuple[ImportedFile, str]] = []
    with translation.override(record.ticket.language or settings.LANGUAGE_CODE):
        for row in rows:
            try:
                report.counts["files_fetched"] += _fetch(row, elsewhere, read_clock)
            except _Failed as failure:
                failed.append((row, str(failure)))
        _note(failed, now=read_clock())
    report.counts["files_failed"] += len(failed)
    report.files += [(record.external_id, row.name, words) for row, words in failed]


def _fetch(row: ImportedFile, elsewhere: Elsewhere, read_clock: Callable[[], datetime]) -> bool:
    """Whether this run brought it; another one may have been faster.

    Raises:
        _Failed: with the reason.
    """
    content = _content(row, elsewhere)
    # Before the transaction: a file that is refused takes no lock.
    with transaction.atomic():
        locked = ImportedFile.objects.select_for_update().get(pk=row.pk)
        if locked.state == State.FETCHED:
            return False
        try:
            add_past_file(message=row.message, file=SimpleUploadedFile(row.name, content))
        except ValidationError as refusal:
            raise _Failed("; ".join(refusal.messages)) from refusal
        locked.state, locked.sealed_address, locked.problem = State.FETCHED, "", ""
        locked.tried_at = read_clock()
        locked.save(update_fields=["state", "sealed_address", "problem", "tried_at"])
    return True


def _content(row: ImportedFile, elsewhere: Elsewhere) -> bytes:
    try:
        address = elsewhere.address_of(unseal(row.sealed_address))
        if not address:
            raise _Failed(_("The export says no whole address (--base-url)."))
        answer = web.get(address, most=settings.ATTACHMENT_MAX_BYTES, headers=elsewhere.headers_for(address))
    except (web.Refused, web.Unreachable, Unreadable) as error:
        raise _Failed(str(error)) from error
    except web.TooLarge as error:
        raise _Failed(_("It is larger than a file may be here.")) from error
    if answer.status != 200:
        raise _Failed(_("The other system answered %(status)d.") % {"status": answer.status})
    return answer.body


@transaction.atomic
def _note(failed: list[tuple[ImportedFile, str]], *, now: datetime) -> None:
    """Keep why; and say it on the ticket what was not said there before."""
    rows = ImportedFile.objects.select_for_update().order_by("pk")
    # Another run may have brought a file meanwhile, or said the same of it.
    states = dict(rows.filter(pk__in=[row.pk for row, _words in failed]).values_list("pk", "state"))
    fresh = [(row, words) for row, words in failed if states.get(row.pk) == State.WAITING]
    for row, words in failed:
        if states.get(row.pk) != State.FETCHED:
            ImportedFile.objects.filter(pk=row.pk).update(state=State.FAILED, problem=words[:300], tried_at=now)
    if fresh:
        lines = [_("Files of the other system that could not be fetched:")]
        lines += [f"- {row.name}: {words}" for row, words in fresh]
        note_history(ticket=fresh[0][0].record.ticket, body="\n".join(lines)[:50_000], now=now)
