"""Microsoft's winmail.dat (MS-OXTNEF): its attachments and its body, read within bounds.

A stream is a row of attributes, and some of them hold a row of MAPI properties. Every length is checked against what
is there before anything is cut out; the first one that does not fit ends the reading, and what was found until then
counts.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field

from intake.mail.charsets import decode
from intake.mail.rtf import decompress, rtf_text

SIGNATURE = b"\x78\x9f\x3e\x22"
MAX_ATTACHMENTS = 200
_MAX_PROPERTIES = 5000
_MAX_DEPTH = 3

_BODY, _MESSAGE_PROPS, _CODEPAGE = 0x0002800C, 0x00069003, 0x00069007
_TITLE, _DATA, _RENDERING, _ATTACHMENT_PROPS = 0x00018010, 0x0006800F, 0x00069002, 0x00069005

_P_BODY, _P_RTF, _P_HTML = 0x1000, 0x1009, 0x1013
_P_DATA, _P_NAME, _P_LONG_NAME, _P_MIME, _P_CID, _P_DISPLAY = 0x3701, 0x3704, 0x3707, 0x370E, 0x3712, 0x3001
_FIXED = {2: 4, 3: 4, 4: 4, 5: 8, 6: 8, 7: 8, 10: 4, 11: 4, 20: 8, 64: 8, 72: 16}
_STRING, _UNICODE, _OBJECT, _BINARY = 30, 31, 13, 258


@dataclass
class Attachment:
    """One file of the stream."""

    name: str = ""
    type: str = ""
    content_id: str = ""
    content: bytes = b""


@dataclass
class Contents:
    """What a stream holds."""

    text: str = ""
    html: str = ""
    attachments: list[Attachment] = field(default_factory=list)
    error: str = ""


def read(data: bytes, depth: int = 0) -> Contents:
    """Everything that is readable; `error` says that there was more."""
    found = Contents()
    if data[:4] != SIGNATURE:
        found.error = "no TNEF"
        return found
    codepage = "cp1252"
    rtf = b""
    try:
        for kind, value in _attributes(data):
            if kind == _CODEPAGE and len(value) >= 4:
                codepage = f"cp{struct.unpack_from('<I', value)[0]}"
            elif kind == _BODY:
                found.text = found.text or _string(value, codepage)
            elif kind == _MESSAGE_PROPS:
                rtf = _read_message(value, found, codepage) or rtf
            elif kind == _RENDERING and len(found.attachments) < MAX_ATTACHMENTS:
                found.attachments.append(Attachment())
            elif kind in (_TITLE, _DATA, _ATTACHMENT_PROPS):
                _read_attachment(kind, value, found, codepage, depth)
    except (struct.error, ValueError, IndexError) as error:
        found.error = f"TNEF: {error}"
    if rtf and not found.text.strip() and not found.html:
        found.text = rtf_text(decompress(rtf))
    found.attachments = [one for one in found.attachments if one.content]
    return found


def _attributes(data: bytes) -> Iterator[tuple[int, bytes]]:
    position = 6
    while position + 9 <= len(data):
        kind, length = struct.unpack_from("<II", data, position + 1)
        start = position + 9
        if start + length > len(data):
            # The last one, cut off on its way: half a file is better than none.
            yield kind, data[start:]
            raise ValueError("an attribute is longer than the file")
        yield kind, data[start : start + length]
        position = start + length + 2


def _read_message(value: bytes, found: Contents, codepage: str) -> bytes:
    """Take the body out of the message's properties; hand back its compressed RTF, if there is."""
    rtf = b""
    for name, kind, content in _properties(value):
        if name == _P_BODY and not found.text:
            found.text = _typed_string(kind, content, codepage)
        elif name == _P_HTML and not found.html:
            found.html = _typed_string(kind, content, codepage) if kind != _BINARY else decode(content, codepage)[0]
        elif name == _P_RTF:
            rtf = content
    return rtf


def _read_attachment(kind: int, value: bytes, found: Contents, codepage: str, depth: int) -> None:
    if not found.attachments:
        found.attachments.append(Attachment())
    one = found.attachments[-1]
    if kind == _TITLE:
        one.name = one.name or _string(value, codepage)
    elif kind == _DATA:
        one.content = value
    else:
        _read_properties(value, one, found, codepage, depth)


def _read_properties(value: bytes, one: Attachment, found: Contents, codepage: str, depth: int) -> None:
    short = shown = ""
    for name, kind, content in _properties(value):
        if name == _P_LONG_NAME:
            one.name = _typed_string(kind, content, codepage) or one.name
        elif name == _P_NAME:
            short = _typed_string(kind, content, codepage)
        elif name == _P_DISPLAY:
            shown = _typed_string(kind, content, codepage)
        elif name == _P_MIME:
            one.type = _typed_string(kind, content, codepage)
        elif name == _P_CID:
            one.content_id = _typed_string(kind, content, codepage)
        elif name == _P_DATA:
            # An object begins with the 16 bytes of its interface.
            inner = content[16:] if kind == _OBJECT else content
            if inner[:4] == SIGNATURE and depth < _MAX_DEPTH:
                nested = read(inner, depth + 1)
                body = nested.html or nested.text
                room = max(0, MAX_ATTACHMENTS - len(found.attachments))
                found.attachments[-1:-1] = nested.attachments[:room]
                one.content = body.encode() or one.content
                one.type = "text/html" if nested.html else "text/plain"
            elif kind == _BINARY and not one.content:
                one.content = inner
    one.name = one.name or short or shown


def _properties(data: bytes) -> Iterator[tuple[int, int, bytes]]:
    """Each property's number, type and value; of several values the first."""
    count = struct.unpack_from("<I", data)[0]
    position = 4
    for _ in range(min(count, _MAX_PROPERTIES)):
        kind, name = struct.unpack_from("<HH", data, position)
        position += 4
        if name & 0x8000:
            position = _skip_name(data, position)
        many = kind & 0x1000
        kind &= 0x0FFF
        size = _FIXED.get(kind)
        values, first = 1, b""
        if many or size is None:
            values = struct.unpack_from("<I", data, position)[0]
            position += 4
        if values > _MAX_PROPERTIES:
            raise ValueError("too many values")
        for index in range(values):
            if size is None:
                length = struct.unpack_from("<I", data, position)[0]
                position += 4
            else:
                length = size
            if length > len(data) - position:
                raise ValueError("a property is longer than its attribute")
            if index == 0:
                first = data[position : position + length]
            position += length + (-length % 4)
        yield name, kind, first


def _skip_name(data: bytes, position: int) -> int:
    position += 16
    by_name = struct.unpack_from("<I", data, position)[0]
    if not by_name:
        return position + 8
    length = struct.unpack_from("<I", data, position + 4)[0]
    return position + 8 + length + (-length % 4)


def _string(value: bytes, codepage: str) -> str:
    return decode(value.rstrip(b"\0"), codepage)[0]


def _typed_string(kind: int, value: bytes, codepage: str) -> str:
    if kind == _UNICODE:
        return value.decode("utf-16-le", "replace").rstrip("\0")
    return _string(value, codepage) if kind == _STRING else ""
