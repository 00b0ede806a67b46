"""Files of messages: checked by what they are, kept under a key of the server's own making."""

import hashlib
import secrets
from collections.abc import Sequence
from datetime import datetime

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext_lazy as _

from tickets.models import Attachment, Message
from tickets.uploads import check_upload


def attach(*, message: Message, files: Sequence[UploadedFile], now: datetime) -> list[Attachment]:
    """Check and keep ``files`` with ``message``.

    Raises:
        ValidationError: keyed ``files``, when there are too many or one is refused.
    """
    if len(files) > settings.ATTACHMENTS_PER_MESSAGE:
        limit = {"limit": settings.ATTACHMENTS_PER_MESSAGE}
        raise ValidationError({"files": _("At most %(limit)d files at once.") % limit})
    checked = [(upload, check_upload(upload)) for upload in files]
    return [_keep(message, upload, name, content_type, now) for upload, (name, content_type) in checked]


def _keep(message: Message, upload: UploadedFile, name: str, content_type: str, now: datetime) -> Attachment:
    digest = hashlib.sha256()
    for chunk in upload.chunks():
        digest.update(chunk)
    upload.seek(0)
    row = Attachment(
        message=message,
        name=name,
        content_type=content_type,
        size=upload.size or 0,
        sha256=digest.hexdigest(),
        created_at=now,
    )
    row.file.save(secrets.token_hex(16), upload, save=False)
    row.save()
    return row
