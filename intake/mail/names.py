"""Names of attached files: made safe to show and to store, and made up where there is none."""

import mimetypes
import re
import unicodedata

MAX_NAME = 150
#: The table of Python itself, so that a name does not depend on the machine.
_TYPES = mimetypes.MimeTypes(filenames=())
_SUFFIXES = {
    "message/rfc822": ".eml",
    "message/delivery-status": ".txt",
    "text/rfc822-headers": ".txt",
    "text/plain": ".txt",
    "text/html": ".html",
    "text/calendar": ".ics",
    "text/vcard": ".vcf",
    "text/x-vcard": ".vcf",
    "image/jpeg": ".jpg",
    "image/pjpeg": ".jpg",
    "application/pgp-signature": ".asc",
    "application/pgp-encrypted": ".asc",
}
_BAD = re.compile(r"[\x00-\x1f\x7f\u200b-\u200f\u202a-\u202e\u2066-\u2069\ufeff]")


def clean(name: str) -> str:
    """A file's own name: the last part of a path, without signs that hide, turn or break it; may be empty."""
    name = unicodedata.normalize("NFC", _BAD.sub("", name))
    name = re.split(r"[/\\]", name)[-1].strip(" .\"'")
    if len(name) > MAX_NAME:
        stem, dot, ending = name.rpartition(".")
        name = f"{stem[: MAX_NAME - 12]}.{ending[:10]}" if dot and len(ending) <= 10 else name[:MAX_NAME]
    return name


def made_up(kind: str, number: int) -> str:
    """A name for the part that has none."""
    suffix = _SUFFIXES.get(kind) or _TYPES.guess_extension(kind) or ".bin"
    shown = kind.startswith(("image/", "audio/", "video/", "text/"))
    return f"{kind.partition('/')[0] if shown else 'attachment'}-{number}{suffix}"


def for_message(subject: str) -> str:
    """The name of a mail that hangs on another: its subject."""
    name = clean(re.sub(r"[/\\:*?\"<>|]+", " ", subject)[:120])
    return f"{' '.join(name.split()) or 'message'}.eml"


def type_of(name: str) -> str:
    """The type that an ending stands for."""
    return _TYPES.guess_type(name, strict=False)[0] or "application/octet-stream"
