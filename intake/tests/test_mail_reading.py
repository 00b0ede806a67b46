"""Reading a mail: character sets, names, parts, lists, and what is broken."""

import base64
import struct
import zlib
from datetime import UTC, datetime

import pytest

from intake.mail.charsets import decode
from intake.mail.flowed import unflow
from intake.mail.headers import decode_words, parameters
from intake.mail.html_text import plain, render
from intake.mail.parsing import parse
from intake.mail.subjects import strip_prefixes

_TEXT = "打印机无法连接，请尽快处理。客户已经等了三天，谢谢！"


@pytest.mark.parametrize(
    ("codec", "label", "named"),
    [
        ("gbk", "gb2312", "gb18030"),
        ("gb18030", "", "gb18030"),
        ("gb18030", "unknown-8bit", "gb18030"),
        ("gb18030", "us-ascii", "gb18030"),
        ("gb18030", "utf-8", "gb18030"),
        ("utf-8", "", "utf-8"),
        ("utf-8", "gb2312", "utf-8"),
        ("utf-8", "big5", "utf-8"),
        ("utf-8", "iso-8859-1", "utf-8"),
        ("utf-8", "no-such-set", "utf-8"),
        ("utf-8-sig", "gbk", "utf-8"),
        ("gbk", "iso-8859-1", "gb18030"),
        ("gb18030", "windows-1252", "gb18030"),
        ("utf-16", "", "utf-16"),
        ("hz", "hz-gb-2312", "hz-gb-2312"),
        ("utf-7", "utf-7", "utf-7"),
    ],
)
def test_chinese_is_read_whatever_the_label_says(codec, label, named):
    assert decode(_TEXT.encode(codec), label) == (_TEXT, named)


@pytest.mark.parametrize(
    ("text", "codec", "label"),
    [
        ("打印機無法連線，請儘快處理，謝謝您的幫忙。", "big5", "big5"),
        ("打印機無法連線，請儘快處理，謝謝您的幫忙。", "big5", ""),
        ("プリンターが接続できません。よろしくお願いします。", "iso2022_jp", "iso-2022-jp"),
        ("プリンターが接続できません。よろしくお願いします。", "iso2022_jp", ""),
        ("プリンターが接続できません。よろしくお願いします。", "cp932", "x-sjis"),
        ("プリンターが接続できません。よろしくお願いします。", "cp932", ""),
        ("プリンターが接続できません。よろしくお願いします。", "euc_jp", ""),
        ("프린터가 연결되지 않습니다. 빨리 처리해 주세요.", "cp949", "ks_c_5601-1987"),
        ("Die Prüfung läuft – „schön“", "cp1252", "iso-8859-1"),
        ("Die Prüfung läuft", "cp1252", ""),
        ("Принтер не подключается, помогите пожалуйста", "koi8-r", ""),
        ("Принтер не подключается, помогите пожалуйста", "cp1251", ""),
        ("€20", "cp1252", "windows-1252"),
    ],
)
def test_other_languages_are_read_too(text, codec, label):
    assert decode(text.encode(codec), label)[0] == text


@pytest.mark.parametrize(
    "text", ["ÄäÖöÜüÄäÖöÜü.txt", "ÄÖÜÄ ÖÜÄÖ ääää öööö", "»»»»»» ici ««««««", "¡¡¡¡ Señor ¿¿¿¿", "ÉÈÀÇ été où à"]
)
def test_western_letters_in_a_row_stay_what_they_are(text):
    for label in ("iso-8859-1", "windows-1252"):
        assert decode(text.encode(label), label)[0] == text


@pytest.mark.parametrize(
    "label", ["idna", "punycode", "hex", "zip", "rot13", "unicode_escape", "undefined", "../x", "\0", "x" * 999]
)
def test_a_label_that_is_no_character_set_of_mail_is_none(label):
    assert decode(_TEXT.encode(), label) == (_TEXT, "utf-8")


def test_halves_of_a_character_become_a_sign_that_can_be_stored():
    decode(b"+2D3-", "utf-7")[0].encode("utf-8")
    decode(b"\xff\xfe\x00\xd8", "")[0].encode("utf-8")


def test_a_word_that_was_cut_inside_a_character_is_put_together():
    raw = "打印机".encode()
    first, second = (base64.b64encode(piece).decode() for piece in (raw[:4], raw[4:]))
    assert decode_words(f"=?utf-8?B?{first}?= =?utf-8?B?{second}?=".encode()) == "打印机"
    assert (
        decode_words(f"=?utf-8?B?{first}?= =?utf-8?Q?{'=%02X' * len(raw[4:]) % tuple(raw[4:])}?=".encode()) == "打印机"
    )


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        (b"=?gb2312?B?tPC4tDo=?= Printer", "答复: Printer"),
        (b"=?utf-8?Q?a_b=20c?=", "a b c"),
        (b"=?utf-8*en?Q?ok?=", "ok"),
        (b"=?utf-8?B?5omT5Y2w5py6", "=?utf-8?B?5omT5Y2w5py6"),
        (b"=?utf-8?B?5omT5Y2w5py6!!?=", "打印机"),
        (b"=?nonsense?B?5omT5Y2w5py6?=", "打印机"),
        ("打印机".encode(), "打印机"),
        ("打印机无法连接".encode("gbk"), "打印机无法连接"),
        (b"a\r\n b", "a  b"),
        (b"=?iso-8859-1?B?tPLTobv6u7XByw==?=", "打印机坏了"),
        (b"=?iso-8859-1?Q?Stra=DFe_=FCber_=C4=D6=DC?=", "Straße über ÄÖÜ"),
        (b"=?utf-8?Q?=3D=3Futf-8=3FB=3F5omT5Y2w5py6=3F=3D?=", "打印机"),
        (b"=?utf-8?Q?about_=3D=3Futf-8=3FB=3F5omT5Y2w5py6=3F=3D?=", "about =?utf-8?B?5omT5Y2w5py6?="),
    ],
)
def test_subjects_as_programs_write_them(raw, text):
    assert decode_words(raw) == text


@pytest.mark.parametrize(
    ("raw", "name"),
    [
        (b"attachment; filename*=utf-8''%E6%89%93%E5%8D%B0.txt", "打印.txt"),
        (b"attachment; filename*0*=gb18030''%B4%F2; filename*1*=%D3%A1.txt", "打印.txt"),
        (b"attachment; filename*1=b.txt; filename*0=a", "ab.txt"),
        (b'attachment; filename="=?gbk?B?tPLToS50eHQ=?="', "打印.txt"),
        (b"attachment; filename=" + "打印.txt".encode("gbk"), "打印.txt"),
        (b'attachment; filename="a \\"b\\".txt"', 'a "b".txt'),
        (b"attachment; filename=two words.txt; size=1", "two words.txt"),
        (b'attachment;; filename="a.txt"', "a.txt"),
    ],
)
def test_names_of_files_as_programs_write_them(raw, name):
    assert parameters(raw)["filename"] == name


def attached(head: str, content: bytes = b"x"):
    raw = b"From: a@b.example\nContent-Type: multipart/mixed; boundary=X\n\n--X\n\nHello\n--X\n" + head.encode()
    return parse(raw + b"\n\n" + content + b"\n--X--\n")


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\\\x\\\\y.txt", "y.txt"),
        ("a\u202egpj.exe", "agpj.exe"),
        ("...", "attachment-1.bin"),
        ("x" * 400 + ".pdf", "x" * 138 + ".pdf"),
    ],
)
def test_a_name_is_a_name_and_no_path(name, kept):
    mail = attached(f'Content-Type: application/x-thing; name="{name}"')
    assert [part.name for part in mail.attachments] == [kept]


def test_a_mail_on_a_mail_is_named_by_its_subject_and_not_taken_apart():
    mail = attached("Content-Type: message/rfc822", b"Subject: Inner: one/two\n\ninside")
    (part,) = mail.attachments
    assert (part.name, part.type) == ("Inner one two.eml", "message/rfc822")
    assert "inside" not in mail.text
    assert parse(part.content).subject == "Inner: one/two"


def test_images_that_the_page_shows_are_inline_and_others_are_not():
    raw = (
        b"From: a@b.example\nContent-Type: multipart/related; boundary=X\n\n--X\nContent-Type: text/html\n\n"
        b"<p>See <img src='cid:one@x'></p>\n--X\nContent-Type: image/png; name=1.png\nContent-ID: <one@x>\n\nPNG\n"
        b"--X\nContent-Type: image/png; name=2.png\n\nPNG\n--X--\n"
    )
    assert [(part.name, part.inline) for part in parse(raw).attachments] == [("1.png", True), ("2.png", False)]


def test_uuencoded_files_leave_the_text():
    mail = parse(
        b"From: a@b.example\n\nBefore\nbegin 644 a.txt\n%:&5L;&\\\n`\nend\nAfter\n"
        b"begin 644 no file at all, only words\nok\n"
    )
    assert [(part.name, part.content) for part in mail.attachments] == [("a.txt", b"hello")]
    assert mail.text == "Before\nAfter\nbegin 644 no file at all, only words\nok"


def test_files_of_yenc_leave_the_text_when_they_are_whole():
    block = "=ybegin line=128 size={size} name=日志.bin\r\n".encode()
    data = bytes((byte + 42) % 256 for byte in b"abc") + b"=\x6a"  # an escaped sign: 0x6a - 64 is 42, which is 0
    end = b"\r\n=yend size=4 crc32=%08x\r\n" % zlib.crc32(b"abc\0")
    head = b"From: a@b.example\nContent-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: 8bit\n\nBefore\n"
    mail = parse(head + block.replace(b"{size}", b"4") + data + end + b"After\n")
    assert [(part.name, part.content) for part in mail.attachments] == [("日志.bin", b"abc\0")]
    assert mail.text == "Before\nAfter\n".strip()
    torn = parse(head + block.replace(b"{size}", b"4") + data[:2] + end + b"After\n")
    assert not torn.attachments and "=ybegin" in torn.text and torn.text.endswith("After")


@pytest.mark.parametrize("way", ["der", "ber"])
def test_a_mail_that_was_signed_as_one_block_is_read(way):
    inner = (
        "Content-Type: multipart/mixed; boundary=q\r\n\r\n--q\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n"
        "打印机坏了\r\n--q\r\nContent-Type: text/plain; name=a.log\r\n\r\nlog\r\n--q--\r\n"
    ).encode()

    def of(tag, content):
        if way == "ber" and tag & 0x20:  # an open length, which a reader of streams writes
            return bytes([tag, 0x80]) + content + b"\0\0"
        size = len(content)
        return bytes([tag]) + (bytes([size]) if size < 128 else b"\x82" + size.to_bytes(2, "big")) + content

    octets = of(4, inner) if way == "der" else of(0x24, of(4, inner[:50]) + of(4, inner[50:]))
    data = of(0x30, of(6, bytes.fromhex("2a864886f70d010701")) + of(0xA0, octets))
    signed = of(0x30, of(2, b"\1") + of(0x31, b"") + data + of(0x31, b""))
    block = of(0x30, of(6, bytes.fromhex("2a864886f70d010702")) + of(0xA0, signed))
    head = b"From: a@b.example\nContent-Type: application/pkcs7-mime; smime-type=signed-data; name=smime.p7m\n"
    mail = parse(head + b"Content-Transfer-Encoding: base64\n\n" + base64.encodebytes(block))
    assert mail.text == "打印机坏了" and not mail.error
    assert [part.name for part in mail.attachments] == ["a.log", "smime.p7m"]
    for end in range(0, len(block), 7):  # torn ones are the file that they are
        torn = parse(head + b"Content-Transfer-Encoding: base64\n\n" + base64.encodebytes(block[:end]))
        assert not torn.error.startswith("not readable")


def test_wrapped_text_is_unwrapped():
    assert unflow("one \ntwo\n> a \n> b\n-- \nme", delete_space=False) == "one two\n> a b\n-- \nme"
    assert unflow("打印 \n机", delete_space=True) == "打印机"


HTML = [
    ("<p>One</p><p>Two<br>Three</p>", "One\n\nTwo\nThree"),
    ("<ul><li>a<li>b</ul><ol><li>c</li><li>d</li></ol>", "- a\n- b\n\n1. c\n2. d"),
    ("<table><tr><td>a</td><td><p>b</p></td></tr><tr><td>c</td><td>d</td></tr></table>", "a | b\nc | d"),
    (
        '<a href="https://x.example/y">here</a>, <a href="https://x.example">x.example</a>',
        "here (https://x.example/y), x.example",
    ),
    ("a<blockquote>b<br>c</blockquote>d", "a\n\n> b\n> c\n\nd"),
    ("<style>x{}</style><script>1<2</script>a &amp; b &lt;c&gt;&nbsp;d<!-- e -->", "a & b <c> d"),
    ("<pre>a\n  b</pre>", "a\n  b"),
    ('<div style="display:none">hidden</div>shown<img alt="logo">', "shown[logo]"),
    ("a < b and c > d", "a < b and c > d"),
    ("<p title='it's'>x", "x"),
    ("<ul><li><p>a</p></li></ul>", "- a"),
    ("<div>a</div><div>b</div>", "a\nb"),
    ("x<a href='javascript:alert(1)'>y</a>", "xy"),
]


@pytest.mark.parametrize(("html", "text"), HTML)
def test_html_reads_like_text(html, text):
    assert plain(render(html)) == text


def test_the_plain_form_is_read_and_the_html_is_kept():
    raw = (
        b"From: a@b.example\nContent-Type: multipart/alternative; boundary=X\n\n--X\n\nplain words\n"
        b"--X\nContent-Type: text/html\n\n<p>rich words</p>\n--X--\n"
    )
    assert (parse(raw).text, parse(raw).html) == ("plain words", "<p>rich words</p>")


@pytest.mark.parametrize(
    ("raw", "subject", "text"),
    [
        (b"From x@y Tue Mar  5 10:12:00 2024\nSubject: a\nFrom: a@b.example\n\nhi", "a", "hi"),
        (b"\n\r\n   \nSubject: a\nFrom: a@b.example\n\nhi", "a", "hi"),
        (b"\xef\xbb\xbfSubject: a\nFrom: a@b.example\n\nhi", "a", "hi"),
        (b"Subject: a\rFrom: a@b.example\r\rhi", "a", "hi"),
        (b"Subject: a\nthis is no header\nFrom: a@b.example\n\nhi", "a", "hi"),
        (b"From: a@b.example\n\nhi", None, "hi"),
        (b"Subject:\nFrom: a@b.example\n\nhi", "", "hi"),
        (
            b"From: a@b.example\nContent-Type: multipart/mixed\n\n--Q\nContent-Type: text/plain\n\nhi\n--Q--\n",
            None,
            "hi",
        ),
        (b"From: a@b.example\nContent-Type: multipart/mixed; boundary=nope\n\nhi", None, "hi"),
        (b"From: a@b.example\nContent-Type: multipart/mixed; boundary=X\n\n--X\n\nhi", None, "hi"),
        (
            b"From: a@b.example\nContent-Transfer-Encoding: base64\n\nthis is no base64, really!",
            None,
            "this is no base64, really!",
        ),
        (b"From: a@b.example\nContent-Transfer-Encoding: base64\n\naGk", None, "hi"),
        (b"From: a@b.example\nContent-Transfer-Encoding: quoted-printable\n\nh=69=XX=", None, "hi=XX="),
        (b"From: a@b.example\nContent-Type: ;;;\n\nhi", None, "hi"),
    ],
)
def test_what_is_broken_is_read_as_far_as_it_goes(raw, subject, text):
    mail = parse(raw)
    assert (mail.subject, mail.text.rstrip("=").rstrip(), mail.sender) == (subject, text.rstrip("="), "a@b.example")


def test_the_headers_of_a_whole_mail():
    mail = parse(
        b'From: =?gbk?B?wdY=?= <lin@kunde.example>\nTo: "Doe, J" <j@x.example>, b@x.example (B)\nCc: g: c@x.example;\n'
        b"Date: Tue, 5 Mar 2024 10:12:00 +0800\nMessage-ID: <1@x>\nIn-Reply-To: <0@x>\nReferences: <a@x> <0@x>\n"
        b"List-Id: <l.x>\n\nhi"
    )
    assert (mail.sender, mail.sender_name) == ("lin@kunde.example", "林")
    assert (mail.to, mail.cc) == (("j@x.example", "b@x.example"), ("c@x.example",))
    assert mail.to_shown == ('"Doe, J" <j@x.example>', "B <b@x.example>")
    assert mail.date == datetime(2024, 3, 5, 2, 12, tzinfo=UTC)
    assert (mail.message_id, mail.in_reply_to, mail.references) == ("1@x", ("0@x",), ("a@x", "0@x"))
    assert mail.is_list and not mail.error


@pytest.mark.parametrize(
    "subject",
    [
        "Re: x",
        "RE：x",
        "回复: x",
        "答复：Re: x",
        "转发: x",
        "Fwd: FW: x",
        "AW: x",
        "SV: x",
        "TR: x",
        "Re[2]: x",
        "自动回复: x",
    ],
)
def test_prefixes_are_taken_off(subject):
    assert strip_prefixes(subject) == "x"


@pytest.mark.parametrize("subject", ["Report: x", "Rear: x", "回复不了: x", "Release 2: x", "A: x"])
def test_words_that_only_look_like_prefixes_stay(subject):
    assert strip_prefixes(subject) == subject


def _attribute(level: int, kind: int, value: bytes) -> bytes:
    return struct.pack("<BII", level, kind, len(value)) + value + struct.pack("<H", sum(value) & 0xFFFF)


def test_a_winmail_is_unpacked():
    stream = b"\x78\x9f\x3e\x22\x01\x00" + _attribute(1, 0x0002800C, "打印机".encode("gbk") + b"\0")
    stream = stream.replace(
        b"\x01\x00" + struct.pack("<B", 1),
        b"\x01\x00" + _attribute(1, 0x00069007, struct.pack("<II", 936, 0)) + b"\x01",
        1,
    )
    stream += (
        _attribute(2, 0x00069002, b"\0" * 14)
        + _attribute(2, 0x00018010, b"a.txt\0")
        + _attribute(2, 0x0006800F, b"inside")
    )
    mail = parse(
        b"From: a@b.example\nContent-Type: application/ms-tnef; name=winmail.dat\nContent-Transfer-Encoding: base64\n\n"
        + base64.encodebytes(stream)
    )
    assert mail.text == "打印机"
    assert [(part.name, part.type, part.content) for part in mail.attachments][0] == ("a.txt", "text/plain", b"inside")
    cut = parse(
        b"From: a@b.example\nContent-Type: application/ms-tnef\nContent-Transfer-Encoding: base64\n\n"
        + base64.encodebytes(stream[:-5])
    )
    assert "TNEF" in cut.error and cut.attachments[0].name == "a.txt"
