"""Addresses of a header, read in one pass and without back-tracking, however odd they are."""

import re
from dataclasses import dataclass

from intake.mail.headers import decode_words

MAX_ADDRESSES = 500
#: Quoted words, comments, angle brackets, separators, and everything else up to the next of them.
_TOKEN = re.compile(
    r'"((?:[^"\\]|\\.)*+)(?:"|\\?\Z)|\(((?:[^()\\]|\\.|\((?:[^()\\]|\\.)*+\))*+)(?:\)|\\?\Z)|<([^<>,;"]*+)>|([,;])|([^"(<,;]++)|(.)',
    re.DOTALL,
)
_SPECIAL = re.compile(r"[,;<>@:()\[\]]")
_BARE = re.compile(r"(?<![^\s<>()\[\]:;,\"])[^\s<>()\[\]:;,\"@]++@[^\s<>()\[\]:;,\"]++")


@dataclass(frozen=True)
class Address:
    """One address with the name that stands beside it (either may be empty, not both)."""

    name: str
    address: str

    def __str__(self) -> str:
        if not (self.name and self.address):
            return self.name or self.address
        name = f'"{self.name}"' if _SPECIAL.search(self.name) else self.name
        return f"{name} <{self.address}>"


def read_addresses(values: list[bytes]) -> list[Address]:
    """The addresses of one or more header values, in their order."""
    found: list[Address] = []
    for value in values:
        # The bytes of raw 8-bit names are decoded first; encoded words only inside the parts that they are part of,
        # so that an encoded comma separates nobody.
        text = value.decode("ascii") if value.isascii() else decode_words(value)
        found.extend(_read(text))
        if len(found) >= MAX_ADDRESSES:
            return found[:MAX_ADDRESSES]
    return found


def _read(text: str) -> list[Address]:
    result: list[Address] = []
    words: list[str] = []
    comments: list[str] = []
    address = ""

    def finish() -> None:
        nonlocal words, comments, address
        entry = _entry(words, comments, address)
        if entry:
            result.append(entry)
        words, comments, address = [], [], ""

    for token in _TOKEN.finditer(text):
        quoted, comment, angle, separator, plain, odd = token.groups()
        if separator:
            finish()
        elif quoted is not None:
            words.append(re.sub(r"\\(.)", r"\1", quoted))
        elif comment is not None:
            comments.append(re.sub(r"\\(.)", r"\1", comment))
        elif angle is not None:
            if address:
                finish()
            address = re.sub(r"\s+", "", angle).rpartition(":")[2] if "@" in angle else angle.strip()
        elif plain is not None:
            words.append(_without_group(plain))
        elif odd is not None and odd not in '"(<':
            words.append(odd)
        if len(result) > MAX_ADDRESSES:
            break
    finish()
    return result


def _without_group(text: str) -> str:
    """A group's name (`undisclosed-recipients:`) is no part of its first member."""
    head, colon, rest = text.rpartition(":")
    return rest if colon and "@" not in head and "=?" not in head else text


def _entry(words: list[str], comments: list[str], address: str) -> Address | None:
    joined = "".join(words).strip()
    if not address:
        bare = _BARE.search(joined)
        if bare:
            address = bare[0]
            joined = (joined[: bare.start()] + joined[bare.end() :]).strip()
    name = _clean(joined) or _clean(" ".join(comments))
    if address and "=?" in address:
        address = decode_words(address.encode("utf-8", "replace"))
    if not address and not name:
        return None
    return Address(name[:300], address[:500])


def _clean(name: str) -> str:
    decoded = decode_words(name.encode("utf-8", "replace")) if "=?" in name else name
    return re.sub(r"[\s\x00-\x1f\x7f]+", " ", decoded).strip(" '\"")
