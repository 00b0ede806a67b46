"""How much one sender may submit: no captcha, no third party, and nothing that locks out a whole office.

Numbers: 30 submissions an hour from one network address, 10 an hour for one e-mail address, 30 an hour by one
signed-in person, 60 previews of the grade a minute. Acknowledgement mails are limited apart, to 3 an hour and address
(`tickets.notices.customers`).
"""

import hashlib
import hmac
import ipaddress
from datetime import datetime
from typing import Any

from django.conf import settings
from django.core import signing
from django.http import HttpRequest

from outbox.limits import allow

FROM_ONE_ADDRESS = 30
FOR_ONE_MAILBOX = 10
BY_ONE_PERSON = 30
PREVIEWS_A_MINUTE = 60
_HOUR = 3600

#: Nobody reads the questions and answers them faster than this; programs do.
LEAST_SECONDS = 3
_STAMP_SALT = "intake.opened"


def may_submit(request: HttpRequest, *, email: str, now: datetime) -> bool:
    """Count one submission; whether it is within the limits. Call it outside a transaction."""
    user: Any = request.user
    if user.is_authenticated:
        return allow(f"intake:user:{user.pk}", limit=BY_ONE_PERSON, seconds=_HOUR, now=now)
    return allow(f"intake:net:{_network(request)}", limit=FROM_ONE_ADDRESS, seconds=_HOUR, now=now) and allow(
        f"intake:mail:{_mark(email.strip().lower())}", limit=FOR_ONE_MAILBOX, seconds=_HOUR, now=now
    )


def may_preview(request: HttpRequest, *, now: datetime) -> bool:
    """Count one preview of the grade."""
    return allow(f"intake:grade:{_network(request)}", limit=PREVIEWS_A_MINUTE, seconds=60, now=now)


def stamp(now: datetime) -> str:
    """A signed word of when the form was opened."""
    return signing.dumps(int(now.timestamp()), salt=_STAMP_SALT)


def seconds_open(value: str, *, now: datetime) -> int | None:
    """How long the form has been open; None when the stamp is missing or forged."""
    try:
        return int(now.timestamp()) - int(signing.loads(value, salt=_STAMP_SALT))
    except (signing.BadSignature, TypeError, ValueError):
        return None


def _network(request: HttpRequest) -> str:
    """A keyed hash of the sender's address, so that none is stored; a household has a whole /64 of IPv6."""
    raw = request.META.get("REMOTE_ADDR", "")
    try:
        address = ipaddress.ip_address(raw)
    except ValueError:
        return _mark(raw)
    if address.version == 6:
        return _mark(str(ipaddress.ip_network((address, 64), strict=False)))
    return _mark(str(address))


def _mark(value: str) -> str:
    key = f"intake.limits:{settings.SECRET_KEY}".encode()
    return hmac.new(key, value.encode(), hashlib.sha256).hexdigest()[:32]
