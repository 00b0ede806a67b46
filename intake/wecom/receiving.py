"""The door for WeCom: checked, decrypted, kept; the answer is empty and at once (WeCom waits five seconds)."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from django.db import transaction

from intake.doorbell import ring
from intake.wecom import crypt, reading
from intake.wecom.models import WecomApp, WecomMessage
from outbox.sealing import Unreadable, unseal

#: A text of WeCom has 2,048 bytes at most; an envelope around the longest message stays far below.
MOST_BYTES = 64 * 1024
#: A signed copy is worth nothing after this; within it the message's own ID makes it the same row.
SIGNED_WITHIN = timedelta(minutes=10)


@dataclass(frozen=True)
class Envelope:
    """What stands in the address of a call."""

    signature: str
    timestamp: str
    nonce: str


def echo(*, app: WecomApp, envelope: Envelope, sealed: str, now: datetime) -> bytes:
    """The answer to the console's verification of the address: what stands in its envelope.

    Raises:
        NotOurs: when it is not WeCom that asks.
    """
    return _opened(app, envelope, sealed, now)


def keep(*, app: WecomApp, envelope: Envelope, body: bytes, now: datetime) -> WecomMessage | None:
    """Keep one message; the row of an earlier one when it is a repetition, None when it is an event and no message.

    Raises:
        NotOurs: when it is not from WeCom, or not for this application.
    """
    try:
        sealed = reading.fields_of(body).get("Encrypt", "")
        xml = _opened(app, envelope, sealed, now)
        fields = reading.fields_of(xml)
    except reading.Unreadable as error:
        raise crypt.NotOurs("XML") from error
    if fields.get("MsgType") == "event" or not fields.get("FromUserName"):
        return None
    row = WecomMessage(
        app=app,
        key=reading.key_of(fields, xml),
        userid=fields["FromUserName"][:64],
        kind=fields.get("MsgType", "")[:20],
        xml=xml.decode().replace("\x00", ""),
        received_at=now,
        next_attempt_at=now,
    )
    with transaction.atomic():
        WecomMessage.objects.bulk_create([row], ignore_conflicts=True)
        transaction.on_commit(partial(ring, "intake.tasks.take_in_wecom"), robust=True)
    return WecomMessage.objects.get(app=app, key=row.key)


def _opened(app: WecomApp, envelope: Envelope, sealed: str, now: datetime) -> bytes:
    stamp = envelope.timestamp
    if not (stamp.isascii() and stamp.isdigit() and len(stamp) < 13):
        raise crypt.NotOurs("time")
    if abs(now.timestamp() - int(stamp)) > SIGNED_WITHIN.total_seconds():
        raise crypt.NotOurs("time")
    try:
        token, key = unseal(app.sealed_token), crypt.key_of(unseal(app.sealed_key))
    except Unreadable as error:
        raise crypt.NotOurs("key") from error
    crypt.check_signature(envelope.signature, token=token, timestamp=stamp, nonce=envelope.nonce, encrypted=sealed)
    return crypt.decrypt(sealed, key=key, receiver=app.corp_id)
