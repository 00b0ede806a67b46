"""Files that were put into the text itself: uuencode."""

import re
from dataclasses import dataclass

from intake.mail.structure import uu_line

_BEGIN = re.compile(r"begin [0-7]{3,4} +(\S.{0,200})")
_MAX_FILES = 100


@dataclass(frozen=True)
class UuFile:
    """One file with the name that stands on its first line."""

    name: str
    content: bytes


def extract(text: str) -> tuple[str, list[UuFile]]:
    """The text without its uuencoded files, and the files."""
    if "begin " not in text:
        return text, []
    lines = text.split("\n")
    kept: list[str] = []
    files: list[UuFile] = []
    index = 0
    while index < len(lines):
        begin = _BEGIN.fullmatch(lines[index].strip()) if len(files) < _MAX_FILES else None
        end = _end(lines, index + 1) if begin else 0
        if begin and end:
            content = b"".join(
                uu_line(line.rstrip("\r").encode("latin-1", "replace")) for line in lines[index + 1 : end]
            )
            files.append(UuFile(begin[1].strip(), content))
            index = end + 1
            continue
        kept.append(lines[index])
        index += 1
    return "\n".join(kept), files


def _end(lines: list[str], start: int) -> int:
    """The line that ends the block, 0 where these lines are none: each tells its own length in its first sign."""
    for index in range(start, len(lines)):
        line = lines[index].rstrip("\r")
        if line.strip() == "end":
            return index if index > start else 0
        if line.strip() in ("", "`"):
            continue
        size = (ord(line[0]) - 32) & 63
        if not line.isascii() or len(line) > 100 or len(line.rstrip()) > ((size + 2) // 3) * 4 + 5:
            return 0
    return 0
