"""Mails that were made to break a reader: each is read within two seconds, and nothing is ever raised."""

import base64
import random
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from intake.mail.parsing import parse
from intake.mail.structure import MAX_PARTS

_MB = 1 << 20
_SECONDS = 2.0
_HEAD = b"From: a@b.example\nSubject: Re: x\nIn-Reply-To: <a@b>\nContent-Type: text/%s; charset=utf-8\n\n"
HTML = [
    b"<", b"[", b'<a "', b"<a '", b"<!--", b"<style>", b"<td>x", b"<blockquote type=cite>x", b"<div>", b"<li>x",
    b"&nbsp;", b"&#", b"<p " + b"a" * 500, b"</", b"<!", b'<a href="http://x">y</a>',
]  # fmt: skip
TEXT = [
    b"<", b"[", b">", b">\n", b"\n", b" ", b"-- \n", b"On 1 wrote:\n", b"From: x\n", b"From: a\nTo: x\n",
    b"_____\n", b"begin 644 x\n", "\ue000\n".encode(), b"a@", b"could not deliver ", b"-----Original", b"x",
    b"-----BEGIN PGP SIGNED MESSAGE-----\n", b"=ybegin line=1 size=1 name=a\n",
    b"=ybegin line=1 size=1 name=a\n=yend size=1\n",
    "\ue000x\n\ue000x\n\ue001".encode(), b"---- x wrote ",
]  # fmt: skip
HEADER = [
    b"=?utf-8?B?",
    b"=?utf-8?B?5L2g?= ",
    b"=?a?q?????",
    b"(",
    b'\\"(',
    b"<",
    b"a@",
    b"a",
    b",",
    b";a=",
    b'"',
    b"<a ",
    b"\xff\xfe",
]


def _filled(piece: bytes, size: int = _MB) -> bytes:
    return piece * (size // len(piece) + 1)


def _timed(raw: bytes):
    began = time.process_time()  # the other work of this machine is not counted
    mail = parse(raw)
    assert time.process_time() - began < _SECONDS
    assert not mail.error.startswith("not readable"), mail.error
    return mail


@pytest.mark.parametrize("piece", HTML)
def test_a_megabyte_of_html(piece):
    _timed(_HEAD % b"html" + _filled(piece))


@pytest.mark.parametrize("piece", TEXT)
def test_a_megabyte_of_text(piece):
    _timed(_HEAD % b"plain" + _filled(piece))
    _timed(b"From: MAILER-DAEMON@b.example\n\n" + _filled(piece))


@pytest.mark.parametrize("piece", HEADER)
@pytest.mark.parametrize("name", [b"Subject", b"From", b"References", b"Content-Type: text/plain; boundary", b"Date"])
def test_a_megabyte_of_a_header(name, piece):
    _timed(name + b": " + _filled(piece).replace(b"\n", b" ") + b"\n\nhi")


def test_thousands_of_headers_and_folds():
    assert "too many headers" in _timed(b"From: a@b.example\n" + _filled(b"X-A: y\n", 4 * _MB) + b"\nhi").error
    _timed(b"From: a@b.example\nX: " + _filled(b"\n y", 2 * _MB) + b"\n\nhi")
    _timed(b"From: a@b.example\n" + _filled(b"nonsense\nX-A: y\n", 2 * _MB))


def test_thousands_of_parts():
    mail = _timed(
        b"From: a@b.example\nContent-Type: multipart/mixed; boundary=b\n\n"
        + _filled(b"--b\nContent-Type: image/png\n\nx\n", 4 * _MB)
    )
    assert "too many parts" in mail.error
    assert len(mail.attachments) <= MAX_PARTS


def test_nesting_without_end():
    opened = b"".join(b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n" % (i, i) for i in range(20_000))
    assert "nested too deeply" in _timed(b"From: a@b.example\n" + opened).error
    _timed(b"From: a@b.example\n" + _filled(b"Content-Type: message/rfc822\n\n"))
    _timed(b"From: a@b.example\n" + _filled(b"Content-Type: multipart/mixed; boundary=b\n\n--b\n"))
    _timed(b"From: a@b.example\nContent-Type: multipart/mixed\n\n" + _filled(b"\n--"))


@pytest.mark.parametrize(
    "piece", [b"\x30\x80", b"\x24\x80", b"\x04\x00", b"\x30\x82\xff\xff", b"\xa0\x84\x7f\xff\xff\xff"]
)
def test_a_megabyte_that_says_it_was_signed(piece):
    signed = bytes.fromhex("3080 0609 2a864886f70d010702 a080 3080") + _filled(piece)
    _timed(b"From: a@b.example\nContent-Type: application/pkcs7-mime\n\n" + signed)


def test_ten_megabytes():
    raw = random.Random(7).randbytes(10 * _MB)
    head = b"From: a@b.example\nContent-Type: image/png; name=x.png\nContent-Transfer-Encoding: base64\n\n"
    (part,) = _timed(head + base64.encodebytes(raw)).attachments
    assert part.content == raw
    _timed(head + _filled(b"A=", 10 * _MB))
    text = _timed(_HEAD % b"plain" + _filled("打印机无法连接。\n".encode(), 10 * _MB))
    assert "too long" in text.error and text.attachments[0].size > 10 * _MB
    _timed(_HEAD % b"plain" + raw)
    _timed(raw)


def test_streams_of_tnef_that_lie():
    head = b"From: a@b.example\nContent-Type: application/ms-tnef\n\n\x78\x9f\x3e\x22\0\0"
    _timed(head + _filled(b"\x02\x02\x90\x06\0\0\0\0\0\0\0", 2 * _MB))
    _timed(head + b"\x01\x03\x90\x06\x00\xff\xff\xff\x7f" + b"\xff" * 1000)
    _timed(head + b"\x01\x03\x90\x06\x00\x0c\0\0\0\xff\xff\xff\xff\x02\x10\x00\x10\xff\xff\xff\xff")


@given(st.binary(max_size=2000))
@settings(max_examples=300)
def test_no_bytes_make_it_raise(raw):
    assert not parse(raw).error.startswith("not readable")


_LINES = st.lists(
    st.sampled_from([
    b"From: a@b", b"To: <c@d>, \"e", b"Subject: =?gbk?B?tPC4", b"Content-Type: multipart/mixed; boundary=b",
    b"Content-Type: text/html", b"Content-Type: multipart/report; report-type=delivery-status; boundary=b", b"",
    b"--b", b"--b--", b"Content-Type: message/delivery-status", b"Content-Transfer-Encoding: base64",
    b"Final-Recipient: rfc822;x@y", b"Action: failed", b"Status: 5.1.1", b"=", b"> q",
    b"On 1 Jan 2024 a@b wrote:", "发件人：a".encode("gbk"), b"<div class=gmail_quote>", b"</td>", b"begin 644 a",
    b"end", b"\t x", b"Date: Tue, 99", b"Content-Type: application/ms-tnef", b"x\x9f>\"\0\0",
    b"Content-Type: text/plain; format=flowed", b"-- ", b"Precedence: list",
]),
    max_size=40,
)  # fmt: skip


@given(_LINES)
@settings(max_examples=300)
def test_no_order_of_lines_makes_it_raise(lines):
    assert not parse(b"\n".join(lines)).error.startswith("not readable")


def test_real_mails_with_bytes_changed_never_make_it_raise(test_data):
    chance = random.Random(11)
    paths = sorted((test_data / "mail").glob("*.eml"))
    for _ in range(400):
        raw = bytearray(chance.choice(paths).read_bytes()[:60_000])
        for _change in range(chance.randint(1, 30)):
            at = chance.randrange(len(raw)) if raw else 0
            kind = chance.randrange(3)
            if kind == 0:
                raw[at : at + 1] = bytes([chance.randrange(256)])
            elif kind == 1:
                del raw[at : at + chance.randint(1, 200)]
            else:
                raw[at:at] = raw[: chance.randint(1, 200)]
        error = parse(bytes(raw)).error
        assert not error.startswith("not readable"), error
