"""Files of messages: checked by what they are, kept under a key of the server's own making.

Hashing and writing take as long as the disk likes, so both happen before any lock is taken: `kept` stores the files,
`attach` writes only the rows, in the transaction of the message.
"""

import hashlib
import secrets
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.files import File
from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from tickets.models import Attachment, Message
from tickets.uploads import check_upload


@dataclass(frozen=True)
class StoredFile:
    """One file that lies in the storage; ``key`` is its name there."""

    key: str
    name: str
    content_type: str
    size: int
    sha256: str
    content_id: str = ""


@contextmanager
def kept(files: Sequence[UploadedFile | StoredFile]) -> Iterator[list[StoredFile]]:
    """Check ``files`` and store them for the block; when it fails they are taken out of the storage again.

    Those that were stored before, with a draft, go along and stay where they are. Enter it before the transaction that
    attaches them.

    Raises:
        ValidationError: keyed ``files``, when there are too many or one is refused.
    """
    demand_few(files)
    before = [one for one in files if isinstance(one, StoredFile)]
    checked = [(upload, check_upload(upload)) for upload in files if not isinstance(upload, StoredFile)]
    stored: list[StoredFile] = []
    try:
        for upload, (name, content_type) in checked:
            stored.append(_store(upload, name, content_type))
        yield [*before, *stored]
    except BaseException:
        for one in stored:
            _FILE.storage.delete(one.key)
        raise


def demand_few(files: Sequence[UploadedFile | StoredFile]) -> None:
    """Refuse more files than one message takes.

    Raises:
        ValidationError: keyed ``files``.
    """
    if len(files) > settings.ATTACHMENTS_PER_MESSAGE:
        limit = {"limit": settings.ATTACHMENTS_PER_MESSAGE}
        raise ValidationError({"files": _("At most %(limit)d files at once.") % limit})


def forget_files(keys: Iterable[str]) -> None:
    """Take files that belong to no message out of the storage, once the transaction is committed."""
    for key in keys:
        transaction.on_commit(partial(_FILE.storage.delete, key))


def attach(*, message: Message, files: Sequence[StoredFile], now: datetime) -> list[Attachment]:
    """Write the rows of stored ``files`` of ``message``."""
    rows = [
        Attachment(
            message=message,
            file=one.key,
            name=one.name,
            content_type=one.content_type,
            size=one.size,
            sha256=one.sha256,
            content_id=one.content_id,
            created_at=now,
        )
        for one in files
    ]
    return Attachment.objects.bulk_create(rows)


_FILE = Attachment._meta.get_field("file")


def _store(upload: UploadedFile, name: str, content_type: str) -> StoredFile:
    digest = hashlib.sha256()
    for chunk in upload.chunks():
        digest.update(chunk)
    upload.seek(0)
    wanted = _FILE.generate_filename(Attachment(), secrets.token_hex(16))
    # Its bytes and not the upload: that would be moved away, and a service that is done anew would find nothing.
    key = _FILE.storage.save(wanted, File(upload.file), max_length=_FILE.max_length)
    content_id = str(getattr(upload, "content_id", ""))[:255]  # only parts of mails have one
    return StoredFile(key, name, content_type, upload.size or 0, digest.hexdigest(), content_id)
