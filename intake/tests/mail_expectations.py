"""What the sources of the shared mails expect, compared with what we read."""

import hashlib
import json
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from intake.mail.parsing import ParsedMail, parse

#: Fields of the expectations that say nothing about what we hand out.
_BESIDE = {"note", "content_type", "mime_top_level_parts"}


@dataclass
class Tally:
    """Expectations met and all of them, by source; and those not met, as (mail, field)."""

    met: Counter[str] = field(default_factory=Counter)
    all: Counter[str] = field(default_factory=Counter)
    missed: set[tuple[str, str]] = field(default_factory=set)


def mails(folder: Path) -> Iterator[tuple[str, bytes, dict[str, Any]]]:
    """Name, bytes and expectations of every mail of a folder."""
    for path in sorted(folder.glob("*.eml")):
        beside = path.with_suffix(".json")
        expected = json.loads(beside.read_text(encoding="utf-8")).get("expected") if beside.exists() else None
        yield path.stem, path.read_bytes(), expected or {}


def tally(folder: Path) -> Tally:
    """Hold every mail of a folder against its expectations."""
    result = Tally()
    for name, raw, expected in mails(folder):
        if not expected:
            continue
        mail = parse(raw)
        source = name.partition("__")[0]
        for key, value in expected.items():
            if key in _BESIDE:
                continue
            result.all[source] += 1
            if meets(mail, key, value):
                result.met[source] += 1
            else:
                result.missed.add((name, key))
    return result


def meets(mail: ParsedMail, key: str, value: Any) -> bool:
    """Whether one expectation is met. A field that nobody knows is an error of the test."""
    return {
        "is_bounce": lambda: mail.is_bounce == value,
        "is_delivery_status": lambda: mail.is_bounce == value,
        "failed_recipients_permanent": lambda: _same(mail.bounce.permanent if mail.bounce else (), value),
        "failed_recipients_temporary": lambda: _same(mail.bounce.temporary if mail.bounce else (), value),
        "bounce_reason": lambda: mail.bounce is not None and mail.bounce.reason == value,
        "smtp_code": lambda: mail.bounce is not None and mail.bounce.smtp_code == value,
        "dsn_action": lambda: mail.bounce is not None and mail.bounce.action == value,
        "from": lambda: mail.sender == value,
        "from_name": lambda: mail.sender_name == value,
        "from_header": lambda: _words(mail.from_shown) == _words(value),
        "to": lambda: list(mail.to) == value,
        "to_header": lambda: _words(", ".join(mail.to_shown)) == _words(value),
        "has_cc": lambda: bool(mail.cc) == value,
        "subject": lambda: mail.subject == value,
        "subject_contains": lambda: value in (mail.subject or ""),
        "in_reply_to": lambda: list(mail.in_reply_to) == value,
        "references": lambda: list(mail.references) == value,
        "body_contains": lambda: all(_words(one) in _words(mail.text) for one in value),
        "body_exact_in_source": lambda: _words(mail.text) == _words(value),
        "reply_text": lambda: _words(mail.reply_text) == _words(value),
        "attachment_count": lambda: len(mail.attachments) == value,
        "attachment_names_include": lambda: set(value) <= {part.name for part in mail.attachments},
        "attachment_sha256": lambda: (
            set(value) <= {hashlib.sha256(one.content).hexdigest() for one in mail.attachments}
        ),
        "attachments": lambda: all(_attached(mail, one) for one in value),
        "attachments_nested_subject": lambda: value in [parse(part.content).subject for part in mail.attachments],
        "mime_parts": lambda: all(_part(mail, one) for one in value if one.get("filename")),
        "must_be_rejected": lambda: "no sender" in mail.error,
    }[key]()


def _words(text: str) -> str:
    return re.sub(r"\s+", " ", text).strip()


def _same(ours: tuple[str, ...], theirs: list[str]) -> bool:
    return sorted(one.lower() for one in ours) == sorted(one.lower() for one in theirs)


def _attached(mail: ParsedMail, wanted: dict[str, Any]) -> bool:
    return any(all(getattr(part, key) == wanted[key] for key in wanted) for part in mail.attachments)


def _part(mail: ParsedMail, wanted: dict[str, Any]) -> bool:
    """A named part; of a path only the last piece is a name."""
    name = wanted["filename"].rpartition("/")[2]
    return any(part.name == name and wanted.get("size", part.size) == part.size for part in mail.attachments)
