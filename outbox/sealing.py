"""Secrets that have to be read again, such as the address of a robot: sealed in the row, opened when they are used.

Sealed with a key derived from SECRET_KEY, so that neither a dump of the database nor the audit of its rows tells them.
While SECRET_KEY is replaced, what was sealed with a key of SECRET_KEY_FALLBACKS opens too; who changes it without
that enters them anew.
"""

import base64
import hashlib
import hmac

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
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


def _box() -> MultiFernet:
    """Seals with the first key, opens with any."""
    keys = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
    made = [hmac.new(key.encode(), b"outbox.sealing", hashlib.sha256).digest() for key in keys]
    return MultiFernet([Fernet(base64.urlsafe_b64encode(key)) for key in made])
