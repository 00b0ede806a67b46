"""Header lines: finding them among nonsense, decoding their words, reading their parameters (RFC 2047, 2231, 6532)."""

import base64
import binascii
import re
from dataclasses import dataclass, field
from urllib.parse import unquote_to_bytes

from intake.mail.charsets import decode

MAX_BLOCK = 512 * 1024
MAX_FIELDS = 2000
MAX_VALUE = 100_000
_FIELD = re.compile(rb"([!-9;-~]+)[ \t]*:")
#: After a line of nonsense, only these show that the headers go on; anything else is the body's first line.
_WELL_KNOWN = re.compile(
    rb"(?:from|to|cc|date|subject|sender|reply-to|return-path|received|message-id|mime-version|in-reply-to|references"
    rb"|content-[a-z-]+|x-[a-z0-9-]+|list-[a-z-]+|dkim-signature|delivered-to|user-agent|precedence)[ \t]*:",
    re.IGNORECASE,
)
#: Language tags (RFC 2231, section 5) and stray blanks inside a word are tolerated, a missing end is too.
_WORD = re.compile(r"=\?\s*([\w.+:-]{1,60})(?:\*[\w-]{0,20})?\s*\?\s*([BbQq])\s*\?([^?]*(?:\?(?!=)[^?]*){0,40})\?=")
_ONLY_WORDS = re.compile(r"(?:=\?[\w.+:-]{1,60}\?[BbQq]\?[^?\s]{1,400}\?=\s{0,3}){1,50}")
_PARAM = re.compile(r";\s*([^\s=;\"]+)\s*=\s*(?:\"((?:[^\"\\]|\\.)*+)\"?|([^;]*+))", re.DOTALL)
_BLANK = re.compile(rb"\n\r?\n")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]+")
_TORN = re.compile(r"<[^<>\s]*+\s[^<>]*+>|<[^<>]*+$")
_MESSAGE_ID = re.compile(r"<\s*([^<>\s]{1,500})\s*>")


@dataclass
class Headers:
    """The fields of one block in their order; values are raw bytes, unfolded."""

    fields: list[tuple[str, bytes]] = field(default_factory=list)
    defects: list[str] = field(default_factory=list)

    def raw(self, name: str) -> bytes | None:
        """The first value of a field, None where there is none."""
        return next((value for key, value in self.fields if key == name), None)

    def all(self, name: str) -> list[str]:
        """Every value of a field, decoded."""
        return [decode_words(value) for key, value in self.fields if key == name][:100]

    def get(self, name: str) -> str:
        """The first value of a field, decoded; empty where there is none."""
        value = self.raw(name)
        return "" if value is None else decode_words(value)

    def has(self, name: str) -> bool:
        """Whether there is such a field, empty or not."""
        return self.raw(name) is not None


def split_headers(block: bytes, start: int = 0, length: int | None = None) -> tuple[Headers, int]:
    """The fields that stand in `block` from `start` on, and where the body begins."""
    headers = Headers()
    position = start
    length = len(block) if length is None else length
    current: list[bytes] = []
    name = ""
    while position < length:
        end = block.find(b"\n", position, length)
        stop = length if end < 0 else end + 1
        line = block[position:stop].rstrip(b"\r\n")
        if position - start > MAX_BLOCK or len(headers.fields) > MAX_FIELDS:
            headers.defects.append("too many headers")
            blank = _BLANK.search(block, position, length)
            position = blank.end() if blank else length
            break
        if line[:1] in (b" ", b"\t") and name and (line.strip() or _goes_on(block, stop)):
            current.append(line)
        elif not line.strip():
            position = stop
            break
        elif found := _FIELD.match(line):
            _keep(headers, name, current)
            name, current = found[1].decode("ascii").lower(), [line[found.end() :]]
        elif not _is_nonsense(block, line, stop, headers):
            break
        position = stop
    _keep(headers, name, current)
    return headers, position


def _keep(headers: Headers, name: str, lines: list[bytes]) -> None:
    if name:
        headers.fields.append((name, b"".join(lines)[:MAX_VALUE].strip().replace(b"\0", b"")))


def _goes_on(block: bytes, position: int) -> bool:
    """Whether a blank-looking line is a fold (RFC 5322, obsolete folding): the next one is a fold or a field."""
    following = block[position : position + 200].partition(b"\n")[0]
    return bool(following.strip()) and (following[:1] in (b" ", b"\t") or bool(_WELL_KNOWN.match(following)))


def _is_nonsense(block: bytes, line: bytes, position: int, headers: Headers) -> bool:
    """Whether a line that is no field is to be stepped over, because fields follow it."""
    if line.startswith((b"From ", b">From ")) and not headers.fields:
        return True  # the line that an mbox puts before each mail
    following = block[position : position + 200].partition(b"\n")[0]
    if _WELL_KNOWN.match(following):
        headers.defects.append("a header line was not understood")
        return True
    if headers.fields:
        headers.defects.append("no empty line after the headers")
    return False


def decode_words(value: bytes) -> str:
    """The text of an unstructured value: encoded words joined before they are decoded, raw bytes guessed.

    A program that encodes what was encoded already leaves nothing but encoded words; those are decoded once more.
    """
    once = _decode_words(value)
    return _decode_words(once.encode()) if _ONLY_WORDS.fullmatch(once) and b"=?" in value else once


def _decode_words(value: bytes) -> str:
    text = value.decode("ascii") if value.isascii() else decode(value)[0]
    if "=?" not in text:
        return _CONTROL.sub(" ", text).strip()
    pieces: list[str] = []
    pending = b""
    charset = ""
    last = 0
    for found in _WORD.finditer(text):
        between = text[last : found.start()]
        label = found[1].lower()
        if pending and (between.strip() or label != charset):
            pieces.append(decode(pending, charset)[0])
            pending = b""
            if between.strip():
                pieces.append(between)
        elif not pending and (between.strip() or not pieces):
            pieces.append(between)
        charset = label
        # Two writers in one: a character may be cut between two words, which only the joined bytes show.
        pending += _word_bytes(found[2], found[3])
        last = found.end()
    if pending:
        pieces.append(decode(pending, charset)[0])
    pieces.append(text[last:])
    return _CONTROL.sub(" ", "".join(pieces)).strip()


def _word_bytes(encoding: str, content: str) -> bytes:
    if encoding in "Bb":
        return loose_base64(content.encode("ascii", "ignore"))
    raw = content.encode("utf-8", "ignore").replace(b"_", b" ")
    return re.sub(rb"=([0-9A-Fa-f]{2})", lambda found: bytes([int(found[1], 16)]), raw)


def loose_base64(raw: bytes) -> bytes:
    """Base64 with its padding missing, in the middle, or foreign characters in between."""
    try:
        return binascii.a2b_base64(raw)
    except binascii.Error:
        pass
    kept = bytearray()
    for piece in re.split(rb"=+", re.sub(rb"[^A-Za-z0-9+/=]+", b"", raw), maxsplit=2000):
        whole = piece[: len(piece) - 1] if len(piece) % 4 == 1 else piece
        kept += base64.b64decode(whole + b"=" * (-len(whole) % 4))
    return bytes(kept)


def main_value(value: str) -> str:
    """What stands before the parameters, in lower case."""
    return value.partition(";")[0].strip().lower()


def parameters(raw: bytes | None) -> dict[str, str]:
    """The parameters of a structured value, with continuations and character sets of RFC 2231 put together."""
    if not raw:
        return {}
    text = raw.decode("ascii") if raw.isascii() else decode(raw)[0]
    plain: dict[str, str] = {}
    pieces: dict[str, list[tuple[int, bool, str]]] = {}
    for found in list(_PARAM.finditer(";" + text.partition(";")[2]))[:200]:
        name = found[1].lower()
        value = re.sub(r"\\(.)", r"\1", found[2]) if found[2] is not None else (found[3] or "").strip()
        base, star, rest = name.partition("*")
        if not star:
            plain.setdefault(base, decode_words(value.encode("utf-8", "replace")) if "=?" in value else value)
            continue
        number = rest.rstrip("*")
        pieces.setdefault(base, []).append(
            (int(number) if number.isdigit() and len(number) < 6 else 0, name.endswith("*"), value)
        )
    for base, parts in pieces.items():
        plain[base] = _joined(sorted(parts, key=lambda part: part[0]))
    return plain


def _joined(parts: list[tuple[int, bool, str]]) -> str:
    charset = ""
    raw = b""
    for index, (_number, encoded, value) in enumerate(parts):
        if encoded:
            if index == 0 and value.count("'") >= 2:
                charset, _language, value = value.split("'", 2)
            raw += unquote_to_bytes(value)
        else:
            raw += value.encode("utf-8", "replace")
    text = decode(raw, charset)[0]
    return decode_words(text.encode("utf-8", "replace")) if "=?" in text else text


def message_ids(values: list[str]) -> tuple[str, ...]:
    """The identifiers of Message-ID, In-Reply-To and References, without their brackets, each once."""
    found: dict[str, None] = {}
    if len(values) > 1:
        # There may be one such field (RFC 5322, 3.6.4); of several, the torn ones are somebody's accident.
        values = [value for value in values if not _TORN.search(value)] or values
    for value in values:
        matches = _MESSAGE_ID.findall(value[:MAX_VALUE])
        if not matches and "<" not in value:
            # Some programs leave the brackets out; words without an @ are no identifier.
            matches = [word.strip(",;") for word in value.split() if "@" in word[1:-1]]
        for match in matches[:1000]:
            found.setdefault(match[:500])
    return tuple(list(found)[-1000:])
