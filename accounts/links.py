"""Invitation links: derived by HMAC when the mail is made, so that no readable secret lies in a table.

The HMAC covers the stored password mark, which changes when the link is used or a new one is asked for: that makes it
single use without a row of its own.
"""

import re
from datetime import UTC, datetime, timedelta

from django.utils.crypto import constant_time_compare, salted_hmac
from django.utils.http import base36_to_int, int_to_base36

from accounts.models import User

INVITATION_LIFE = timedelta(days=3)
_SHAPE = re.compile(r"\A([0-9a-z]{1,13})-([0-9a-z]{1,13})-([0-9a-f]{64})\Z")


def invitation_token(*, user: User, now: datetime) -> str:
    """A token for `/invitation/<token>/`, good from ``now`` for three days or until it is used."""
    issued = int(now.timestamp())
    return f"{int_to_base36(user.pk)}-{int_to_base36(issued)}-{_seal(user, issued)}"


def person_of_invitation(*, token: str, now: datetime, lock: bool = False) -> User | None:
    """Whom a token invites; None when it is malformed, forged, used, replaced or expired."""
    match = _SHAPE.match(token)
    if match is None:
        return None
    pk, issued = base36_to_int(match[1]), base36_to_int(match[2])
    if pk >= 2**63 or issued >= 2**40:
        return None
    people = User.objects.select_for_update() if lock else User.objects.all()
    user = people.filter(pk=pk, is_active=True).first()
    if user is None or user.has_usable_password() or not constant_time_compare(_seal(user, issued), match[3]):
        return None
    age = now - datetime.fromtimestamp(issued, UTC)
    return user if timedelta(seconds=-60) <= age <= INVITATION_LIFE else None


def _seal(user: User, issued: int) -> str:
    value = f"{user.pk}|{user.email}|{user.password}|{issued}"
    return salted_hmac("accounts.invitation", value, algorithm="sha256").hexdigest()
