"""Whether a mailbox can be reached as it is set up."""

from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from intake.mail.imap import TROUBLES, open_folder, say
from intake.models import Mailbox


@dataclass(frozen=True)
class Found:
    """What a visit saw."""

    is_well: bool
    text: str


def try_mailbox(mailbox: Mailbox, *, now: datetime) -> Found:
    """Sign in, open the folder and count; nothing is fetched and nothing marked."""
    if not mailbox.host:
        return Found(True, _("No server is set: mail comes by the command `receive_email`."))
    try:
        with open_folder(mailbox, now=now) as folder:
            count = len(folder.waiting())
    except TROUBLES as error:
        return Found(False, say(error))
    text = ngettext("Connected. %(count)d mail waits.", "Connected. %(count)d mails wait.", count)
    return Found(True, text % {"count": count})
