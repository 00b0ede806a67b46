"""Secrets that have to be read again, such as the address of a robot: sealed in the row, opened when they are used.

Sealed with a key derived from SECRET_KEY, so that neither a dump of the database nor the audit of its rows tells them.
Who changes SECRET_KEY enters them anew.
"""

import base64
import hashlib
import hmac

from cryptography.fernet import Fernet, InvalidToken
from django.conf import settings
from django.utils.translation import gettext as _


class Unreadable(Exception):
    """Sealed with another SECRET_KEY, or damaged. Its text is for the administrator."""


def seal(secret: str) -> str:
    """``secret`` as it is kept; nothing stays nothing."""
    return _box().encrypt(secret.encode()).decode() if secret else ""


def unseal(sealed: str) -> str:
    """What `seal` was given.

    Raises:
        Unreadable: when it cannot be opened.
    """
    if not sealed:
        return ""
    try:
        return _box().decrypt(sealed.encode()).decode()
    except InvalidToken:
        raise Unreadable(_("This secret cannot be read any more: SECRET_KEY was changed. Enter it again.")) from None


def _box() -> Fernet:
    key = hmac.new(settings.SECRET_KEY.encode(), b"outbox.sealing", hashlib.sha256).digest()
    return Fernet(base64.urlsafe_b64encode(key))
