"""Files of messages: sent as what they are, by ranges, previewed by shape, read by lines; hostile ones stay files."""

import gzip

import pytest
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from accounts.tests.factories import TeamFactory, make_agent
from outbox import clock
from tickets.ranges import Unsatisfiable, wanted
from tickets.services import conversation
from tickets.services.links import mint_status_link
from tickets.tests.factories import make_ticket
from tickets.tests.test_queue_page import signed_in
from tickets.uploads import check_upload

pytestmark = pytest.mark.django_db
PNG = b"\x89PNG\r\n\x1a\n" + b"0" * 20
WEBM = b"\x1aE\xdf\xa3" + bytes(range(256)) * 4
HOSTILE = b"<html><script>alert(1)</script>"


@pytest.fixture
def team():
    return TeamFactory()


@pytest.fixture
def agent(team):
    return make_agent(team)


@pytest.fixture
def ticket(team, agent, settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    return make_ticket(team=team, assignee=agent, now=clock.now())


def kept(ticket, name: str, content: bytes):
    message = conversation.customer_message(
        ticket=ticket, author=ticket.requester, body="See.", files=[SimpleUploadedFile(name, content)]
    )
    return message.attachments.get()


def body(response) -> bytes:
    return b"".join(response.streaming_content)


def lines_of(row) -> str:
    return reverse("workspace:lines", args=[row.pk])


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.html", HOSTILE),
        ("a.svg", b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>"),
        ("a.png", b"<svg onload='alert(1)'/>"),
        ("a.png", HOSTILE),
        ("a.webp", b"RIFF\x00\x00\x00\x00WAVEfmt "),
        ("a.webm", b"\x00\x00\x00\x18ftypmp42"),
        ("a.mp4", WEBM),
        ("a.pdf", HOSTILE + b"%PDF-1.7"),
        ("a.png\u200b.html", PNG),
        ("a.log", b"text\x00binary"),
    ],
)
def test_what_is_not_what_its_name_says_is_refused(name, content):
    with pytest.raises(ValidationError):
        check_upload(SimpleUploadedFile(name, content))


@pytest.mark.parametrize(
    ("name", "content", "content_type"),
    [
        ("recording.webm", WEBM, "video/webm"),
        ("recording.mp4", b"\x00\x00\x00\x18ftypmp42", "video/mp4"),
        ("a.webp", b"RIFF\x00\x00\x00\x00WEBPVP8 ", "image/webp"),
        ("app.log.gz", gzip.compress(b"x", mtime=0), "application/gzip"),
    ],
)
def test_recordings_and_logs_are_taken_by_their_signature(name, content, content_type):
    assert check_upload(SimpleUploadedFile(name, content)) == (name, content_type)


@pytest.mark.parametrize(
    ("header", "part"),
    [
        ("", None),
        ("bytes=0-", (0, 9)),
        ("bytes=2-4", (2, 4)),
        ("bytes=2-400", (2, 9)),
        ("bytes=-3", (7, 9)),
        ("bytes=-30", (0, 9)),
        ("bytes=-", None),
        ("bytes=4-2", None),
        ("bytes=0-1,3-4", None),
        ("lines=1-2", None),
        ("bytes=0x1-", None),
        ("bytes=１-２", None),
    ],
)
def test_the_range_that_a_header_asks_for(header, part):
    assert wanted(header, 10) == part


@pytest.mark.parametrize("header", ["bytes=10-", "bytes=99-100", "bytes=-0"])
def test_a_range_behind_the_end_cannot_be_given(header):
    with pytest.raises(Unsatisfiable):
        wanted(header, 10)


def test_a_video_is_sent_in_the_parts_that_a_player_asks_for(ticket, agent):
    address = reverse("attachment", args=[kept(ticket, "recording.webm", WEBM).pk])
    browser = signed_in(agent)
    whole = browser.get(address)
    assert (whole.status_code, whole["Accept-Ranges"], body(whole)) == (200, "bytes", WEBM)
    part = browser.get(address, headers={"Range": "bytes=4-9"})
    assert (part.status_code, part["Content-Length"]) == (206, "6")
    assert part["Content-Range"] == f"bytes 4-9/{len(WEBM)}"
    assert body(part) == WEBM[4:10]
    assert part["Content-Security-Policy"] == "sandbox; default-src 'none'"
    assert part["X-Content-Type-Options"] == "nosniff"
    assert part["Content-Disposition"].startswith("attachment")
    beyond = browser.get(address, headers={"Range": "bytes=99999-"})
    assert (beyond.status_code, beyond["Content-Range"], body(beyond)) == (416, f"bytes */{len(WEBM)}", b"")
    old = browser.get(address, headers={"Range": "bytes=0-1", "If-Range": '"something"'})
    assert (old.status_code, body(old)) == (200, WEBM)
    assert Client().get(address, headers={"Range": "bytes=0-1"}).status_code == 302


def test_the_private_link_sends_parts_too(ticket):
    row = kept(ticket, "recording.webm", WEBM)
    token = mint_status_link(ticket=ticket, user=ticket.requester, now=clock.now()).rstrip("/").rpartition("/")[2]
    part = Client().get(reverse("portal:status_file", args=[token, row.pk]), headers={"Range": "bytes=0-3"})
    assert (part.status_code, body(part)) == (206, WEBM[:4])


def test_a_pdf_is_shown_by_the_browser_alone_in_no_frame(ticket, agent):
    response = signed_in(agent).get(reverse("attachment", args=[kept(ticket, "a.pdf", b"%PDF-1.7 x").pk]))
    assert response["Content-Disposition"].startswith("inline")
    assert response["Content-Type"] == "application/pdf"
    assert response["X-Content-Type-Options"] == "nosniff"
    response.close()
    assert response["X-Frame-Options"] == "DENY"
    policy = response["Content-Security-Policy"]
    assert "default-src 'none'" in policy and "frame-ancestors 'none'" in policy and "script" not in policy


def test_each_shape_is_shown_where_the_message_stands(ticket, agent):
    for name, content in (("a.png", PNG), ("r.webm", WEBM), ("a.pdf", b"%PDF-1.7"), ("app.log", b"ERROR x\n")):
        kept(ticket, name, content)
    kept(ticket, "many.zip", b"PK\x03\x04")
    inside = signed_in(agent).get(reverse("workspace:ticket", args=[ticket.number])).content.decode()
    outside = signed_in(ticket.requester).get(reverse("portal:ticket", args=[ticket.number])).content.decode()
    for page in (inside, outside):
        assert 'data-picture="a.png"' in page and 'loading="lazy"' in page
        assert "<video controls" in page and 'id="picture-dialog"' in page
        assert 'target="_blank" rel="noopener"' in page
    assert inside.count('data-dialog="lines-dialog"') == 1
    assert "lines-dialog" not in outside


def test_lines_are_a_page_and_a_fragment_for_colleagues_only(ticket, agent):
    row = kept(ticket, "app.log", HOSTILE + b"\nWARN slow\nERROR timeout\n\tat a.b\n")
    page = signed_in(agent).get(lines_of(row), {"q": "TIME"}).content.decode()
    assert "<script>alert" not in page and "&lt;script&gt;alert" in page
    assert "<mark>time</mark>" in page and 'id="L3"' in page
    assert ">Error</span>" in page and ">Warning</span>" in page
    fragment = signed_in(agent).get(lines_of(row), headers={"HX-Request": "true"}).content.decode()
    assert fragment.lstrip().startswith("<section") and "<html" not in fragment
    assert signed_in(ticket.requester).get(lines_of(row)).status_code == 404
    assert signed_in(make_agent(TeamFactory())).get(lines_of(row)).status_code == 404


@pytest.mark.parametrize(
    "query", ["?line=-1", "?line=x", "?line=99999999999999999999", "?q=%00", "?q=" + "a" * 300, "?errors_only=maybe"]
)
def test_what_cannot_be_meant_is_left_out(ticket, agent, query):
    row = kept(ticket, "app.log", b"a line\n")
    assert signed_in(agent).get(lines_of(row) + query).status_code == 200


def test_what_has_no_lines_is_not_found_there_and_a_lost_file_nowhere(ticket, agent, tmp_path):
    picture, packed = kept(ticket, "a.png", PNG), kept(ticket, "a.tar.gz", gzip.compress(b"x", mtime=0))
    log = kept(ticket, "a.log", b"x")
    browser = signed_in(agent)
    assert [browser.get(lines_of(row)).status_code for row in (picture, packed, log)] == [404, 404, 200]
    log.file.storage.delete(log.file.name)
    assert browser.get(lines_of(log)).status_code == 404


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (gzip.compress(b"a\x00b", mtime=0), "The file holds no text."),
        (gzip.compress(b"a\n" * 5000, mtime=0)[:-12], "The file is damaged, or too long"),
        (gzip.compress("网关超时\n".encode("gb18030"), mtime=0), "网关超时"),
    ],
)
def test_packed_files_say_what_they_are(ticket, agent, content, words):
    assert words in signed_in(agent).get(lines_of(kept(ticket, "a.log.gz", content))).content.decode()


def test_only_the_pages_with_a_recorder_may_ask_for_the_screen(ticket, agent):
    portal, desk = signed_in(ticket.requester), signed_in(agent)
    token = mint_status_link(ticket=ticket, user=ticket.requester, now=clock.now()).rstrip("/").rpartition("/")[2]
    recording = [
        portal.get(reverse("portal:ticket", args=[ticket.number])),
        portal.post(reverse("portal:act", args=[ticket.number, "message"]), {}),
        Client().get(reverse("portal:status", args=[token])),
        Client().get(reverse("intake:submit")),
    ]
    for response in recording:
        assert "display-capture=(self), microphone=(self)" in response["Permissions-Policy"]
        assert "data-recorder-start" in response.content.decode()
    other = desk.get(reverse("workspace:ticket", args=[ticket.number]))
    assert "display-capture=()" in other["Permissions-Policy"] and "microphone=()" in other["Permissions-Policy"]
