"""The files of a mail as uploads, and those that we do not take: named, and kept in the original."""

import mimetypes
from collections.abc import Sequence

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile, UploadedFile
from django.utils.translation import gettext as _

from intake.mail.parsing import Part
from tickets.uploads import check_upload, clean_name


class MailFile(SimpleUploadedFile):
    """A part of a mail; its `content_id` is how the HTML names it."""

    content_id = ""


def uploads_of(parts: Sequence[Part]) -> tuple[list[UploadedFile], list[str]]:
    """The files that a message takes, and for each other one a line that says which and why."""
    taken: list[UploadedFile] = []
    refused: list[str] = []
    for position, part in enumerate(parts, start=1):
        upload = _upload(part, position)
        try:
            check_upload(upload)
        except ValidationError as error:
            refused.append(" ".join(error.messages))
            continue
        if len(taken) == settings.ATTACHMENTS_PER_MESSAGE:
            refused.append(_("“%(name)s” is one too many.") % {"name": clean_name(upload.name or "")})
            continue
        taken.append(upload)
    return taken, refused


def _upload(part: Part, position: int) -> MailFile:
    name = clean_name(part.name)
    if "." not in name:
        name = f"{name or f'file-{position}'}{mimetypes.guess_extension(part.type) or ''}"
    upload = MailFile(name, part.content, content_type=part.type)
    upload.content_id = part.content_id.strip("<> ")
    return upload
