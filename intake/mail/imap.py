"""One folder on an IMAP server (RFC 3501): what waits there, its bytes, and a mark on what was stored here.

Nothing of the server is remembered between two visits: what was fetched is deleted or marked there, and a mail that
comes twice is known by its Message-ID and its bytes (`intake.mail.receiving`).
"""

import base64
import imaplib
import re
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

from django.utils.translation import gettext as _

from intake.mail.oauth import access_token, forget_token
from intake.models import Mailbox
from outbox.sealing import Unreadable

TIMEOUT = 20  # seconds, for each answer of the server
#: What may come of a visit; `say` has words for each. A name that is none fails while it is coded (UnicodeError).
TROUBLES = (OSError, imaplib.IMAP4.error, Unreadable, UnicodeError)
_SIMPLE = re.compile(r"[\x21-\x7e]+")


class Folder:
    """The open folder of a mailbox."""

    def __init__(self, server: imaplib.IMAP4, mailbox: Mailbox) -> None:
        self._server = server
        self._can_remove_one = (
            b"UIDPLUS" in b" ".join(_plain(server.capability()[1])).upper()
        )  # said after sign-in only
        self._keeps = mailbox.after_fetch == Mailbox.AfterFetch.SEEN

    def waiting(self) -> list[str]:
        """The UIDs of what was not fetched yet, the oldest first."""
        # Far too large ones stay on the server, seen and flagged (`set_aside`).
        wish = "UNSEEN UNDELETED" if self._keeps else "UNDELETED OR UNSEEN UNFLAGGED"
        found = self._ask("SEARCH", wish)[0]
        return (found or b"").decode("ascii").split()

    def size(self, uid: str) -> int:
        """How many bytes a mail has; 0 when it is gone."""
        found = re.search(rb"RFC822\.SIZE (\d+)", b" ".join(_plain(self._ask("FETCH", uid, "(RFC822.SIZE)"))))
        return int(found[1]) if found else 0

    def content(self, uid: str) -> bytes:
        """All bytes of a mail; none when it is gone."""
        return _literal(self._ask("FETCH", uid, "(BODY.PEEK[])"))

    def head(self, uid: str) -> bytes:
        """The head of a mail."""
        return _literal(self._ask("FETCH", uid, "(BODY.PEEK[HEADER])"))

    def done(self, uid: str) -> None:
        """A mail is stored here: the server may forget it, or keep it as read."""
        if self._keeps:
            self._ask("STORE", uid, "+FLAGS.SILENT", r"(\Seen)")
            return
        self._ask("STORE", uid, "+FLAGS.SILENT", r"(\Deleted)")
        if self._can_remove_one:  # removes this one and no other that somebody marked
            self._ask("EXPUNGE", uid)
        else:
            self._server.expunge()

    def set_aside(self, uid: str) -> None:
        """A mail stays on the server, and does not wait there any more."""
        self._ask("STORE", uid, "+FLAGS.SILENT", r"(\Seen \Flagged)")

    def _ask(self, command: str, *arguments: str) -> list:
        status, data = self._server.uid(command, *arguments)
        if status != "OK":
            raise imaplib.IMAP4.error(f"{command}: {data!r}")
        return data


@contextmanager
def open_folder(mailbox: Mailbox, *, now: datetime) -> Iterator[Folder]:
    """Sign in and open the folder of ``mailbox``.

    Raises:
        TROUBLES: when that is not possible.
    """
    server = _connect(mailbox)
    try:
        _sign_in(server, mailbox, now)
        status, data = server.select(_quoted(mailbox.folder))
        if status != "OK":
            raise imaplib.IMAP4.error(f"SELECT: {data!r}")
        yield Folder(server, mailbox)
    finally:
        try:
            server.logout()
        except (OSError, imaplib.IMAP4.error):
            pass  # it is over either way


def say(error: Exception) -> str:
    """What went wrong, for the administrator; no secret stands in any of it."""
    if isinstance(error, (socket.gaierror, UnicodeError)):
        return _("The server was not found.")
    if isinstance(error, ssl.SSLCertVerificationError):
        return _("The certificate of the server is not to be trusted: %(why)s") % {"why": error.verify_message}
    if isinstance(error, TimeoutError):
        return _("The server did not answer in time.")
    if isinstance(error, ConnectionRefusedError):
        return _("Nobody answers at this port.")
    if isinstance(error, Unreadable):
        return _("The stored password cannot be read with the present SECRET_KEY. Enter it again.")
    if isinstance(error, imaplib.IMAP4.error):
        return _("The server refused: %(why)s") % {"why": _said(error)}
    return f"{type(error).__name__}: {error}"[:500]


def _connect(mailbox: Mailbox) -> imaplib.IMAP4:
    trusted = ssl.create_default_context()
    if mailbox.security == Mailbox.Security.TLS:
        return imaplib.IMAP4_SSL(mailbox.host, mailbox.port, ssl_context=trusted, timeout=TIMEOUT)
    server = imaplib.IMAP4(mailbox.host, mailbox.port, timeout=TIMEOUT)
    if mailbox.security == Mailbox.Security.STARTTLS:
        server.starttls(ssl_context=trusted)
    return server


def _sign_in(server: imaplib.IMAP4, mailbox: Mailbox, now: datetime) -> None:
    user = mailbox.user or mailbox.address
    if mailbox.sign_in == Mailbox.SignIn.OAUTH2:
        _sign_in_by_token(server, user, mailbox, now)
        return
    password = mailbox.secret("password")
    if _SIMPLE.fullmatch(user) and password.isascii():
        server.login(user, password)
    else:  # LOGIN knows ASCII only, and takes a space in a name for the end of it; this is UTF-8 (RFC 4616)
        server.authenticate("PLAIN", lambda _challenge: f"\0{user}\0{password}".encode())


def _sign_in_by_token(server: imaplib.IMAP4, user: str, mailbox: Mailbox, now: datetime) -> None:
    """By XOAUTH2, which the great providers speak, else by the standard that came after it (RFC 7628)."""
    token = access_token(mailbox, now=now)
    if "AUTH=OAUTHBEARER" in server.capabilities and "AUTH=XOAUTH2" not in server.capabilities:
        name = user.replace("=", "=3D").replace(",", "=2C")
        mechanism, first = "OAUTHBEARER", f"n,a={name},\x01auth=Bearer {token}\x01\x01"
    else:
        mechanism, first = "XOAUTH2", f"user={user}\x01auth=Bearer {token}\x01\x01"
    answers = iter([first.encode()])
    # A refusal comes as a challenge with its reason, which has to be answered before the server says no.
    refused = b"" if mechanism == "XOAUTH2" else b"\x01"
    try:
        server.authenticate(mechanism, lambda _challenge: next(answers, refused))
    except imaplib.IMAP4.error:
        forget_token(mailbox)  # revoked before its time: the next visit asks for another one
        raise


def _quoted(folder: str) -> str:
    escaped = _modified_utf7(folder).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _modified_utf7(folder: str) -> str:
    """The name of a folder as IMAP writes it (RFC 3501, 5.1.3)."""

    def packed(found: re.Match[str]) -> str:
        coded = base64.b64encode(found[0].encode("utf-16-be")).decode().rstrip("=").replace("/", ",")
        return f"&{coded}-"

    return re.sub(r"[^\x20-\x7e]+", packed, folder.replace("&", "&-"))


def _plain(data: list) -> list[bytes]:
    return [part for item in data for part in (item if isinstance(item, tuple) else (item,)) if part]


def _literal(data: list) -> bytes:
    return next((item[1] for item in data if isinstance(item, tuple)), b"")


def _said(error: Exception) -> str:
    text = error.args[0] if error.args else ""
    return (text.decode(errors="replace") if isinstance(text, bytes) else str(text))[:300]
