"""What is inside of a mail that was signed as one block (S/MIME «signed-data», RFC 8551, 3.5.2): readable by all.

Only looked into, as into an envelope: no signature is checked, and nothing follows from one. What is encrypted stays
the file that it is.
"""

TYPES = {"application/pkcs7-mime", "application/x-pkcs7-mime"}
_SIGNED = bytes.fromhex("2a864886f70d010702")
_DATA = bytes.fromhex("2a864886f70d010701")
_OID, _OCTETS, _OCTETS_IN_PIECES, _SEQUENCE, _EXPLICIT = 0x06, 0x04, 0x24, 0x30, 0xA0
_DEEPEST = 12
_MOST = 200_000


class _Torn(ValueError):
    """These bytes are no BER."""


def signed_content(raw: bytes) -> bytes:
    """The mail that was signed; empty when there is none to be read."""
    try:
        kind, wrapped = _typed(_only(raw, _SEQUENCE))
        if kind != _SIGNED:
            return b""
        for tag, inner in _elements(_only(wrapped, _SEQUENCE)):
            if tag == _SEQUENCE:  # behind the version and the set of digests
                kind, wrapped = _typed(inner)
                return _octets(wrapped) if kind == _DATA else b""
    except (_Torn, IndexError):
        pass
    return b""


def _typed(content: bytes) -> tuple[bytes, bytes]:
    """The OID that stands first, and what is in the [0] behind it."""
    found = _elements(content)
    if len(found) < 2 or found[0][0] != _OID or found[1][0] != _EXPLICIT:
        raise _Torn
    return found[0][1], found[1][1]


def _only(content: bytes, tag: int) -> bytes:
    found = _elements(content)
    if not found or found[0][0] != tag:
        raise _Torn
    return found[0][1]


def _octets(content: bytes) -> bytes:
    found = _elements(content)
    if found and found[0][0] == _OCTETS_IN_PIECES:
        return b"".join(inner for tag, inner in _elements(found[0][1]) if tag == _OCTETS)
    return found[0][1] if found and found[0][0] == _OCTETS else b""


def _elements(content: bytes) -> list[tuple[int, bytes]]:
    """The elements of ``content`` one behind the other, with what is in them."""
    found: list[tuple[int, bytes]] = []
    position = 0
    while position < len(content) and len(found) < _MOST:
        tag, start, end, position = _element(content, position, 0)
        if tag == 0:
            break
        found.append((tag, content[start:end]))
    return found


def _element(raw: bytes, position: int, depth: int) -> tuple[int, int, int, int]:
    """Tag, begin and end of what is inside, and where the next one begins. Lengths may be open (BER)."""
    tag, size = raw[position], raw[position + 1]
    if tag & 0x1F == 0x1F or depth > _DEEPEST:
        raise _Torn
    start = position + 2
    if size == 0x80:
        end = start
        while raw[end] or raw[end + 1]:
            end = _element(raw, end, depth + 1)[3]
        return tag, start, end, end + 2
    if size > 0x80:
        count = size & 0x7F
        size = int.from_bytes(raw[start : start + count], "big") if count <= 8 else len(raw) + 1
        start += count
    if start + size > len(raw):
        raise _Torn
    return tag, start, start + size, start + size
