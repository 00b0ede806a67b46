"""The rich text of Exchange: unpacking it (MS-OXRTFCP) and its plain words (MS-OXRTFEX), within bounds."""

import re
import struct

from intake.mail.charsets import decode

MAX_SIZE = 8 * 1024 * 1024
_PREFIX = (
    b"{\\rtf1\\ansi\\mac\\deff0\\deftab720{\\fonttbl;}{\\f0\\fnil \\froman \\fswiss \\fmodern \\fscript "
    b"\\fdecor MS Sans SerifSymbolArialTimes New RomanCourier{\\colortbl\\red0\\green0\\blue0\r\n\\par "
    b"\\pard\\plain\\f0\\fs20\\b\\i\\u\\tab\\tx"
)
_TOKEN = re.compile(
    rb"\\'([0-9a-fA-F]{2})|\\([a-zA-Z]{1,32})(-?\d{1,10})? ?|\\([^a-zA-Z])|([{}])|([^\\{}\r\n]+)|[\r\n]+|(.)", re.DOTALL
)
#: Groups whose content nobody reads.
_SILENT = {
    b"fonttbl",
    b"colortbl",
    b"stylesheet",
    b"info",
    b"pict",
    b"object",
    b"themedata",
    b"header",
    b"footer",
    b"listtable",
}
_SIGNS = {b"par": "\n", b"line": "\n", b"tab": "\t", b"cell": " | ", b"row": "\n", b"lquote": "‘", b"rquote": "’",
          b"ldblquote": "“", b"rdblquote": "”", b"bullet": "•", b"endash": "–", b"emdash": "—"}  # fmt: skip


def decompress(data: bytes) -> bytes:
    """The RTF in a compressed stream; what could be unpacked until an error."""
    if len(data) < 16:
        return b""
    _size, plain_size, kind = struct.unpack_from("<III", data)
    if kind == 0x414C454D:  # «MELA»: not compressed
        return data[16 : 16 + min(plain_size, MAX_SIZE)]
    window = bytearray(_PREFIX.ljust(4096, b"\0"))
    write = len(_PREFIX)
    output = bytearray()
    position, limit = 16, min(plain_size, MAX_SIZE)
    while position < len(data) and len(output) < limit:
        control = data[position]
        position += 1
        for bit in range(8):
            if control >> bit & 1:
                if position + 2 > len(data):
                    return bytes(output)
                offset, length = data[position] << 4 | data[position + 1] >> 4, (data[position + 1] & 15) + 2
                position += 2
                if offset == write:
                    return bytes(output)
                for step in range(length):
                    byte = window[(offset + step) % 4096]
                    output.append(byte)
                    window[write] = byte
                    write = (write + 1) % 4096
            else:
                if position >= len(data):
                    return bytes(output)
                output.append(data[position])
                window[write] = data[position]
                write = (write + 1) % 4096
                position += 1
    return bytes(output)


def rtf_text(rtf: bytes) -> str:
    """The words of an RTF text. The HTML that Exchange wraps in it stands in groups that are skipped like others."""
    found = re.search(rb"\\ansicpg(\d{3,5})", rtf[:2000])
    reader = _Reader(f"cp{found[1].decode()}" if found else "cp1252")
    for token in _TOKEN.finditer(rtf[:MAX_SIZE]):
        reader.take(token)
    reader.flush()
    return re.sub(r"\n{3,}", "\n\n", "".join(reader.pieces)).strip("\0 \n")


class _Reader:
    """Where in the groups the reading stands, and what came out."""

    def __init__(self, codepage: str) -> None:
        self.codepage = codepage
        self.pieces: list[str] = []
        self.pending = bytearray()
        self.depth = 0
        self.silent_from = 0  # the depth of the group that nobody reads, 0 for none
        self.hidden = False  # \htmlrtf: formatting only for those who cannot read the HTML
        self.skip = 0  # characters that stand for a \u before them
        self.unicode_skip = 1

    def take(self, token: re.Match[bytes]) -> None:
        escaped, word, number, symbol, brace, plain, _odd = token.groups()
        if brace:
            self.depth += 1 if brace == b"{" else -1
            if self.silent_from and self.depth < self.silent_from:
                self.silent_from = 0
        elif symbol == b"*" or (word in _SILENT and not self.silent_from):
            self.silent_from = self.silent_from or max(self.depth, 1)
        elif word == b"htmlrtf":
            self.hidden = number != b"0"
        elif self.silent_from or self.hidden:
            return
        elif escaped:
            self._bytes(bytes([int(escaped, 16)]))
        elif word:
            self._word(word, number)
        elif symbol:
            self._text({b"~": "\u00a0", b"_": "-"}.get(symbol, symbol.decode("latin-1") if symbol in b"\\{}" else ""))
        elif plain:
            self._bytes(plain)

    def _bytes(self, content: bytes) -> None:
        if self.skip:
            taken = min(self.skip, len(content))
            self.skip -= taken
            content = content[taken:]
        self.pending += content

    def _word(self, word: bytes, number: bytes | None) -> None:
        if word == b"uc":
            self.unicode_skip = min(int(number or b"1") & 7, 4)
        elif word == b"u" and number:
            code = int(number) & 0xFFFF
            self._text("" if 0xD800 <= code < 0xE000 else chr(code))
            self.skip = self.unicode_skip
        elif word in _SIGNS:
            self._text(_SIGNS[word])

    def _text(self, text: str) -> None:
        self.flush()
        self.pieces.append(text)

    def flush(self) -> None:
        if self.pending:
            self.pieces.append(decode(bytes(self.pending), self.codepage)[0])
            self.pending.clear()
