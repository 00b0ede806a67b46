"""The files of exports, row by row with the line of each, in bounded memory where their format allows it."""

import csv
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from intake.importing.records import BadRecord

#: A cell of a conversation may be long, and a file may be anything.
_LONGEST_CELL = 2_000_000


def csv_rows(path: Path) -> Iterator[tuple[int, dict[str, str] | BadRecord]]:
    """Rows of a CSV file by the names in its first line, with the line on which each begins."""
    csv.field_size_limit(_LONGEST_CELL)
    with path.open(encoding="utf-8-sig", errors="replace", newline="") as file:
        reader = csv.reader(line.replace("\x00", "") for line in file)
        names = [name.strip() for name in next(reader, [])]
        if len(set(names)) < len(names):
            raise BadRecord("two columns have the same name")
        while True:
            line = reader.line_num + 1
            try:
                cells = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                yield line, BadRecord(str(error))
                continue
            if any(cell.strip() for cell in cells):
                yield line, _named(names, cells)


def _named(names: list[str], cells: list[str]) -> dict[str, str] | BadRecord:
    if len(cells) > len(names):
        return BadRecord(f"{len(cells)} cells, but the first line names {len(names)} columns")
    return dict(zip(names, [*cells, *[""] * (len(names) - len(cells))], strict=True))


def json_rows(path: Path, *, within: str = "tickets") -> Iterator[tuple[int, dict[str, Any] | BadRecord]]:
    """Objects of a JSON file: one on each line (read line by line), or one list, bare or under the name ``within``."""
    with path.open(encoding="utf-8-sig", errors="replace") as file:
        first = next((line for line in file if line.strip()), "")
    if _is_object(first):
        yield from _lines(path)
    else:
        yield from _list(path, within)


def _is_object(line: str) -> bool:
    """Whether a line is a whole object, and no wrapper of a list."""
    try:
        found = json.loads(line)
    except ValueError:
        return False
    return isinstance(found, dict) and not any(isinstance(found.get(name), list) for name in ("tickets",))


def _lines(path: Path) -> Iterator[tuple[int, dict[str, Any] | BadRecord]]:
    with path.open(encoding="utf-8-sig", errors="replace") as file:
        for number, line in enumerate(file, start=1):
            if line.strip():
                try:
                    yield number, _object(json.loads(line))
                except (ValueError, RecursionError) as error:
                    yield number, BadRecord(f"this line is not valid JSON: {error}")


def _list(path: Path, within: str) -> Iterator[tuple[int, dict[str, Any] | BadRecord]]:
    try:
        found = json.loads(path.read_text(encoding="utf-8-sig", errors="replace"))
    except (ValueError, RecursionError) as error:
        raise BadRecord(f"this is not valid JSON: {error}") from error
    rows = found.get(within) if isinstance(found, dict) else found
    if not isinstance(rows, list):
        raise BadRecord(f"a list of tickets is needed, one object on each line or under the name “{within}”")
    for number, row in enumerate(rows, start=1):
        yield number, _object(row)


def _object(value: Any) -> dict[str, Any] | BadRecord:
    return value if isinstance(value, dict) else BadRecord("this is not an object")
