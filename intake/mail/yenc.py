"""Files that were put into the text itself by yEnc: bytes moved by 42, as news readers and some mail programs do."""

import re
import zlib
from dataclasses import dataclass

_BEGIN = re.compile(
    rb"^=ybegin (?:part=\d{1,6} )?(?:total=\d{1,6} )?line=\d{1,6} size=\d{1,12} name=([^\r\n]{1,250})\r?\n"
    rb"(?:=ypart [^\r\n]{0,100}\r?\n)?",
    re.MULTILINE,
)
_END = re.compile(rb"^=yend size=(\d{1,12})([^\r\n]{0,100})\r?\n?", re.MULTILINE)
_CHECKSUM = re.compile(rb"\bp?crc32=([0-9a-fA-F]{8})\b")
_ESCAPED = re.compile(rb"=(.)", re.DOTALL)
_BACK = bytes((byte - 42) % 256 for byte in range(256))
_MAX_FILES = 100


@dataclass(frozen=True)
class YencFile:
    """One file with the name that stands on its first line."""

    name: bytes
    content: bytes


def extract(raw: bytes) -> tuple[bytes, list[YencFile]]:
    """The bytes of a text without its files, and the files. What is not whole stays in the text."""
    files: list[YencFile] = []
    kept: list[bytes] = []
    position = 0
    while len(files) < _MAX_FILES and (begin := _BEGIN.search(raw, position)):
        end = _END.search(raw, begin.end())
        if not end:
            break
        content = _content(raw[begin.end() : end.start()], end)
        if content is None:
            kept.append(raw[position : end.end()])
        else:
            kept.append(raw[position : begin.start()])
            files.append(YencFile(begin[1].strip(), content))
        position = end.end()
    return (b"".join([*kept, raw[position:]]), files) if kept else (raw, [])


def _content(lines: bytes, end: re.Match[bytes]) -> bytes | None:
    joined = lines.replace(b"\r", b"").replace(b"\n", b"")
    content = _ESCAPED.sub(lambda found: bytes([(found[1][0] - 64) % 256]), joined).translate(_BACK)
    checksum = _CHECKSUM.search(end[2])
    whole = len(content) == int(end[1]) and (not checksum or zlib.crc32(content) == int(checksum[1], 16))
    return content if whole else None
