"""Requests that leave the house, to addresses that somebody typed: none of them reaches the house's own network.

A name is resolved once, every address that it has is checked, and the connection goes to the address that was
checked, so that a name cannot mean another host a moment later (DNS rebinding). No redirect is followed and the
answer is read up to a bound. Weaknesses of this kind elsewhere: Z CVE-2025-32358, CVE-2026-34719; FS CVE-2026-41905.
"""

import http.client
import ipaddress
import socket
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

#: So much of an answer is read.
MOST_BYTES = 64 * 1024
_Address = ipaddress.IPv4Address | ipaddress.IPv6Address
#: Addresses that carry another one inside: to them belongs what their inner one is.
_NAT64 = ipaddress.ip_network("64:ff9b::/96")


class Refused(Exception):
    """The address may not be called, now or later."""


class Unreachable(Exception):
    """Nobody answered; later somebody may."""


@dataclass(frozen=True)
class Answer:
    """What came back: the status and the first bytes of the body."""

    status: int
    body: bytes


def check_address(url: str) -> None:
    """Refuse an address that may never be called, for forms; what has no answer from the name server now is let pass.

    Raises:
        ValidationError: not http or https, with a name and password, or leading into a private network.
    """
    try:
        parts = _split(url)
        _resolve(parts)
    except Refused as error:
        raise ValidationError(_("This address cannot be used: %(why)s") % {"why": error}, code="address") from error
    except Unreachable:
        pass  # checked again with every request


def post(url: str, *, body: bytes, headers: Mapping[str, str], timeout: float) -> Answer:
    """POST ``body`` to ``url`` within ``timeout`` seconds for each step.

    Raises:
        Refused: the address is not one that may be called.
        Unreachable: no name, no connection, no answer in time.
    """
    parts = _split(url)
    address = _resolve(parts)
    connection = _connection(parts, address, timeout)
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    sent = {"Host": parts.netloc, "Connection": "close", **headers}
    try:
        connection.request("POST", target, body=body, headers=sent)
        response = connection.getresponse()
        return Answer(response.status, response.read(MOST_BYTES))
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise Unreachable(f"{type(error).__name__}: {error}"[:300]) from error
    finally:
        connection.close()


def _split(url: str) -> SplitResult:
    if any(ord(char) <= 32 or ord(char) == 127 for char in url):
        raise Refused(_("it holds spaces or control characters."))
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise Refused(_("it is not readable.")) from error
    if parts.scheme not in ("http", "https") or not parts.hostname or "%" in parts.hostname or port == 0:
        raise Refused(_("it has to begin with https:// or http://."))
    if parts.username is not None or parts.password is not None:
        raise Refused(_("it must not hold a name or a password."))
    return parts


def _resolve(parts: SplitResult) -> str:
    """The address to connect to, when every address of the name may be called."""
    try:
        found = socket.getaddrinfo(parts.hostname, _port(parts), type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise Unreachable(f"{type(error).__name__}: {error}"[:300]) from error
    addresses = [str(entry[4][0]) for entry in found]
    for address in addresses:
        if not _is_public(ipaddress.ip_address(address.partition("%")[0])):
            raise Refused(_("it leads into a private network."))
    if not addresses:
        raise Unreachable("no address")
    return addresses[0]


def _is_public(address: _Address) -> bool:
    """Whether ``address`` lies outside, or in a network that the operator named."""
    if any(address in ipaddress.ip_network(network) for network in settings.OUTBOUND_NETWORKS):
        return True
    if address.version == 6:
        inner = address.ipv4_mapped or address.sixtofour or (address.teredo[1] if address.teredo else None)
        if address in _NAT64:
            inner = ipaddress.ip_address(int(address) & 0xFFFFFFFF)  # type: ignore[assignment]
        if inner is not None:
            return _is_public(inner)
        if address.is_site_local:
            return False
    return address.is_global and not address.is_multicast


def _port(parts: SplitResult) -> int:
    return parts.port or (443 if parts.scheme == "https" else 80)


class _Pinned(http.client.HTTPConnection):
    """Connects to the address that was checked and speaks TLS with the name that was asked for."""

    def __init__(self, host: str, port: int, address: str, timeout: float, *, secure: bool) -> None:
        super().__init__(host, port, timeout=timeout)
        self._pinned, self._secure = address, secure

    def connect(self) -> None:
        self.sock = socket.create_connection((self._pinned, self.port), self.timeout)
        if self._secure:
            context = ssl.create_default_context()
            self.sock = context.wrap_socket(self.sock, server_hostname=self.host)


def _connection(parts: SplitResult, address: str, timeout: float) -> _Pinned:
    return _Pinned(str(parts.hostname), _port(parts), address, timeout, secure=parts.scheme == "https")
