"""How much one sender may submit: no captcha, no third party, and nothing that locks out a whole office.

Numbers: 30 submissions an hour from one network address, 10 an hour for one e-mail address, 30 by one signed-in
person (`tickets.limits`); 30 tickets or held mails an hour of one address, what is more is parked; 240
previews of the grade a minute, as somebody who types causes one with each pause. Acknowledgement mails are limited
apart, to 3 an hour and address (`tickets.notices.customers`).
"""

from datetime import datetime
from typing import Any

from django.core import signing
from django.http import HttpRequest

from outbox.limits import allow, keyed_mark, network_mark
from tickets import limits

FROM_ONE_ADDRESS = 30
FOR_ONE_MAILBOX = 10
PREVIEWS_A_MINUTE = 240
MAILS_FROM_ONE = 30
_HOUR = 3600

#: Nobody reads the questions and answers them faster than this; programs do.
LEAST_SECONDS = 3
_STAMP_SALT = "intake.opened"


def may_submit(request: HttpRequest, *, email: str, now: datetime) -> bool:
    """Count one submission; whether it is within the limits. Call it outside a transaction."""
    user: Any = request.user
    if user.is_authenticated:
        return limits.may_submit(user, now=now)
    return allow(f"intake:net:{network_mark(request)}", limit=FROM_ONE_ADDRESS, seconds=_HOUR, now=now) and allow(
        f"intake:mail:{keyed_mark(email.strip().lower())}", limit=FOR_ONE_MAILBOX, seconds=_HOUR, now=now
    )


def may_mail(address: str, *, now: datetime) -> bool:
    """Count one mail of ``address`` that begins a ticket or is held; what is over the limit is parked."""
    return allow(f"intake:mail-in:{keyed_mark(address.strip().lower())}", limit=MAILS_FROM_ONE, seconds=_HOUR, now=now)


def may_preview(request: HttpRequest, *, now: datetime) -> bool:
    """Count one preview of the grade."""
    return allow(f"intake:grade:{network_mark(request)}", limit=PREVIEWS_A_MINUTE, seconds=60, now=now)


def stamp(now: datetime) -> str:
    """A signed word of when the form was opened."""
    return signing.dumps(int(now.timestamp()), salt=_STAMP_SALT)


def seconds_open(value: str, *, now: datetime) -> int | None:
    """How long the form has been open; None when the stamp is missing or forged."""
    try:
        return int(now.timestamp()) - int(signing.loads(value, salt=_STAMP_SALT))
    except (signing.BadSignature, TypeError, ValueError):
        return None
