"""An import from the first row to the last: each record in a transaction of its own, so that a second run goes on.

What a record would become is found out first (`plan`); a dry run stops there. Both use the same words in the report.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from intake.importing import house, osticket, zammad, zendesk
from intake.importing.fetching import Elsewhere, fetch_files
from intake.importing.files import csv_rows, json_rows
from intake.importing.planning import Planner
from intake.importing.records import BadRecord, Row, TicketRecord, Unreadable
from intake.models import ImportedFile, ImportedRecord
from outbox import clock
from outbox.sealing import seal
from tickets.services.history import in_order, write_history

Reader = Callable[[dict[str, Any], int], TicketRecord]
#: Format → how its file is cut into rows, and how a row is read.
FORMATS: dict[str, tuple[Callable[[Path], Iterator[tuple[int, Any]]], Reader]] = {
    "csv": (csv_rows, house.read),
    "json": (json_rows, house.read),
    "zendesk": (json_rows, zendesk.read),
    "zammad": (json_rows, zammad.read),
    "osticket": (csv_rows, osticket.read),
}
#: So many problems are listed; all are counted.
MOST_LISTED = 1000


@dataclass
class Report:
    """What an import did, or in a dry run what it would do."""

    dry_run: bool
    counts: Counter[str] = field(default_factory=Counter)
    problems: list[tuple[int, str]] = field(default_factory=list)
    unknown: Counter[str] = field(default_factory=Counter)
    """What the export names and nobody here is called: left empty on the ticket."""
    files: list[tuple[str, str, str]] = field(default_factory=list)
    """Files that could not be fetched: the ticket's id there, the file's name, and why."""

    def problem(self, line: int, words: str) -> None:
        """Note a row that is not imported."""
        self.counts["refused"] += 1
        if len(self.problems) < MOST_LISTED:
            self.problems.append((line, words))

    def as_json(self) -> dict[str, Any]:
        """For `--report`."""
        return {
            "dry_run": self.dry_run,
            "counts": dict(sorted(self.counts.items())),
            "unknown": dict(self.unknown.most_common()),
            "problems": [{"line": line, "problem": words} for line, words in self.problems],
            "files": [{"ticket": ticket, "file": name, "problem": words} for ticket, name, words in self.files],
        }


def rows_of(path: Path, form: str) -> Iterator[Row]:
    """The records of a file in the format ``form``, and what is none, in its order.

    Raises:
        BadRecord: when the file as a whole cannot be read.
    """
    cut, read = FORMATS[form]
    for line, row in cut(path):
        if isinstance(row, BadRecord):
            yield Unreadable(line, str(row))
            continue
        try:
            yield read(row, line)
        except BadRecord as error:
            yield Unreadable(line, str(error))


def run(
    *,
    path: Path,
    form: str,
    source: str,
    now: datetime,
    dry_run: bool = False,
    fetch: Elsewhere | None = None,
) -> Report:
    """Import every record of ``path`` that was not imported from ``source`` before.

    With ``fetch`` the files that were only named are fetched afterwards, those of earlier runs too.

    Raises:
        BadRecord: when the file as a whole cannot be read.
    """
    report, planner = Report(dry_run), Planner(folder=path.resolve().parent, now=now)
    seen: set[str] = set()
    for row in rows_of(path, form):
        report.counts["rows"] += 1
        if isinstance(row, Unreadable):
            report.problem(row.line, row.problem)
        elif row.external_id in seen:
            report.problem(row.line, f"the id “{row.external_id[:60]}” stands in this file twice")
        else:
            seen.add(row.external_id)
            _take(row, planner, report, source=source, now=now)
    if fetch is not None and not dry_run:
        fetch_files(source=source, elsewhere=fetch, report=report, read_clock=clock.now)
    return report


def _take(row: TicketRecord, planner: Planner, report: Report, *, source: str, now: datetime) -> None:
    before = ImportedRecord.objects.filter(source=source, external_id=row.external_id[:120]).first()
    if before is not None:
        report.counts["already"] += 1
        report.counts["changed_there"] += before.fingerprint != row.fingerprint
        return
    try:
        planner.check(row)
        if report.dry_run:
            planner.foresee(row, report.counts)
        else:
            _write(row, planner, source=source, now=now)
    except (BadRecord, ValidationError) as error:
        words = "; ".join(error.messages) if isinstance(error, ValidationError) else str(error)
        report.problem(row.line, words)
        return
    except IntegrityError:  # another import of the same file was faster with this record
        if not ImportedRecord.objects.filter(source=source, external_id=row.external_id).exists():
            raise
        report.counts["already"] += 1
        return
    report.counts["tickets"] += 1
    report.counts["messages"] += len(row.messages)
    report.counts["files_left_behind"] += sum(message.left_behind for message in row.messages)
    report.counts["files_with_address"] += sum(len(message.remote) for message in row.messages)
    report.unknown.update(planner.unknown_in(row))


@transaction.atomic
def _write(row: TicketRecord, planner: Planner, *, source: str, now: datetime) -> None:
    """The ticket and the row that remembers it: neither exists without the other.

    Two imports at once: the second one's row breaks the unique constraint, and with it goes its ticket.
    """
    past = planner.past(row, source=source)
    ticket = write_history(past=past, now=now)
    record = ImportedRecord.objects.create(
        source=source, external_id=row.external_id[:120], ticket=ticket, fingerprint=row.fingerprint, imported_at=now
    )
    told = dict(zip(map(id, in_order(past)), ticket.messages.order_by("pk"), strict=True))
    ImportedFile.objects.bulk_create(
        ImportedFile(record=record, message=told[id(one)], name=file.name, sealed_address=seal(file.address))
        for one, message in zip(past.messages, row.messages, strict=True)
        for file in message.remote
    )
