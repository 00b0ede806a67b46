"""Origins of sites (RFC 6454): what a browser calls the place that a page is from. Pure."""

import re
from urllib.parse import urlsplit

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

MOST_ORIGINS = 20
#: Where a browser trusts plain http, because nobody is in between.
_LOCAL = {"localhost", "127.0.0.1"}
_LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
_PORTS = {"http": 80, "https": 443}


def clean_origin(text: str) -> str:
    """``text`` as browsers write it: small letters, names in ASCII, without the usual port.

    Raises:
        ValidationError: it is no origin, holds a wildcard or a path, or is http for anything but this machine.
    """
    try:
        parts = urlsplit(text.strip())
        port, host = parts.port, _host(parts.hostname or "")
    except ValueError as error:
        raise _refused(text) from error
    scheme = parts.scheme.lower()
    if scheme not in _PORTS or parts.path not in ("", "/") or parts.query or parts.fragment or "@" in parts.netloc:
        raise _refused(text)
    if scheme == "http" and host not in _LOCAL:
        raise ValidationError(_("“%(text)s” has to begin with https://.") % {"text": text[:60]})
    return f"{scheme}://{host}" + ("" if port in (None, _PORTS[scheme]) else f":{port}")


def validate_origin(text: str) -> None:
    """`clean_origin` for a model: what is kept is written as browsers write it.

    Raises:
        ValidationError: as there.
    """
    if clean_origin(text) != text:
        raise _refused(text)


def _host(name: str) -> str:
    """Raises ValueError for what is no name of a host."""
    ascii_name = name.encode("idna").decode().lower() if not name.isascii() else name
    if not ascii_name or len(ascii_name) > 200 or not all(_LABEL.fullmatch(part) for part in ascii_name.split(".")):
        raise ValueError(name)
    return ascii_name


def _refused(text: str) -> ValidationError:
    words = _("“%(text)s” is no site: write https://www.example.com, without a path and without *.")
    return ValidationError(words % {"text": text[:60]})
