"""Secrets that have to be read again (passwords of other servers), kept so that the database alone betrays none.

What is only compared is hashed elsewhere and never comes here. The key is derived from `SECRET_KEY`: whoever changes
that enters these secrets anew, as every session and every link is void then too.
"""

import base64

from cryptography.fernet import Fernet, InvalidToken
from django.conf import settings
from django.utils.crypto import salted_hmac


class Unreadable(ValueError):
    """The secret was sealed with another `SECRET_KEY`."""


def seal(secret: str) -> str:
    """``secret`` as it may lie in a table; nothing stays nothing."""
    return _box().encrypt(secret.encode()).decode() if secret else ""


def unseal(sealed: str) -> str:
    """What was sealed.

    Raises:
        Unreadable: when it was sealed with another key, or changed.
    """
    if not sealed:
        return ""
    try:
        return _box().decrypt(sealed.encode()).decode()
    except InvalidToken as error:
        raise Unreadable("sealed with another SECRET_KEY: enter it again") from error


def _box() -> Fernet:
    key = salted_hmac("outbox.sealing", "fernet", secret=settings.SECRET_KEY, algorithm="sha256").digest()
    return Fernet(base64.urlsafe_b64encode(key))
