"""Text files and logs by pages of lines: one pass over the bytes, in memory that does not grow with the file.

A line has its number, how bad it is, and whether it is what is sought. Archives (.gz) are read as they unpack, up to
`MOST_BYTES` and `MOST_LINES`, so that a small file that unpacks to a huge one, or to nothing but ends of lines, costs
seconds at most, never the server.
"""

import gzip
import re
import unicodedata
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import BinaryIO

PAGE = 400
MOST_BYTES = 128 * 1024 * 1024
#: More than a log of `MOST_BYTES` has.
MOST_LINES = 2_000_000
#: Of one line; what stands behind is cut off and said to be.
LONGEST = 4000
_CHUNK = 256 * 1024
_SAMPLE = 64 * 1024

_LEVEL = re.compile(
    rb"\b(?:(trace|debug|info|notice)|(warn(?:ing)?)|(err(?:or)?|fatal|severe|critical|panic|emerg))\b", re.IGNORECASE
)
#: A level stands near the beginning of its line; further on it is a word of the text.
_LEVEL_WITHIN = 160
_WORDS = {"error": ("错误", "严重", "异常"), "warning": ("警告",)}
_CHINESE = {
    level: re.compile(b"|".join(re.escape(word.encode(code)) for word in words for code in ("utf-8", "gb18030")))
    for level, words in _WORDS.items()
}
_THROWN = re.compile(rb"\w(?:Exception|Error)\b|^Traceback \(most recent call last\)|^Exception\b")
_ESCAPES = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]")
_OF_A_TRACE = re.compile(rb"[ \t]+\S|Caused by:")


@dataclass(frozen=True)
class Line:
    """One line; ``level`` is error, warning, trace (what belongs to the error above it) or empty.

    Its text comes in ``pieces``, of which those with True are what is sought.
    """

    number: int
    pieces: list[tuple[str, bool]]
    level: str
    is_cut: bool

    @property
    def text(self) -> str:
        return "".join(piece for piece, _sought in self.pieces)


@dataclass
class Sheet:
    """One page of a file, and what was counted in the whole of it."""

    lines: list[Line] = field(default_factory=list)
    total: int = 0
    errors: int = 0
    warnings: int = 0
    hits: int = 0
    hit: int = 0
    """The number of the line that is found at present, 0 for none."""
    nth: int = 0
    """Which of the `hits` that is."""
    before: int = 0
    """The line by which the page before is reached, 0 when this is the first; `after` likewise."""
    after: int = 0
    previous_hit: int = 0
    next_hit: int = 0
    is_text: bool = True
    is_whole: bool = True
    """Whether the file was read to its end."""


@dataclass(frozen=True)
class Wish:
    """What is to be seen: the page with the line ``at``, or else with the first line that has ``sought`` in it."""

    at: int = 0
    sought: str = ""
    only_errors: bool = False


def read_sheet(file: BinaryIO, *, wish: Wish, packed: bool = False) -> Sheet:
    """The page of ``file`` that ``wish`` asks for; ``packed``: it is a .gz."""
    return _Reader(wish).read(gzip.GzipFile(fileobj=file) if packed else file)


class _Reader:
    """The state of one pass."""

    def __init__(self, wish: Wish) -> None:
        self.wish = wish
        self.sheet = Sheet()
        self.sought = _pattern(wish.sought)
        self.codes = _codes(b"")
        self.page: list[tuple[int, bytes, str, bool]] = []
        self.is_found = not (wish.at or wish.sought)  # what is wished is on `page`
        self.follows_error = False

    def read(self, file: BinaryIO | gzip.GzipFile) -> Sheet:
        sheet = self.sheet
        try:
            for raw in self._raw_lines(file):
                if sheet.total == MOST_LINES:
                    sheet.is_whole = False
                    break
                sheet.total += 1
                self._take(sheet.total, raw)
        except (EOFError, gzip.BadGzipFile, zlib.error):
            sheet.is_whole = False  # the archive is damaged from here on
        if not sheet.hit and not self.wish.sought:
            sheet.hit = min(self.wish.at, sheet.total)
        if self.is_found or not self.wish.sought:
            sheet.lines = [self._line(*row) for row in self.page]
        return sheet

    def _raw_lines(self, file: BinaryIO | gzip.GzipFile) -> Iterator[bytes]:
        rest, left = b"", MOST_BYTES
        while chunk := file.read(min(_CHUNK, left)):
            if left == MOST_BYTES:
                self.codes = _codes(chunk[:_SAMPLE])
                self.sheet.is_text = b"\x00" not in chunk
                if not self.sheet.is_text:
                    return
            left -= len(chunk)
            *whole, rest = (rest + chunk).split(b"\n")
            yield from whole
            rest = rest[: LONGEST + 1]  # one byte more says that there was more
        if rest:
            yield rest
        self.sheet.is_whole = bool(left) or not file.read(1)

    def _take(self, number: int, raw: bytes) -> None:
        level = self._level(raw)
        if self.wish.only_errors and level not in ("error", "trace"):
            return
        is_hit = self.sought is not None and self.sought.search(raw) is not None
        if is_hit:
            self._count_hit(number)
        if not self.sheet.after:
            self._place((number, raw, level, is_hit))

    def _level(self, raw: bytes) -> str:
        if self.follows_error and _OF_A_TRACE.match(raw):
            return "trace"
        level = level_of(raw)
        self.follows_error = level == "error"
        self.sheet.errors += level == "error"
        self.sheet.warnings += level == "warning"
        return level

    def _count_hit(self, number: int) -> None:
        sheet = self.sheet
        sheet.hits += 1
        if number < self.wish.at:
            sheet.previous_hit = number
        elif not sheet.hit and number >= self.wish.at:
            sheet.hit, sheet.nth = number, sheet.hits
        elif not sheet.next_hit:
            sheet.next_hit = number

    def _place(self, row: tuple[int, bytes, str, bool]) -> None:
        sheet, number = self.sheet, row[0]
        if len(self.page) == PAGE:
            if self.is_found:
                sheet.after = number
                return
            sheet.before = self.page[-1][0]
            self.page = []
        self.page.append(row)
        self.is_found = self.is_found or (number >= self.wish.at if self.wish.at else row[3])

    def _line(self, number: int, raw: bytes, level: str, is_hit: bool) -> Line:
        text = self._text(raw[:LONGEST])
        pieces = _pieces(text, self.wish.sought) if is_hit else [(text, False)]
        return Line(number, pieces, level, len(raw) > LONGEST)

    def _text(self, raw: bytes) -> str:
        for code in self.codes:
            try:
                return _visible(raw.decode(code))
            except UnicodeDecodeError:
                continue
        return _visible(raw.decode(self.codes[0], errors="replace"))


def level_of(raw: bytes) -> str:
    """How bad the line ``raw`` is: error, warning, or empty. What it calls itself counts before what it speaks of."""
    small = raw.lower()
    if _may_tell(small):
        if _THROWN.search(raw):
            return "error"
        if found := _LEVEL.search(raw[:_LEVEL_WITHIN]):
            return "" if found[1] else "warning" if found[2] else "error"
    if raw.isascii():
        return ""
    return next((level for level, words in _CHINESE.items() if words.search(raw[:_LEVEL_WITHIN])), "")


def _may_tell(small: bytes) -> bool:
    """Most lines are harmless; pieces of words tell it many times quicker than patterns, written out quicker still."""
    return (
        b"err" in small
        or b"warn" in small
        or b"exception" in small
        or b"fatal" in small
        or b"traceback" in small
        or b"severe" in small
        or b"critical" in small
        or b"panic" in small
        or b"emerg" in small
    )


def _codes(sample: bytes) -> tuple[str, str]:
    """The encodings to try, the likelier first: some GBK words are good UTF-8 by accident, so lines alone mislead."""
    try:
        # A character may be cut in half at the end of the sample.
        sample[: sample.rfind(b"\n") + 1 or len(sample)].decode("utf-8")
    except UnicodeDecodeError:
        return "gb18030", "utf-8"
    return "utf-8", "gb18030"


def _pattern(sought: str) -> re.Pattern[bytes] | None:
    if not sought:
        return None
    spelled = dict.fromkeys(sought.encode(code, errors="ignore") for code in ("utf-8", "gb18030"))
    return re.compile(b"|".join(re.escape(one) for one in spelled if one) or b"(?!)", re.IGNORECASE)


def _pieces(text: str, sought: str) -> list[tuple[str, bool]]:
    parts = re.split(f"({re.escape(sought)})", text, flags=re.IGNORECASE)
    return [(part, bool(at % 2)) for at, part in enumerate(parts) if part]


def _visible(text: str) -> str:
    """Without the end of the line, colours of terminals, and characters that steer or hide what is shown."""
    plain = _ESCAPES.sub("", text.rstrip("\r"))
    return "".join(ch if ch == "\t" or unicodedata.category(ch) not in ("Cc", "Cf") else "\ufffd" for ch in plain)
