"""How a file of a message is shown where the message stands, by the type that its content was checked for."""

from tickets.models import Attachment

#: Pictures that hold no script.
IMAGES = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp"})
VIDEOS = frozenset({"video/mp4", "video/webm", "video/quicktime"})
PDF = "application/pdf"
_TEXTS = frozenset({"text/plain", "text/csv", "application/json"})
_PACKED = "application/gzip"


def shape_of(attachment: Attachment) -> str:
    """image, video, pdf or lines (text by lines); empty: it can only be saved."""
    if attachment.content_type in IMAGES:
        return "image"
    if attachment.content_type in VIDEOS:
        return "video"
    if attachment.content_type == PDF:
        return "pdf"
    return "lines" if attachment.content_type in _TEXTS or is_packed_text(attachment) else ""


def is_packed_text(attachment: Attachment) -> bool:
    """Whether it is one packed file, a log most likely; an archive of several files is never opened here."""
    return attachment.content_type == _PACKED and not attachment.name.lower().endswith(".tar.gz")
