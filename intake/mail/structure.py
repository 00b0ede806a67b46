"""The tree of a mail's parts, found in one walk over the bytes.

The standard library's reader recurses for each level and looks at each line in Python; a mail made for it takes
minutes. Here a part is a range of the one buffer, boundaries are found by one regular expression for each level, and
levels and parts are counted. What lies deeper or beyond is kept as one part: nothing is lost, it is only not taken
apart.
"""

import binascii
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice

from intake.mail.headers import Headers, loose_base64, main_value, parameters, split_headers

MAX_DEPTH = 25
MAX_PARTS = 1000
_MAX_BOUNDARY = 250  # RFC 2046 allows 70
_LOOK_AHEAD = 20_000
_TYPE = re.compile(r"[a-z0-9!#$&^_.+-]+/[a-z0-9!#$&^_.+-]+")
#: A line that may be a boundary which nobody named: two hyphens, then no blank.
_ANY_BOUNDARY = re.compile(
    rb"(?:^|\n)--([^\s-][^\r\n]{0,98}|-{0,60}[^\s-][^\r\n]{0,60})\r?\n[Cc]ontent-[A-Za-z-]{1,30}:"
)
_NOT_BASE64 = re.compile(rb"[^A-Za-z0-9+/=\s]")
_UU_BEGIN = re.compile(rb"^begin [0-7]{3,4} ", re.MULTILINE)


@dataclass
class Node:
    """One part: its headers, and where its body stands in the whole mail."""

    raw: bytes
    headers: Headers
    start: int
    end: int
    type: str = "text/plain"
    depth: int = 0
    parent: str = ""
    params: dict[str, str] = field(default_factory=dict)
    disposition: str = ""
    name: str = ""
    children: list["Node"] = field(default_factory=list)
    defects: list[str] = field(default_factory=list)

    @property
    def body(self) -> bytes:
        """The body as it was sent."""
        return self.raw[self.start : self.end]

    def content(self) -> bytes:
        """The body without its transfer encoding."""
        encoding = main_value(self.headers.get("content-transfer-encoding")).strip("\"' ")
        body = self.body
        if encoding == "base64":
            return self._base64(body)
        if encoding == "quoted-printable":
            return binascii.a2b_qp(body)
        if encoding in ("x-uuencode", "uuencode", "x-uue", "uue"):
            return decode_uu(body)
        return body

    def _base64(self, body: bytes) -> bytes:
        end = body.find(b"=")
        tail = body[end:].strip(b"= \t\r\n") if end >= 0 else b""
        if not _NOT_BASE64.search(body):
            return loose_base64(body) if tail else _padded(body)
        if tail and not _NOT_BASE64.search(body, 0, end):
            self.defects.append("text behind the end of base64")
            return _padded(body[:end])
        foreign = len(_NOT_BASE64.findall(body))
        self.defects.append("bad base64")
        # Plain text under the label base64 happens; a few foreign characters in real base64 do too.
        return body if foreign * 20 > len(body) else loose_base64(body)


def _padded(body: bytes) -> bytes:
    try:
        return binascii.a2b_base64(body)
    except binascii.Error:
        return loose_base64(body)


def decode_uu(body: bytes) -> bytes:
    """The content of the first uuencoded block; the body itself where there is none."""
    begin = _UU_BEGIN.search(body)
    if not begin:
        return body
    lines = body[begin.start() :].splitlines()[1:]
    return b"".join(uu_line(line) for line in lines[: _end_of_uu(lines)])


def _end_of_uu(lines: list[bytes]) -> int:
    return next((index for index, line in enumerate(lines) if line.strip() in (b"end", b"`", b"")), len(lines))


def uu_line(line: bytes) -> bytes:
    """One line of uuencode; wrong lengths, which some encoders write, are forgiven."""
    try:
        return binascii.a2b_uu(line)
    except binascii.Error:
        size = (((line[0] - 32) & 63) * 4 + 5) // 3 if line else 0
        try:
            return binascii.a2b_uu(line[:size])
        except binascii.Error:
            return b""


def read(raw: bytes, *, depth: int = 0) -> Node:
    """The root of the tree. Works without recursion: parts to look into wait in a list.

    ``depth`` is how deep ``raw`` itself lies in another mail.
    """
    root = _node(raw, 0, len(raw), depth=depth, parent="")
    waiting = [root]
    count = 1
    while waiting:
        node = waiting.pop()
        if not node.type.startswith("multipart/"):
            continue
        if node.depth >= MAX_DEPTH or count >= MAX_PARTS:
            root.defects.append("nested too deeply" if node.depth >= MAX_DEPTH else "too many parts")
            node.type = "application/octet-stream"
            continue
        _split(node, MAX_PARTS - count)
        count += len(node.children)
        if count >= MAX_PARTS:
            root.defects.append("too many parts")
        waiting.extend(reversed(node.children))
    return root


def walk(node: Node) -> Iterator[Node]:
    """Every part in the order of the mail."""
    waiting = [node]
    while waiting:
        current = waiting.pop()
        yield current
        waiting.extend(reversed(current.children))


def _node(raw: bytes, start: int, end: int, *, depth: int, parent: str) -> Node:
    headers, body = split_headers(raw, start, end)
    node = Node(raw, headers, body, end, depth=depth, parent=parent, defects=list(headers.defects))
    default = "message/rfc822" if parent == "multipart/digest" else "text/plain"
    value = headers.raw("content-type")
    node.params = parameters(value)
    node.type = main_value(headers.get("content-type")).strip("\"' ").replace(" ", "") or default
    if not _TYPE.fullmatch(node.type):
        # «text» alone is what the first mailers wrote; anything else unreadable is kept as text too (RFC 2045, 5.2).
        found = _TYPE.match(node.type)
        node.type = found[0] if found else "text/plain"
        if value and not found:
            node.defects.append("bad Content-Type")
    dispositions = headers.raw("content-disposition")
    node.disposition = main_value(headers.get("content-disposition")).strip("\"' ")
    node.name = parameters(dispositions).get("filename") or node.params.get("name") or ""
    return node


def _split(node: Node, room: int) -> None:
    boundary = node.params.get("boundary", "").encode("utf-8", "surrogateescape")[:_MAX_BOUNDARY].rstrip()
    marks = _marks(node, boundary, room) if boundary else []
    if not marks:
        found = _ANY_BOUNDARY.search(node.raw, max(0, node.start - 1), min(node.end, node.start + _LOOK_AHEAD))
        if found:
            node.defects.append("boundary missing or wrong")
            marks = _marks(node, found[1].rstrip(), room)
    if not marks:
        node.defects.append("multipart without parts")
        node.type = "text/plain"
        node.params = {}
        return
    for index, (_begin, begin_body, closing) in enumerate(marks):
        if closing:
            break
        end = marks[index + 1][0] if index + 1 < len(marks) else node.end
        if end > begin_body:
            node.children.append(_node(node.raw, begin_body, end, depth=node.depth + 1, parent=node.type))
    if not marks[-1][2]:
        node.defects.append("no closing boundary")


def _marks(node: Node, boundary: bytes, room: int) -> list[tuple[int, int, bool]]:
    """Where boundary lines begin (the line break before is theirs), where they end, and whether they close."""
    line = re.compile(rb"\r?\n--" + re.escape(boundary) + rb"(--)?[ \t]*(?:\r?\n|\Z)")
    first = re.compile(rb"--" + re.escape(boundary) + rb"(--)?[ \t]*(?:\r?\n|\Z)").match(node.raw, node.start, node.end)
    marks = [(node.start, _after(first.end(), node), bool(first[1]))] if first else []
    # A boundary's line ends with the break that the next one begins with: look again from one byte before.
    position = max(node.start, first.end() - 1) if first else node.start
    found = line.search(node.raw, position, node.end)
    for _ in islice(iter(int, 1), room):
        if not found:
            break
        marks.append((found.start(), _after(found.end(), node), bool(found[1])))
        if found[1]:
            break
        found = line.search(node.raw, found.end() - 1, node.end)
    return marks


def _after(position: int, node: Node) -> int:
    return min(position, node.end)
