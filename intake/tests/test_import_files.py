"""Files that an export names by address: off by default, fetched by the one way out, gone on with, never a stop."""

import json
from datetime import UTC, datetime

import pytest
from django.core.management import CommandError, call_command

from intake.importing import running
from intake.importing.fetching import Elsewhere
from intake.models import ImportedFile
from outbox import web
from outbox.models import AllowedNetwork
from outbox.tests.listener import listening
from tickets.models import Attachment, Message, Ticket

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 6, 1, 2, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _media(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path / "media"


@pytest.fixture
def listener():
    AllowedNetwork.objects.create(network="127.0.0.1/32")
    with listening() as server:
        server.says(b"words\n")
        yield server


def _zendesk(listener, *names, number=1):
    return {
        "id": number,
        "subject": "VPN down",
        "status": "open",
        "created_at": "2025-01-02T03:04:05Z",
        "requester": {"id": 1, "name": "Ann", "email": "ann@customer.example"},
        "comments": [
            {"author_id": 2, "body": "Later.", "created_at": "2025-01-02T05:00:00Z"},
            {
                "author_id": 1,
                "body": "See there.",
                "created_at": "2025-01-02T03:04:05Z",
                "attachments": [
                    {"file_name": name, "content_url": f"http://127.0.0.1:{listener.port}/token/s3cret/{name}"}
                    for name in names
                ],
            },
        ],
    }


def _file(tmp_path, *rows):
    path = tmp_path / "rows.json"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def _run(path, form="zendesk", fetch=None, **more):
    return running.run(path=path, form=form, source="old", now=NOW, fetch=fetch, **more)


def test_nothing_is_fetched_until_somebody_says_so(listener, tmp_path):
    path = _file(tmp_path, _zendesk(listener, "a.log", "b.txt"))
    report = _run(path)
    assert (report.counts["files_left_behind"], report.counts["files_with_address"]) == (2, 2)
    _run(path, fetch=Elsewhere(), dry_run=True)
    assert listener.connections == 0
    assert "s3cret" not in str(list(ImportedFile.objects.values()))
    later = _run(path, fetch=Elsewhere())  # the tickets were here already; their files come now
    assert (later.counts["already"], later.counts["files_fetched"]) == (1, 2)
    message = Message.objects.get(body="See there.")
    assert sorted(message.attachments.values_list("name", "created_at")) == [
        ("a.log", message.created_at),
        ("b.txt", message.created_at),
    ]
    assert message.attachments.first().file.read() == b"words\n"
    assert set(ImportedFile.objects.values_list("state", "sealed_address")) == {("fetched", "")}
    again = _run(path, fetch=Elsewhere())
    assert again.counts["files_fetched"] == 0 and listener.connections == 2


def test_a_failure_is_a_line_and_a_note_and_stops_nothing(listener, tmp_path, settings):
    settings.ATTACHMENT_MAX_BYTES = 100
    listener.says((404, {}, b"gone"), (200, {}, b"x" * 101), (200, {}, b"MZ\x00"), (200, {}, b"fine"))
    rows = [_zendesk(listener, "a.log", "b.log", "c.log"), _zendesk(listener, "d.log", number=2)]
    path = _file(tmp_path, *rows)
    report = _run(path, fetch=Elsewhere())
    assert (report.counts["files_fetched"], report.counts["files_failed"], report.problems) == (1, 3, [])
    assert [(ticket, name) for ticket, name, _words in report.files] == [("1", "a.log"), ("1", "b.log"), ("1", "c.log")]
    assert "404" in report.files[0][2] and report.as_json()["files"][0]["file"] == "a.log"
    first = Ticket.objects.get(imported_from__external_id="1")
    note = first.messages.get(kind="note", author=None)
    assert all(name in note.body for name in ("a.log", "b.log", "c.log")) and "s3cret" not in note.body
    assert not Ticket.objects.get(imported_from__external_id="2").messages.filter(kind="note", author=None).exists()
    listener.says((200, {}, b"there"), (404, {}, b""), (200, {}, b"there"))
    again = _run(path, fetch=Elsewhere())
    assert (again.counts["files_fetched"], again.counts["files_failed"]) == (2, 1)
    assert first.messages.filter(kind="note", author=None).count() == 1  # it was said before


def test_an_address_inside_is_never_called(listener, tmp_path):
    AllowedNetwork.objects.all().delete()
    report = _run(_file(tmp_path, _zendesk(listener, "a.log")), fetch=Elsewhere())
    assert listener.connections == 0
    assert (report.counts["tickets"], report.counts["files_failed"]) == (1, 1)
    assert ImportedFile.objects.get().problem


def test_a_run_that_dies_goes_on(listener, tmp_path, monkeypatch):
    path = _file(tmp_path, *(_zendesk(listener, f"{number}.log", number=number) for number in range(1, 6)))
    real, calls = web.get, []

    def dies(url, **more):
        calls.append(url)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return real(url, **more)

    monkeypatch.setattr(web, "get", dies)
    with pytest.raises(KeyboardInterrupt):
        _run(path, fetch=Elsewhere())
    assert Attachment.objects.count() == 2
    monkeypatch.setattr(web, "get", real)
    report = _run(path, fetch=Elsewhere())
    assert report.counts["files_fetched"] == 3
    assert sorted(Attachment.objects.values_list("name", flat=True)) == [f"{number}.log" for number in range(1, 6)]


def test_two_at_once_bring_a_file_once(listener, tmp_path, monkeypatch):
    path = _file(tmp_path, _zendesk(listener, "a.log"))
    _run(path)
    real = web.get

    def while_another_run_is_faster(url, **more):
        monkeypatch.setattr(web, "get", real)
        _run(path, fetch=Elsewhere())
        return real(url, **more)

    monkeypatch.setattr(web, "get", while_another_run_is_faster)
    assert _run(path, fetch=Elsewhere()).counts["files_fetched"] == 0
    assert Attachment.objects.count() == 1


@pytest.mark.parametrize(("faster", "notes", "state"), [(200, 0, "fetched"), (404, 1, "failed")])
def test_of_two_at_once_one_says_what_failed_if_it_still_does(listener, tmp_path, monkeypatch, faster, notes, state):
    path = _file(tmp_path, _zendesk(listener, "a.log"))
    _run(path)
    real = web.get

    def while_another_run_is_faster(url, **more):
        monkeypatch.setattr(web, "get", real)
        listener.says((faster, {}, b"there"), (404, {}, b"gone"))
        _run(path, fetch=Elsewhere())
        return real(url, **more)

    monkeypatch.setattr(web, "get", while_another_run_is_faster)
    _run(path, fetch=Elsewhere())
    assert ImportedFile.objects.get().state == state
    assert Message.objects.filter(kind="note", author=None).count() == notes


def test_zammad_s_files_have_ids_and_the_secret_goes_there_alone(listener, tmp_path):
    with listening() as other:
        other.says(b"elsewhere")
        row = {
            "id": 9, "number": "22009", "title": "Mail", "state": "open", "customer": "bo@customer.example",
            "created_at": "2025-05-01T08:00:00Z",
            "articles": [
                {"id": 4, "ticket_id": 9, "sender": "Customer", "body": "See", "created_at": "2025-05-01T08:00:00Z",
                 "attachments": [{"id": 7, "filename": "a.log", "size": "6"},
                                 {"id": 8, "filename": "b.log", "url": f"http://127.0.0.1:{other.port}/b"}]},
            ],
        }  # fmt: skip
        base = f"http://127.0.0.1:{listener.port}/"
        report = _run(_file(tmp_path, row), form="zammad", fetch=Elsewhere(base, "Token token=t"))
        assert report.counts["files_fetched"] == 2
        path, headers, _body = listener.heard[0]
        assert (path, headers["Authorization"]) == ("/api/v1/ticket_attachment/9/4/7", "Token token=t")
        assert "Authorization" not in other.heard[0][1]


def test_the_same_record_has_the_same_mark_however_its_addresses_are_signed(listener, tmp_path):
    _run(_file(tmp_path, _zendesk(listener, "a.log")))
    signed = _zendesk(listener, "a.log")
    signed["comments"][1]["attachments"][0]["content_url"] += "?signature=2"
    assert _run(_file(tmp_path, signed)).counts["changed_there"] == 0


def test_the_command(listener, tmp_path, capsys):
    path = _file(tmp_path, _zendesk(listener, "a.log", "b.exe"))
    said = [str(path), "--format", "zendesk", "--source", "old"]
    call_command("import_tickets", *said)
    assert "2 files are only named in the export, 2 of them with an address; --fetch" in capsys.readouterr().out
    secret = tmp_path / "secret"
    secret.write_text("Basic eDp5\n")
    with pytest.raises(CommandError, match="--base-url"):
        call_command("import_tickets", *said, "--fetch-attachments", "--authorization", str(secret))
    with pytest.raises(CommandError, match="--base-url"):
        call_command("import_tickets", *said, "--fetch-attachments", "--base-url", "http://169.254.169.254/")
    with pytest.raises(CommandError, match="by ids"):
        call_command("import_tickets", str(path), "--format", "zammad", "--source", "x", "--fetch-attachments")
    base = f"http://127.0.0.1:{listener.port}"
    call_command("import_tickets", *said, "--fetch-attachments", "--base-url", base, "--authorization", str(secret))
    told = capsys.readouterr()
    assert "1 files were fetched, 1 were not." in told.out
    assert "ticket 1, file “b.exe”:" in told.err and "s3cret" not in told.out + told.err
    assert listener.heard[0][1]["Authorization"] == "Basic eDp5"


@pytest.mark.parametrize("content", ["令牌".encode(), b"Token token=\xff", b"Token\nX-Other: 1"])
def test_a_secret_that_no_header_carries_is_refused_before_anything_is_written(listener, tmp_path, content):
    path, secret = _file(tmp_path, _zendesk(listener, "a.log")), tmp_path / "secret"
    secret.write_bytes(content)
    said = [str(path), "--format", "zendesk", "--source", "old", "--fetch-attachments", "--authorization", str(secret)]
    with pytest.raises(CommandError, match="--authorization"):
        call_command("import_tickets", *said, "--base-url", f"http://127.0.0.1:{listener.port}")
    assert not Ticket.objects.exists() and not listener.heard


def test_an_address_that_cannot_be_read_any_more_is_a_failure(listener, tmp_path, settings):
    path = _file(tmp_path, _zendesk(listener, "a.log"))
    _run(path)
    settings.SECRET_KEY = "another" * 8
    assert _run(path, fetch=Elsewhere()).counts["files_failed"] == 1
    assert "SECRET_KEY" in ImportedFile.objects.get().problem


def test_a_path_without_a_beginning_is_a_failure():
    assert Elsewhere().address_of("/api/v1/x") == ""
    assert Elsewhere("https://desk.example.com/").address_of("/api/v1/x") == "https://desk.example.com/api/v1/x"
    assert Elsewhere("https://desk.example.com", "s").headers_for("https://desk.example.com:444/x") == {}
