"""Access tokens for mailboxes that sign in by OAuth 2 (RFC 6749, section 6): asked for by the refresh token."""

import http.client
import json
import ssl
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode, urlsplit

from intake.models import Mailbox, MailboxState
from outbox.sealing import Unreadable, seal, unseal

_TIMEOUT = 20
_LONGEST_ANSWER = 100_000
#: A token is not used in its last minute: it might run out on the way.
_MARGIN = timedelta(minutes=1)


class NoToken(OSError):
    """The endpoint gave no token; the text is its error code, never what was sent."""


def access_token(mailbox: Mailbox, *, now: datetime) -> str:
    """A token that is good now: the one kept from last time, else a new one.

    Raises:
        NoToken: when the endpoint refuses. OSError, Unreadable: when it cannot be reached, or the secrets not read.
    """
    state = MailboxState.objects.get_or_create(mailbox=mailbox)[0]
    if state.token_expires_at and state.token_expires_at - _MARGIN > now:
        try:
            return unseal(state.sealed_access_token)
        except Unreadable:
            pass
    answer = _ask(mailbox)
    lasts = _lifetime(answer.get("expires_in"))
    MailboxState.objects.filter(pk=state.pk).update(
        sealed_access_token=seal(answer["access_token"]), token_expires_at=now + lasts
    )
    renewed = str(answer.get("refresh_token") or "")
    if renewed and renewed != mailbox.secret("refresh_token"):  # some endpoints give another one each time
        mailbox.keep_secrets(refresh_token=renewed)
        mailbox.save(update_fields=["sealed_refresh_token"])
    return answer["access_token"]


def forget_token(mailbox: Mailbox) -> None:
    """The next visit asks for another token: the secrets changed."""
    state = MailboxState.objects.filter(mailbox=mailbox)
    state.update(sealed_access_token="", token_expires_at=None)  # nosec B106


def _lifetime(said: Any) -> timedelta:
    """For how long a token is good; for no visit but this one where the endpoint says nothing that can be meant."""
    text = str(said)
    return timedelta(seconds=int(text)) if text.isascii() and text.isdecimal() and len(text) < 8 else timedelta()


def _ask(mailbox: Mailbox) -> dict:
    address = urlsplit(mailbox.token_url)
    if address.scheme != "https" or not address.hostname:
        raise NoToken("the token endpoint has to begin with https://")
    wish = {
        "grant_type": "refresh_token",
        "client_id": mailbox.client_id,
        "client_secret": mailbox.secret("client_secret"),
        "refresh_token": mailbox.secret("refresh_token"),
    }
    body = urlencode({name: value for name, value in wish.items() if value})
    context = ssl.create_default_context()
    connection = http.client.HTTPSConnection(address.hostname, address.port, timeout=_TIMEOUT, context=context)
    try:
        path = address.path + (f"?{address.query}" if address.query else "")
        connection.request("POST", path or "/", body, {"Content-Type": "application/x-www-form-urlencoded"})
        response = connection.getresponse()  # follows no redirect: the secrets are for this server alone
        content = response.read(_LONGEST_ANSWER)
    except http.client.HTTPException as error:
        raise NoToken(type(error).__name__) from error
    finally:
        connection.close()
    return _read(response.status, content)


def _read(status: int, content: bytes) -> dict:
    try:
        answer = json.loads(content)
    except ValueError:
        answer = {}
    if not isinstance(answer, dict) or status != 200 or not isinstance(answer.get("access_token"), str):
        code = str(answer.get("error", ""))[:80] if isinstance(answer, dict) else ""
        raise NoToken(f"HTTP {status} {code}".strip())
    return answer
