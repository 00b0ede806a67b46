"""What every format is read into: one record per ticket, in the words of this product, with the line it came from."""

import hashlib
import html
import json
import re
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any

from django.utils.dateparse import parse_date, parse_datetime
from django.utils.html import strip_tags

MOST_TEXT = 50_000


class BadRecord(ValueError):
    """A record that cannot be imported; the text says what to mend."""


@dataclass
class RemoteFile:
    """A file that the export names by address: whole, or a path at the other system (`/api/…`)."""

    name: str
    address: str


@dataclass
class MessageRecord:
    """A message: ``kind`` is one of `tickets.choices.MessageKind`; who wrote it is an address, perhaps unknown here."""

    kind: str
    body: str
    created_at: datetime
    email: str = ""
    name: str = ""
    files: list[str] = field(default_factory=list)
    """Paths below the folder of the export."""
    left_behind: int = 0
    """Files that the export only names."""
    remote: list[RemoteFile] = field(default_factory=list)
    """Those of them whose address it says."""


@dataclass
class TicketRecord:
    """A ticket of another system."""

    line: int
    external_id: str
    subject: str
    email: str
    name: str
    status: str
    severity: str
    created_at: datetime
    updated_at: datetime
    ended_at: datetime | None = None
    number: str = ""
    """What people called it there, where that is not its id."""
    channel: str = "api"
    team: str = ""
    category: str = ""
    assignee: str = ""
    hold_reason: str = ""
    tags: list[str] = field(default_factory=list)
    messages: list[MessageRecord] = field(default_factory=list)

    @property
    def fingerprint(self) -> str:
        """The same for the same content, wherever in the file it stands."""
        said = {name: value for name, value in asdict(self).items() if name != "line"}
        for message in said["messages"]:
            del message["remote"]  # an address may be signed anew in every export
        return hashlib.sha256(json.dumps(said, sort_keys=True, default=str).encode()).hexdigest()


@dataclass(frozen=True)
class Unreadable:
    """A row that is no record."""

    line: int
    problem: str


Row = TicketRecord | Unreadable


def instant(value: Any, *, what: str) -> datetime:
    """A date and time by ISO 8601 (a space for the T will do, without a zone it is UTC), or seconds since 1970.

    Raises:
        BadRecord: for anything else.
    """
    try:
        if isinstance(value, int | float) and not isinstance(value, bool):
            return datetime.fromtimestamp(value, tz=UTC)
        text = str(value or "").strip()
        found = parse_datetime(text)
        if found is None and (day := parse_date(text)):
            found = datetime(day.year, day.month, day.day)
        if found is None:
            raise ValueError
        return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    except (ValueError, OverflowError, OSError) as error:
        raise BadRecord(f"{what}: “{str(value)[:60]}” is not a date and time (write 2026-03-01T09:30:00Z)") from error


def perhaps_instant(value: Any, *, what: str) -> datetime | None:
    """As `instant`; None for an empty value."""
    return instant(value, what=what) if value not in (None, "") else None


def required(value: Any, *, what: str) -> str:
    """A text that must not be empty.

    Raises:
        BadRecord: when it is.
    """
    text = words(value)
    if not text:
        raise BadRecord(f"{what} is missing")
    return text


def words(value: Any) -> str:
    """A text as it may be stored."""
    return str(value if value is not None else "").replace("\x00", "").strip()


def chosen(value: Any, table: dict[str, str], *, what: str, default: str = "") -> str:
    """What ``value`` means by ``table``, whatever its case; ``default`` when it is empty.

    Raises:
        BadRecord: for a value that is not in the table.
    """
    text = words(value).lower()
    if not text and default:
        return default
    if text not in table:
        raise BadRecord(f"{what}: “{text[:60]}” is unknown (known: {', '.join(table)})")
    return table[text]


_BREAKS = re.compile(r"<\s*(?:br|/p|/div|/li|/tr|/h[1-6])\b[^>]*>", re.IGNORECASE)
_UNSEEN = re.compile(r"<\s*(script|style|head)\b.*?<\s*/\s*\1\s*>", re.IGNORECASE | re.DOTALL)


def text_of_html(value: Any) -> str:
    """The words of a piece of HTML; nothing of it is kept that a browser could run."""
    plain = strip_tags(_BREAKS.sub("\n", _UNSEEN.sub("", words(value)[: 4 * MOST_TEXT])))
    lines = [" ".join(line.split()) for line in html.unescape(plain).splitlines()]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()


def remote_files(given: Any, *, name: str, address: Any) -> list[RemoteFile]:
    """The files of a message whose address is said: ``name`` is the member with their name, ``address`` finds it."""
    rows = [row for row in given if isinstance(row, dict)] if isinstance(given, list) else []
    found = [RemoteFile(words(row.get(name))[:200], words(address(row))) for row in rows]
    return [file for file in found if file.name and file.address]


def listed(value: Any) -> list[str]:
    """Words of a list, or of a text separated by commas."""
    parts: Iterable[Any] = value if isinstance(value, list) else words(value).split(",")
    return [text for part in parts if (text := words(part))]
