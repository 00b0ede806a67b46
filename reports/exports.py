"""Figures as CSV that spreadsheets open without running anything."""

import csv
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta, tzinfo
from typing import Any

from django.http import StreamingHttpResponse
from django.utils import timezone

from reports.lists import Line

#: More rows than this are a job for the pages of the API.
MOST_ROWS = 20_000
#: What a spreadsheet takes for the beginning of a formula (OWASP, CSV injection).
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


class _Echo:
    def write(self, value: str) -> str:
        return value


def cell(value: Any) -> Any:
    """One value as a cell: numbers stay numbers, durations are seconds, text is never a formula."""
    if value is None:
        return ""
    if isinstance(value, timedelta):
        return round(value.total_seconds())
    if isinstance(value, datetime):
        return value.isoformat(timespec="seconds")
    if isinstance(value, float):
        return round(value, 2)
    if isinstance(value, int):
        return value
    return plain(str(value))


def plain(text: str) -> str:
    """A text that no spreadsheet takes for a formula; one that begins like it gets an apostrophe before it."""
    return f"'{text}" if text.startswith(_FORMULA) else text


def csv_lines(rows: Iterable[Iterable[Any]]) -> Iterator[str]:
    """Rows as lines by RFC 4180, one by one."""
    writer = csv.writer(_Echo())
    for row in rows:
        yield writer.writerow(row)


def csv_answer(rows: Iterable[Iterable[Any]], *, name: str) -> StreamingHttpResponse:
    """A file to keep. The mark at its beginning lets spreadsheets read Chinese."""

    def lines() -> Iterator[str]:
        yield "\ufeff"
        yield from csv_lines([cell(value) for value in row] for row in rows)

    response = StreamingHttpResponse(lines(), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{name}.csv"'
    response["X-Content-Type-Options"] = "nosniff"
    return response


def ticket_table(lines: Iterable[Line], zone: tzinfo) -> list[list[Any]]:
    """The rows behind a figure with a head; instants in ``zone``."""
    head = ["number", "subject", "severity", "status", "team", "assignee", "module", "organization"]
    head += ["created_at", "counted_at", "seconds", "detail"]
    table: list[list[Any]] = [head]
    for line in lines:
        ticket = line.ticket
        table.append(
            [
                ticket.number,
                ticket.subject,
                ticket.severity,
                ticket.status,
                ticket.team,
                ticket.assignee,
                ticket.module,
                ticket.organization,
                timezone.localtime(ticket.created_at, zone),
                timezone.localtime(line.at, zone),
                line.took,
                line.text,
            ]
        )
    return table
