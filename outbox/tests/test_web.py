"""The way out: what is never called, however it is written, and what comes back from what is."""

import socket
import threading
import time as wall

import pytest

from outbox import web
from outbox.models import AllowedNetwork
from outbox.tests.listener import listening

pytestmark = pytest.mark.django_db


@pytest.fixture
def listener():
    with listening() as server:
        yield server


@pytest.fixture
def house():
    AllowedNetwork.objects.create(network="127.0.0.0/8")


INSIDE = [
    "http://127.0.0.1:{port}/",
    "http://localhost:{port}/",
    "http://2130706433:{port}/",  # the same as one decimal number
    "http://0x7f000001:{port}/",
    "http://0177.0.0.1:{port}/",
    "http://127.1:{port}/",
    "http://0.0.0.0:{port}/",
    "http://[::1]:{port}/",
    "http://[::ffff:127.0.0.1]:{port}/",
    "http://[::ffff:7f00:1]:{port}/",
]


@pytest.mark.parametrize("url", INSIDE)
def test_nothing_inside_is_called_at_save_or_at_send(url, listener):
    url = url.format(port=listener.port)
    with pytest.raises((web.Refused, web.Unreachable)):
        web.post(url, body=b"{}")
    try:
        web.check(url)
        resolvable = False  # let through only because nobody knows the name at all
        socket_knows = True
        try:
            web.resolve(web._parts(url).hostname, 80)
        except OSError:
            socket_knows = False
        assert not socket_knows, url
    except web.Refused:
        resolvable = True
    assert listener.connections == 0, resolvable


@pytest.mark.parametrize(
    "address",
    [
        "10.0.0.1",
        "172.16.3.4",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "224.0.0.1",
        "255.255.255.255",
        "0.0.0.0",
        "::",
        "::1",
        "fe80::1",
        "fc00::1",
        "fec0::1",
        "ff02::1",
        "::ffff:10.0.0.1",
        "64:ff9b::a9fe:a9fe",
        "2002:7f00:1::",
        "2001:db8::1",
    ],
)
def test_what_is_not_public(address, monkeypatch):
    monkeypatch.setattr(web, "resolve", lambda host, port: ["93.184.215.14", address])
    with pytest.raises(web.Refused):  # one bad address behind a name spoils the name
        web.check("https://chat.example.com/")


@pytest.mark.parametrize("address", ["93.184.215.14", "2606:2800:21f:cb07:6820:80da:af6b:8b2c", "64:ff9b::808:808"])
def test_what_is_public(address, monkeypatch):
    monkeypatch.setattr(web, "resolve", lambda host, port: [address])
    assert web.check("https://chat.example.com/").hostname == "chat.example.com"


@pytest.mark.parametrize(
    "url",
    [
        "",
        "ftp://example.com/",
        "file:///etc/passwd",
        "gopher://example.com/",
        "https://",
        "https://user:word@example.com/",
        "https://example.com/\r\nX: y",
        "https://example.com:99999/",
        "https://example.com:0/",
        "https://exämple.com/",
        "https://example.com/" + "x" * 2000,
        "//example.com/",
    ],
)
def test_what_is_no_address(url):
    with pytest.raises(web.Refused):
        web.post(url, body=b"")


def test_a_name_that_turns_to_the_inside_after_the_check_gains_nothing(listener, monkeypatch):
    """DNS rebinding: public when it was saved, private when something is sent."""
    turns = iter([["93.184.215.14"], ["127.0.0.1"]])
    monkeypatch.setattr(web, "resolve", lambda host, port: next(turns))
    url = f"http://rebind.example.com:{listener.port}/"
    web.check(url)
    with pytest.raises(web.Refused):
        web.post(url, body=b"{}")
    assert listener.connections == 0


def test_a_name_is_asked_once_and_the_checked_address_is_called(listener, monkeypatch, house):
    asked = []
    monkeypatch.setattr(web, "resolve", lambda host, port: asked.append(host) or ["127.0.0.1"])
    monkeypatch.setattr(socket, "getaddrinfo", _only_numbers(socket.getaddrinfo))
    answer = web.post(f"http://hook.example.com:{listener.port}/a?b=c", body=b"x", headers={"X-One": "1"})
    assert (answer.status, answer.text) == (200, '{"errcode":0,"errmsg":"ok"}')
    assert asked == ["hook.example.com"]
    path, headers, body = listener.heard[0]
    assert (path, body, headers["X-One"]) == ("/a?b=c", b"x", "1")
    assert headers["Host"] == f"hook.example.com:{listener.port}"


def _only_numbers(real):
    def ask(host, *args, **kwargs):
        assert host[0].isdigit(), f"{host} was looked up again"
        return real(host, *args, **kwargs)

    return ask


def test_no_redirect_is_followed(listener, house):
    with listening() as inner:
        listener.says((302, {"Location": inner.url}, b"there"))
        assert web.post(listener.url, body=b"{}").status == 302
        assert inner.connections == 0


def test_no_row_opens_the_addresses_of_a_cloud(monkeypatch):
    for network in ("0.0.0.0/0", "169.254.0.0/16", "::/0"):
        AllowedNetwork.objects.create(network=network)
    for address in ("169.254.169.254", "::ffff:169.254.169.254", "fe80::1", "0.0.0.0", "::"):
        monkeypatch.setattr(web, "resolve", lambda host, port, address=address: [address])
        with pytest.raises(web.Refused):
            web.check("http://metadata.example.com/")
    monkeypatch.setattr(web, "resolve", lambda host, port: ["10.1.2.3"])
    web.check("http://chat.inside.example/")


def test_no_more_is_read_than_a_short_answer(listener, house):
    listener.says(b"x" * 3_000_000)
    assert len(web.post(listener.url, body=b"{}").body) == web.MOST_ANSWER


@pytest.mark.parametrize("drop", [b"X-A: b\r\n", b"\r\nbody"])
def test_an_answer_that_trickles_ends_in_time(house, drop):
    """Each byte in time, the whole never: the bound is one for all bytes."""
    server = socket.create_server(("127.0.0.1", 0))
    ended = threading.Event()

    def trickle():
        peer, _address = server.accept()
        with peer:
            try:
                peer.sendall(b"HTTP/1.1 200 OK\r\n")
                while not ended.wait(0.05):
                    peer.sendall(drop)
            except OSError:
                pass

    thread = threading.Thread(target=trickle, daemon=True)
    thread.start()
    began = wall.monotonic()
    with pytest.raises(web.Unreachable):
        web.post(f"http://127.0.0.1:{server.getsockname()[1]}/", body=b"{}", timeout=0.5)
    assert wall.monotonic() - began < 5
    ended.set()
    thread.join()
    server.close()


def test_nobody_there_is_unreachable_and_the_secret_is_not_told(listener, house):
    free = socket.create_server(("127.0.0.1", 0))
    port = free.getsockname()[1]
    free.close()
    with pytest.raises(web.Unreachable) as failed:
        web.post(f"http://127.0.0.1:{port}/hook?key=s3cret", body=b"{}", timeout=2)
    assert "s3cret" not in str(failed.value)


class TestFetching:
    """What is fetched: the same checks at each step, no more than was agreed, credentials for the first host alone."""

    def test_a_file_comes_whole(self, listener, house):
        listener.says(b"x" * 200_000)
        answer = web.get(listener.url, most=200_000, headers={"Authorization": "Token t"})
        assert (answer.status, len(answer.body)) == (200, 200_000)
        path, headers, body = listener.heard[0]
        assert (path, headers["Authorization"], body) == ("/hook?key=s3cret", "Token t", b"")
        with pytest.raises(web.TooLarge):
            web.get(listener.url, most=199_999)

    @pytest.mark.parametrize("url", INSIDE)
    def test_nothing_inside_is_called(self, url, listener):
        with pytest.raises((web.Refused, web.Unreachable)):
            web.get(url.format(port=listener.port), most=10)
        assert listener.connections == 0

    def test_a_step_to_the_inside_is_refused(self, listener, monkeypatch):
        """The first address is allowed, the one that it leads to is not."""
        AllowedNetwork.objects.create(network="127.0.0.1/32")
        with listening() as inner:
            for onward in (f"http://127.0.0.2:{inner.port}/", f"http://[::1]:{inner.port}/", "http://169.254.169.254/"):
                listener.says((302, {"Location": onward}, b""))
                with pytest.raises(web.Refused):
                    web.get(listener.url, most=10)
            assert inner.connections == 0

    def test_steps_are_followed_without_the_credentials(self, listener, house):
        with listening() as inner:
            inner.says(b"file")
            listener.says((302, {"Location": "/again"}, b""), (307, {"Location": inner.url}, b""))
            answer = web.get(listener.url, most=10, headers={"Authorization": "Token t"})
            assert answer.body == b"file"
            assert [headers.get("Authorization") for _path, headers, _body in listener.heard] == ["Token t"] * 2
            assert "Authorization" not in inner.heard[0][1]

    def test_a_circle_ends(self, listener, house):
        listener.says((302, {"Location": "/again"}, b""))
        with pytest.raises(web.Refused):
            web.get(listener.url, most=10)
        assert listener.connections == web.MOST_STEPS + 1

    @pytest.mark.parametrize(
        "onward", ["file:///etc/passwd", "ftp://example.com/", "http://u:p@example.com/", "http://"]
    )
    def test_a_step_to_no_address_is_refused(self, listener, house, onward):
        listener.says((301, {"Location": onward}, b""))
        with pytest.raises(web.Refused):
            web.get(listener.url, most=10)

    def test_from_https_it_never_leads_to_http(self, listener, house, monkeypatch):
        moved = web.Answer(302, {"location": "http://files.example.com/"}, b"")
        asked = []
        monkeypatch.setattr(web, "_call", lambda parts, sent, ends_at: asked.append(parts.geturl()) or moved)
        with pytest.raises(web.Refused):
            web.get("https://desk.example.com/", most=10)
        assert asked == ["https://desk.example.com/"]

    def test_what_breaks_off_is_no_file(self, house):
        server = socket.create_server(("127.0.0.1", 0))

        def half():
            peer, _address = server.accept()
            with peer:
                peer.recv(4096)
                peer.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")

        thread = threading.Thread(target=half, daemon=True)
        thread.start()
        with pytest.raises(web.Unreachable):
            web.get(f"http://127.0.0.1:{server.getsockname()[1]}/", most=1000, timeout=5)
        thread.join()
        server.close()
