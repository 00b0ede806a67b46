"""What the house itself remarks on a ticket, for colleagues: about a mail that came, or one that did not arrive."""

from collections.abc import Sequence
from datetime import datetime

from django.core.files.uploadedfile import UploadedFile

from accounts.models import User
from outbox.contention import survives_deadlock
from tickets.choices import Channel, MessageKind
from tickets.models import Message, Ticket
from tickets.services.attachments import kept
from tickets.services.conversation import add_message
from tickets.services.events import record
from tickets.services.locking import changing
from tickets.services.originals import keep_original


@survives_deadlock
def add_remark(
    *,
    ticket: Ticket,
    body: str,
    code: str,
    tell: str = "",
    author: User | None = None,
    files: Sequence[UploadedFile] = (),
    html: str = "",
    channel: str = Channel.MAIL,
    now: datetime | None = None,
    **facts: object,
) -> Message:
    """Write an internal note that nobody wrote by hand: status, clocks and whose turn it is stay as they are.

    ``code`` is its event, with ``facts``; with ``tell`` a message of that kind leaves. ``author`` is whose automatic
    words it holds, if that is somebody. It mentions nobody, whatever stands in it.
    """
    with kept(files) as stored, changing(ticket.pk, now=now, even_merged=True) as change:
        message = add_message(change, MessageKind.NOTE, body, author=author, files=stored, channel=channel)
        keep_original(message=message, html=html)
        record(ticket=change.ticket, code=code, actor=None, now=change.now, message=message.pk, **facts)
        if tell:
            change.tell(tell, message=message.pk)
    return message
