"""Reading any JSON by paths that the administrator drew: `event.host`, `alerts[0].name`, or words with `{paths}`.

Pure. A path that leads nowhere is an empty text: one field that a sender left out must not lose the alert.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

_STEP = re.compile(r"[^.\[\]]+|\[(\d{1,6})\]")
_BRACES = re.compile(r"\{([^{}]{1,200})\}")
LONGEST = 20_000  # characters of one value


@dataclass(frozen=True)
class Target:
    """One thing that a mapping fills."""

    name: str
    label: str | Promise
    help: str | Promise = ""


TARGETS = (
    Target("items", _("List of alerts"), _("A path to a list with one alert each; empty: the message is one alert.")),
    Target("subject", _("Subject"), _("A path such as event.name, or words with paths: {event.host}: {event.name}")),
    Target("description", _("Description")),
    Target("fingerprint", _("Fingerprint"), _("The same for the same thing, however often it fires.")),
    Target("episode", _("Occurrence"), _("Different for each time that it fires; empty where there is none.")),
    Target("state", _("State")),
    Target("resolved", _("Values that mean “over”"), _("With commas; anything else means that it fires.")),
    Target("severity", _("Severity")),
    Target("group", _("Group"), _("What belongs together when much fires at once.")),
    Target("started_at", _("Fires since")),
    Target("module", _("Product module"), _("Its code.")),
    Target("url", _("Address in the source")),
)
DEFAULT_OVER = "resolved, ok, closed, recovered, 0, false, normal, up"


def read_mapped(payload: Any, mapping: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """One row for each alert that the mapping finds in ``payload``."""
    path = str(mapping.get("items", "")).strip()
    rows = value_at(payload, path) if path else [payload]
    over = {word.strip().lower() for word in str(mapping.get("resolved") or DEFAULT_OVER).split(",") if word.strip()}
    for row in rows if isinstance(rows, list) else [rows]:
        read = {target.name: words_at(row, str(mapping.get(target.name, ""))) for target in TARGETS}
        labels = {name: read[name][:300] for name in ("state", "severity", "fingerprint") if read[name]}
        yield {**read, "is_firing": read["state"].lower() not in over, "labels": labels}


def words_at(row: Any, drawn: str) -> str:
    """What a drawn path, or words with paths in braces, say of ``row``."""
    drawn = drawn.strip()
    if "{" in drawn:
        return _BRACES.sub(lambda found: words(value_at(row, found[1])), drawn)[:LONGEST].strip()
    return words(value_at(row, drawn)) if drawn else ""


def value_at(row: Any, path: str) -> Any:
    """Where ``path`` leads; None when nowhere."""
    for step in _STEP.finditer(path.strip()):
        name, place = step[0], step[1]
        if isinstance(row, list) and (place or name).isdecimal():
            position = int(place or name)
            row = row[position] if position < len(row) else None
        elif isinstance(row, dict) and not place:
            row = row.get(name)
        else:
            return None
    return row


def paths_in(payload: Any, *, most: int = 60) -> list[tuple[str, str]]:
    """The paths of a sample with what stands there, to choose from."""
    found: list[tuple[str, str]] = []
    _collect(payload, "", found, most, 0)
    return found


def _collect(row: Any, path: str, found: list[tuple[str, str]], most: int, depth: int) -> None:
    if len(found) >= most or depth > 8:
        return
    if isinstance(row, dict):
        for name, value in row.items():
            _collect(value, f"{path}.{name}" if path else str(name), found, most, depth + 1)
    elif isinstance(row, list):
        if row:
            _collect(row[0], f"{path}[0]", found, most, depth + 1)
    else:
        found.append((path, words(row)[:80]))


def words(value: Any) -> str:
    """A value of JSON as words; a list or an object is none. No row can hold a NUL or half a character."""
    if value is None or isinstance(value, dict | list):
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)[:LONGEST].replace("\x00", "").encode("utf-8", "ignore").decode().strip()
