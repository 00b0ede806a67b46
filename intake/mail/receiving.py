"""The first thing that happens to a mail: its bytes are committed. What they mean is asked afterwards."""

import hashlib
import re
from datetime import datetime
from email.parser import BytesHeaderParser
from email.policy import compat32

from django.db import transaction

from intake.models import InboundMail, Mailbox, MailSource
from outbox import clock
from outbox.crash import crash_point

#: Larger mails are parked with their head understood, and their sender is told once. Ten files of a message may hold
#: more, but no mail server of customers sends more than about 35 MB, and what it sends is a third larger in base64.
MOST_BYTES = 35 * 1024 * 1024
#: Of a mail that is fetched and larger still, so much is asked for: its head.
HEAD_BYTES = 64 * 1024
_ID_LENGTH = 250
_ID = re.compile(r"<\s*([^<>\s]+)\s*>")
#: What a program on a pipe reads as «try again later» (sysexits.h).
EX_TEMPFAIL = 75


def receive(
    *, raw: bytes, mailbox: Mailbox | None = None, now: datetime | None = None, whole_size: int | None = None
) -> InboundMail:
    """Store one mail, exactly once however often and from however many sides it comes. The row that it is.

    The same Message-ID with other bytes is kept beside the first as a duplicate for somebody to look at. With
    ``whole_size``, ``raw`` is only the head of a mail of so many bytes.
    """
    now = now or clock.now()
    digest = hashlib.sha256(raw).hexdigest()
    identity = message_id_of(raw) or f"sha256:{digest}"
    values = {
        "mailbox": mailbox,
        "message_id": identity,
        "sha256": digest,
        "size": len(raw) if whole_size is None else whole_size,
        "is_whole": whole_size is None,
        "received_at": now,
        "next_attempt_at": now,
    }
    crash_point("mail-before-store")
    with transaction.atomic():
        mail = _first(values) or _same(mailbox, identity, digest) or _beside(values)
        MailSource.objects.bulk_create([MailSource(mail=mail, content=raw)], ignore_conflicts=True)
    crash_point("mail-after-store")
    return mail


def _first(values: dict) -> InboundMail | None:
    """The row of a mail whose id is new; ON CONFLICT waits for another process that stores the same one just now."""
    mail = InboundMail(**values)
    InboundMail.objects.bulk_create([mail], ignore_conflicts=True)
    return _same(values["mailbox"], values["message_id"], values["sha256"])


def _same(mailbox: Mailbox | None, identity: str, digest: str) -> InboundMail | None:
    return InboundMail.objects.filter(mailbox=mailbox, message_id=identity, sha256=digest).first()


def _beside(values: dict) -> InboundMail:
    """The row of a mail that has the id of another one and other bytes: kept and flagged, read by nobody but people."""
    other = InboundMail.objects.filter(mailbox=values["mailbox"], message_id=values["message_id"])
    first = other.exclude(state=InboundMail.State.DUPLICATE).first()
    mail = InboundMail(
        **values,
        state=InboundMail.State.DUPLICATE,
        reason=InboundMail.Reason.SAME_ID,
        same_as=first,
        ticket=first.ticket if first else None,
    )
    InboundMail.objects.bulk_create([mail], ignore_conflicts=True)
    found = _same(values["mailbox"], values["message_id"], values["sha256"])
    assert found is not None  # ours, or that of whoever was faster
    return found


def message_id_of(raw: bytes) -> str:
    """The Message-ID in the head of ``raw``, without brackets; empty when there is none to go by."""
    head = raw[:HEAD_BYTES].split(b"\r\n\r\n", 1)[0]
    try:
        given = str(BytesHeaderParser(policy=compat32).parsebytes(head).get("Message-ID") or "")
    except Exception:  # noqa: BLE001 - whatever is wrong with the head, the mail is stored
        return ""
    found = _ID.search(given)
    return short_id(found[1] if found else given)


def short_id(given: str) -> str:
    """A Message-ID as it is kept: printable, and by its hash when it is longer than an honest one."""
    text = "".join(char for char in given.strip().strip("<>") if char.isprintable() and not char.isspace())
    if len(text) > _ID_LENGTH:
        return "sha256:" + hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()
    return text.encode(errors="replace").decode()
