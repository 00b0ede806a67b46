"""Requests to addresses that somebody typed: never into the house's own network, whatever the address looks like."""

import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from django.core.exceptions import ValidationError

from outbox import web

_FORBIDDEN = [
    "http://127.0.0.1/",
    "http://[::1]/",
    "http://169.254.169.254/latest/meta-data/",
    "http://2130706433/",  # 127.0.0.1 as a number
    "http://0x7f.1/",
    "http://127.1/",
    "http://0.0.0.0/",
    "http://[::ffff:10.0.0.1]/",
    "http://[64:ff9b::a00:1]/",  # NAT64 of 10.0.0.1
    "http://[2002:7f00:1::]/",  # 6to4 of 127.0.0.1
    "http://[fd00::1]/",
    "http://[fe80::1%25eth0]/",
    "http://10.1.2.3/",
    "http://100.64.0.1/",
    "http://192.168.1.1:8080/",
    "http://224.0.0.1/",
    "http://localhost/",
    "ftp://example.com/",
    "file:///etc/passwd",
    "gopher://example.com/",
    "https://user:pw@example.com/",
    "https://exam ple.com/",
    "https://example.com/\r\nX-Evil: 1",
    "https://example.com:99999/",
    "https:///nothing",
    "nonsense",
]


@pytest.mark.parametrize("url", _FORBIDDEN)
def test_neither_form_nor_sending_takes_an_inner_address(url, monkeypatch):
    def connect(*_args, **_kwargs):
        raise AssertionError("a connection was tried")

    monkeypatch.setattr(socket, "create_connection", connect)
    with pytest.raises(ValidationError):
        web.check_address(url)
    with pytest.raises(web.Refused):
        web.post(url, body=b"{}", headers={}, timeout=1)


def _resolves_to(monkeypatch, *addresses: str) -> list[int]:
    asked: list[int] = []

    def getaddrinfo(_host, port, **_kwargs):
        asked.append(port)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in addresses]

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    return asked


def test_one_inner_address_among_several_is_enough_to_refuse(monkeypatch):
    _resolves_to(monkeypatch, "93.184.216.34", "10.0.0.7")
    with pytest.raises(web.Refused):
        web.post("http://two.example/", body=b"", headers={}, timeout=1)


def test_the_connection_goes_to_the_address_that_was_checked(monkeypatch):
    """The name is asked once: what it means a moment later does not matter (DNS rebinding)."""
    asked = _resolves_to(monkeypatch, "93.184.216.34")
    connected: list[tuple] = []

    def connect(address, _timeout):
        connected.append(address)
        raise OSError("nobody there")

    monkeypatch.setattr(socket, "create_connection", connect)
    with pytest.raises(web.Unreachable):
        web.post("http://rebinding.example:8080/", body=b"", headers={}, timeout=1)
    assert connected == [("93.184.216.34", 8080)]
    assert asked == [8080]


def test_a_name_that_is_unknown_now_may_be_saved_and_is_tried_later(monkeypatch):
    def getaddrinfo(*_args, **_kwargs):
        raise socket.gaierror("no such name")

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    web.check_address("https://later.example/")
    with pytest.raises(web.Unreachable):
        web.post("https://later.example/", body=b"", headers={}, timeout=1)


class _Receiver(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.seen.append((self.path, dict(self.headers), body))
        self.send_response(302 if self.path == "/moved" else 200)
        self.send_header("Location", "http://127.0.0.1:1/")
        self.end_headers()
        self.wfile.write(b"x" * (200_000 if self.path == "/long" else 10))

    def log_message(self, *_args: object) -> None:
        pass


@pytest.fixture
def receiver() -> Iterator[HTTPServer]:
    server = HTTPServer(("127.0.0.1", 0), _Receiver)
    server.seen = []
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()


def test_a_network_that_the_operator_named_is_reached(receiver, settings):
    settings.OUTBOUND_NETWORKS = ["127.0.0.0/8"]
    url = f"http://127.0.0.1:{receiver.server_port}/in?a=1"
    answer = web.post(url, body='{"ü": 1}'.encode(), headers={"X-Helpdesk-Id": "7"}, timeout=5)
    assert (answer.status, answer.body) == (200, b"x" * 10)
    path, headers, body = receiver.seen[0]
    assert (path, headers["X-Helpdesk-Id"], body.decode()) == ("/in?a=1", "7", '{"ü": 1}')
    assert headers["Host"] == f"127.0.0.1:{receiver.server_port}"


def test_no_redirect_is_followed_and_a_long_answer_is_cut(receiver, settings):
    settings.OUTBOUND_NETWORKS = ["127.0.0.0/8"]
    base = f"http://127.0.0.1:{receiver.server_port}"
    assert web.post(f"{base}/moved", body=b"", headers={}, timeout=5).status == 302
    assert len(web.post(f"{base}/long", body=b"", headers={}, timeout=5).body) == web.MOST_BYTES
    assert len(receiver.seen) == 2
