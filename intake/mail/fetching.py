"""Visits to mailboxes: each mail is committed here first, and only then removed or marked there."""

import logging
import time
from collections.abc import Callable
from datetime import datetime, timedelta

from django.db.models import F, Q

from intake.mail.imap import TROUBLES, Folder, open_folder, say
from intake.mail.receiving import MOST_BYTES, receive
from intake.models import Mailbox, MailboxState
from outbox import clock
from outbox.crash import crash_point

logger = logging.getLogger(__name__)

#: Longer than a worker may take for anything, so that no mailbox is visited twice at a time.
LEASE = timedelta(minutes=6)
#: No visit begins, and in a visit no further mail, that the worker's time limit could kill in its middle.
_RUN_SECONDS = 90
MOST_AT_ONCE = 200

ReadClock = Callable[[], datetime]


def fetch_due(*, read_clock: ReadClock = clock.now) -> int:
    """Visit every mailbox that has a server, the one not visited for longest first; how many mails were stored."""
    until = time.monotonic() + _RUN_SECONDS
    rows = Mailbox.objects.filter(is_active=True).exclude(host="")
    stored = 0
    for mailbox in rows.order_by(F("state__fetched_at").asc(nulls_first=True), "pk"):
        if time.monotonic() > until:
            break
        stored += fetch(mailbox, read_clock=read_clock, until=until)
    return stored


def fetch(mailbox: Mailbox, *, read_clock: ReadClock = clock.now, until: float | None = None) -> int:
    """Visit one mailbox, unless somebody does just now; how many mails were stored. A failure is written on its row."""
    if not _claim(mailbox, read_clock()):
        return 0
    until = until or time.monotonic() + _RUN_SECONDS
    stored, failure = 0, ""
    try:
        with open_folder(mailbox, now=read_clock()) as folder:
            for uid in folder.waiting()[:MOST_AT_ONCE]:
                if time.monotonic() > until:
                    break
                _take(folder, uid, mailbox, read_clock())
                stored += 1
    except TROUBLES as error:
        failure = say(error)
        logger.warning("mailbox %s: %s", mailbox.pk, type(error).__name__)
    _release(mailbox, failure, read_clock())
    return stored


def _take(folder: Folder, uid: str, mailbox: Mailbox, now: datetime) -> None:
    """Store one mail, then let the server know. Dying in between, it comes again and is known."""
    size = folder.size(uid)
    if size > MOST_BYTES:
        receive(raw=folder.head(uid), mailbox=mailbox, now=now, whole_size=size)
        folder.set_aside(uid)
        return
    raw = folder.content(uid)
    if not raw:
        return  # somebody else took it away meanwhile
    receive(raw=raw, mailbox=mailbox, now=now)
    crash_point("mail-before-removal")
    folder.done(uid)


def _claim(mailbox: Mailbox, now: datetime) -> bool:
    MailboxState.objects.bulk_create([MailboxState(mailbox=mailbox)], ignore_conflicts=True)
    free = Q(locked_until__isnull=True) | Q(locked_until__lte=now)
    return bool(MailboxState.objects.filter(free, mailbox=mailbox).update(locked_until=now + LEASE))


def _release(mailbox: Mailbox, failure: str, now: datetime) -> None:
    state = MailboxState.objects.filter(mailbox=mailbox)
    if failure:
        state.update(locked_until=None, last_error=failure[:2000])
        state.filter(failing_since=None).update(failing_since=now)
    else:
        state.update(locked_until=None, fetched_at=now, last_error="", failing_since=None)
