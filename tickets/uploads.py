"""What may be uploaded: an allow-list checked by name after Unicode clean-up and by the first bytes of the content."""

import re
import unicodedata
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext_lazy as _

_ZIP = (b"PK\x03\x04", b"PK\x05\x06")

#: Extension → (type that is sent, signatures of which one must begin the content; none: it must be text).
ALLOWED: dict[str, tuple[str, tuple[bytes, ...]]] = {
    "png": ("image/png", (b"\x89PNG\r\n\x1a\n",)),
    "jpg": ("image/jpeg", (b"\xff\xd8\xff",)),
    "jpeg": ("image/jpeg", (b"\xff\xd8\xff",)),
    "gif": ("image/gif", (b"GIF87a", b"GIF89a")),
    "webp": ("image/webp", (b"WEBP",)),
    "pdf": ("application/pdf", (b"%PDF-",)),
    "zip": ("application/zip", _ZIP),
    "docx": ("application/vnd.openxmlformats-officedocument.wordprocessingml.document", _ZIP),
    "xlsx": ("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", _ZIP),
    "pptx": ("application/vnd.openxmlformats-officedocument.presentationml.presentation", _ZIP),
    "gz": ("application/gzip", (b"\x1f\x8b",)),
    "7z": ("application/x-7z-compressed", (b"7z\xbc\xaf\x27\x1c",)),
    "mp4": ("video/mp4", (b"ftyp",)),
    "mov": ("video/quicktime", (b"ftyp",)),
    "webm": ("video/webm", (b"\x1aE\xdf\xa3",)),
    "txt": ("text/plain", ()),
    "log": ("text/plain", ()),
    "csv": ("text/csv", ()),
    "json": ("application/json", ()),
    "yaml": ("text/plain", ()),
    "yml": ("text/plain", ()),
    "conf": ("text/plain", ()),
    "md": ("text/plain", ()),
}
#: Signatures that do not stand at the beginning, and where they do.
_FURTHER_IN = {b"ftyp": 4, b"WEBP": 8}
_HEAD = 4096
_KIND = _(
    "“%(name)s” is not a kind of file we can take. "
    "Pictures, PDF, logs, text, office files, archives and video are fine."
)


def clean_name(raw: str) -> str:
    """A file name for people: no path, no control, format or direction characters, at most 120 characters."""
    base = re.split(r"[/\\]", unicodedata.normalize("NFKC", raw))[-1]
    visible = "".join(ch for ch in base if unicodedata.category(ch)[0] != "C").strip(" .")
    stem, dot, extension = visible.rpartition(".")
    return f"{stem[: 119 - len(extension)]}{dot}{extension}" if dot else visible[:120]


def check_upload(upload: UploadedFile) -> tuple[str, str]:
    """The clean name and the type of an upload.

    Raises:
        ValidationError: keyed ``files``, when it is empty, too large, of another kind, or not what its name says.
    """
    name = clean_name(upload.name or "")
    extension = name.rpartition(".")[2].lower()
    if extension not in ALLOWED or "." not in name:
        raise _refused(_KIND, name)
    if not upload.size:
        raise _refused(_("“%(name)s” is empty."), name)
    if upload.size > settings.ATTACHMENT_MAX_BYTES:
        limit = settings.ATTACHMENT_MAX_BYTES // (1024 * 1024)
        raise _refused(_("“%(name)s” is larger than %(limit)d MB."), name, limit=limit)
    content_type, signatures = ALLOWED[extension]
    upload.seek(0)
    head = upload.read(_HEAD)
    upload.seek(0)
    if not _matches(head, signatures):
        raise _refused(_("“%(name)s” is not what its name says."), name)
    return name, content_type


def _matches(head: bytes, signatures: tuple[bytes, ...]) -> bool:
    if not signatures:
        return b"\x00" not in head
    return any(head.startswith(mark, _FURTHER_IN.get(mark, 0)) for mark in signatures)


def _refused(message: Any, name: str, **words: object) -> ValidationError:
    return ValidationError({"files": ValidationError(message, code="file", params={"name": name, **words})})
