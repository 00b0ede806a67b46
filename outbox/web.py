"""The one way out to addresses that people typed in: robots, webhooks, files of an import (hardening.md, SSRF).

A name is resolved once, every address behind it is checked, and the connection goes to a checked address: whoever
changes the name in between gains nothing. What is sent follows no redirect; what is fetched does, and each step is
checked anew. No proxy of the environment is asked, and no more is read than was agreed. Private addresses are
reached only where the administrator named their network.
"""

import http.client
import ipaddress
import socket
import ssl
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import SplitResult, urljoin, urlsplit

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from outbox.models import AllowedNetwork

#: Whoever answers more has no short word for us; what is beyond is not read.
MOST_ANSWER = 64 * 1024
LONGEST_URL = 2000
#: A file that lies elsewhere is often one step away (a signed address of a store), seldom more.
MOST_STEPS = 3
_AGENT = "helpdesk-outbox/1"
Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class Refused(Exception):
    """This address is none that we call: nothing was sent. Its text is for the administrator."""


class Unreachable(Exception):
    """Nobody answered, or not in time; it may pass."""


class TooLarge(Exception):
    """There is more of it than was asked for; the rest was not read."""


@dataclass(frozen=True)
class Answer:
    """What came back: the status, the headers in lower case, and the beginning of the body."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode("utf-8", errors="replace")


def check_address(url: str) -> SplitResult:
    """`check` for a form.

    Raises:
        ValidationError: with what is wrong with the address.
    """
    try:
        return check(url)
    except Refused as refusal:
        raise ValidationError(str(refusal), code="address") from refusal


def check(url: str) -> SplitResult:
    """Look at an address before it is kept: its shape, and where its name leads just now.

    A name that nobody knows at the moment is let through; it is checked again whenever something is sent.

    Raises:
        Refused: for anything but http(s), for a name with a password, and for addresses that are not public.
    """
    parts = _parts(url)
    try:
        _allowed(parts)
    except Unreachable:
        pass
    return parts


def post(url: str, *, body: bytes, headers: Mapping[str, str] | None = None, timeout: float = 10) -> Answer:
    """Send ``body`` to ``url`` by POST, within ``timeout`` seconds all in all (the name server's time aside).

    Raises:
        Refused: the address is none that we call; there was no connection.
        Unreachable: no connection, no answer in time, or a broken one.
    """
    sent = _Sent("POST", body, headers or {}, MOST_ANSWER)
    return _call(_parts(url), sent, ends_at=time.monotonic() + timeout)


def get(url: str, *, most: int, headers: Mapping[str, str] | None = None, timeout: float = 60) -> Answer:
    """Fetch ``url``, up to ``most`` bytes, within ``timeout`` seconds all in all (the name server's time aside).

    Redirects are followed, each to an address that is checked like the first one, and never from https to http;
    ``headers``, which may hold a secret, go to the host of ``url`` alone.

    Raises:
        Refused: one of the addresses is none that we call, or there are too many of them.
        Unreachable: no connection, no answer in time, or a broken one.
        TooLarge: the body is longer than ``most``.
    """
    parts, given = _parts(url), dict(headers or {})
    ends_at = time.monotonic() + timeout
    for _step in range(MOST_STEPS + 1):
        answer = _call(parts, _Sent("GET", None, given, most + 1), ends_at=ends_at)
        onward = answer.headers.get("location", "")
        if answer.status not in (301, 302, 303, 307, 308) or not onward:
            if len(answer.body) > most:
                raise TooLarge
            return answer
        following = _parts(urljoin(parts.geturl(), onward), longest=4 * LONGEST_URL)  # stores sign at length
        if parts.scheme == "https" and following.scheme != "https":
            raise Refused(_("It leads from https to http."))
        if origin(following) != origin(parts):
            given = {}
        parts = following
    raise Refused(_("It leads from one address to another too many times."))


def origin(parts: SplitResult) -> tuple[str, str, int]:
    """Scheme, host and port: where an answer comes from."""
    return parts.scheme, parts.hostname or "", _port(parts)


@dataclass(frozen=True)
class _Sent:
    method: str
    body: bytes | None
    headers: Mapping[str, str]
    most: int


def _call(parts: SplitResult, sent: _Sent, *, ends_at: float) -> Answer:
    error: OSError | None = None
    for address in _allowed(parts):
        connection = _connection(parts, address, timeout=ends_at - time.monotonic())
        try:
            connection.connect()
        except OSError as failed:  # the next address of the same name may be there
            error = failed
            connection.close()
            continue
        return _ask(connection, parts, sent, seconds=ends_at - time.monotonic())
    raise Unreachable(f"{parts.hostname}: {_words(error)}") from error


def resolve(host: str, port: int) -> list[str]:
    """The addresses behind a name, in the order in which they are to be tried.

    Raises:
        OSError: when nobody knows the name.
    """
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(row[4][0]) for row in found))


def _parts(url: str, longest: int = LONGEST_URL) -> SplitResult:
    if len(url) > longest or not url.isascii() or any(char.isspace() or not char.isprintable() for char in url):
        raise Refused(_("This is no address that can be called."))
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise Refused(_("This is no address that can be called.")) from error
    if parts.scheme not in ("http", "https") or not parts.hostname or port == 0:
        raise Refused(_("The address has to begin with https:// (or http:// inside your own network)."))
    if parts.username is not None or parts.password is not None:
        raise Refused(_("The address must not hold a user name or a password."))
    return parts


def _port(parts: SplitResult) -> int:
    return parts.port or (443 if parts.scheme == "https" else 80)


def _allowed(parts: SplitResult) -> list[str]:
    """The addresses to connect to. One forbidden address behind a name forbids the name."""
    host = parts.hostname or ""
    try:
        found = resolve(host, _port(parts))
    except (OSError, UnicodeError) as error:
        raise Unreachable(f"{host}: {_words(error)}") from error
    networks = None
    for text in found:
        address = ipaddress.ip_address(text.partition("%")[0])
        if is_public(address):
            continue
        if networks is None:
            networks = [ipaddress.ip_network(row) for row in AllowedNetwork.objects.values_list("network", flat=True)]
        if not _may_be_allowed(address) or not any(address in network for network in networks):
            raise Refused(_("This address leads to a network that is not public. An administrator can allow it."))
    if not found:
        raise Unreachable(f"{host}: no address")
    return found


def is_public(address: Address) -> bool:
    """Whether everybody can reach ``address``; one that is dressed as IPv6 is looked at as what it is."""
    if isinstance(address, ipaddress.IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour or (address.teredo or (None, None))[1]
        if inner is None and address in _NAT64:
            inner = ipaddress.IPv4Address(int(address) & 0xFFFF_FFFF)
        if inner is not None:
            return is_public(inner)
        if address.is_site_local:
            return False
    return address.is_global and not address.is_multicast and not address.is_reserved


_NAT64 = ipaddress.ip_network("64:ff9b::/96")


def _may_be_allowed(address: Address) -> bool:
    """Clouds keep their keys at link-local addresses: no row opens those."""
    mapped = getattr(address, "ipv4_mapped", None)
    return not ((mapped or address).is_link_local or address.is_multicast or address.is_unspecified)


class _Plain(http.client.HTTPConnection):
    """Connects to a checked address whatever the name says by now."""

    checked = ""

    def connect(self) -> None:
        self.sock = socket.create_connection((self.checked, self.port), self.timeout)


class _Secure(http.client.HTTPSConnection):
    """The same; the certificate is still that of the name."""

    checked = ""

    def connect(self) -> None:
        plain = socket.create_connection((self.checked, self.port), self.timeout)
        try:
            self.sock = ssl.create_default_context().wrap_socket(plain, server_hostname=self.host)
        except BaseException:
            plain.close()
            raise


def _connection(parts: SplitResult, address: str, *, timeout: float) -> _Plain | _Secure:
    make = _Secure if parts.scheme == "https" else _Plain
    connection = make(parts.hostname or "", _port(parts), timeout=max(timeout, 0.1))
    connection.checked = address
    return connection


def _ask(connection: _Plain | _Secure, parts: SplitResult, sent: _Sent, *, seconds: float) -> Answer:
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    # Every byte that trickles in would begin the socket's own time anew; this one ends for all of them together.
    late = threading.Event()
    alarm = threading.Timer(max(seconds, 0.1), _cut, [connection.sock, late])
    alarm.daemon = True
    alarm.start()
    try:
        headers = {"User-Agent": _AGENT, "Connection": "close", **sent.headers}
        connection.request(sent.method, path, body=sent.body, headers=headers)
        response = connection.getresponse()
        begun = response.read(sent.most)
        if late.is_set():  # what was cut off looks like an answer that ended
            raise TimeoutError("no whole answer in time")
        if sent.method == "GET" and len(begun) < sent.most and response.length:
            raise http.client.IncompleteRead(b"")  # it broke off before the end that was announced
        return Answer(response.status, {name.lower(): value for name, value in response.getheaders()}, begun)
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise Unreachable(f"{parts.hostname}: {_words(error)}") from error
    finally:
        alarm.cancel()
        connection.close()


def _cut(sock: socket.socket, late: threading.Event) -> None:
    """End a conversation from outside; the socket itself, because its connection lets go of it before the body."""
    late.set()
    try:
        sock.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass  # it was over by itself


def _words(error: Exception | None) -> str:
    """What went wrong, without the address: its path or query is a secret."""
    return f"{type(error).__name__}: {error}" if isinstance(error, OSError) else type(error).__name__
