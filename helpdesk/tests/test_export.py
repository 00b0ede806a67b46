"""Everything in files: whole, hashed, without what opens doors, and in memory that does not grow with it."""

import csv
import hashlib
import io
import json
import tracemalloc
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import CommandError, call_command

from accounts.services.tokens import issue_token
from accounts.tests.factories import TeamFactory, make_agent
from helpdesk import export
from outbox import clock
from outbox.models import WebhookEndpoint
from outbox.sealing import seal
from tickets.models import Attachment, Message, Ticket
from tickets.services.conversation import add_note, reply
from tickets.services.links import mint_status_link
from tickets.tests.factories import make_ticket

# In transactions of its own: the export takes a snapshot, which has to be the first thing a transaction does.
pytestmark = pytest.mark.django_db(transaction=True)


def _export(folder: Path, **how) -> dict:
    return export.export(folder, now=clock.now(), **how)


def _lines(folder: Path, table: str) -> list[dict]:
    return [json.loads(line) for line in (folder / export.TABLES / f"{table}.jsonl").read_text().splitlines()]


@pytest.fixture
def ticket(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path / "media"
    team = TeamFactory()
    agent = make_agent(team)
    ticket = make_ticket(team=team, assignee=agent, subject="=1+1 打印机")
    file = SimpleUploadedFile("a.txt", b"words\n", content_type="text/plain")
    reply(ticket=ticket, actor=agent, body="Look.", marks=[], files=[file])
    return ticket


def test_every_row_and_every_file_is_there_with_its_hash(ticket, tmp_path):
    manifest = _export(tmp_path / "out")
    assert json.loads((tmp_path / "out" / export.MANIFEST).read_text()) == manifest
    for model in export.exported_models():
        table = manifest["tables"][f"{model._meta.db_table}.jsonl"]
        assert table["rows"] == model._base_manager.count() == len(_lines(tmp_path / "out", model._meta.db_table))
        content = (tmp_path / "out" / export.TABLES / f"{model._meta.db_table}.jsonl").read_bytes()
        assert table["sha256"] == hashlib.sha256(content).hexdigest()
    (row,) = _lines(tmp_path / "out", "tickets_ticket")
    assert (row["number"], row["subject"]) == (ticket.number, "=1+1 打印机")
    ((key, upload),) = manifest["uploads"].items()
    assert (tmp_path / "out" / export.UPLOADS / key).read_bytes() == b"words\n"
    assert upload == {"bytes": 6, "sha256": hashlib.sha256(b"words\n").hexdigest()}


def test_every_row_is_a_line_of_csv_that_says_what_json_says(ticket, tmp_path):
    customer = ticket.requester
    customer.name = '李 "Leo", 雷\r\nnext'
    customer.save()
    manifest = _export(tmp_path / "csv", form="csv")
    lines = _export(tmp_path / "json")
    for model in export.exported_models():
        table = model._meta.db_table
        content = (tmp_path / "csv" / export.TABLES / f"{table}.csv").read_bytes()
        noted = manifest["tables"][f"{table}.csv"]
        assert noted["sha256"] == hashlib.sha256(content).hexdigest()
        head, *rows = csv.reader(io.StringIO(content.decode(), newline=""), strict=True)
        told = _lines(tmp_path / "json", table)
        assert len(rows) == noted["rows"] == lines["tables"][f"{table}.jsonl"]["rows"]
        for row, one in zip(rows, told, strict=True):
            assert head == list(one)
            assert row == [_as_cell(value) for value in one.values()]
    (row,) = csv.DictReader(
        io.StringIO((tmp_path / "csv" / "tables" / "tickets_ticket.csv").read_bytes().decode(), newline="")
    )
    assert row["subject"] == "'=1+1 打印机"
    people = (tmp_path / "csv" / "tables" / "accounts_user.csv").read_bytes()
    assert '"李 ""Leo"", 雷\r\nnext"'.encode() in people and people.startswith(b"id,") and people.endswith(b"\r\n")


def _as_cell(value) -> str:
    if isinstance(value, list | dict | bool):
        return json.dumps(value, ensure_ascii=False)
    text = "" if value is None else str(value)
    return f"'{text}" if isinstance(value, str) and text[:1] in tuple("=+-@\t\r") else text


def test_what_was_exported_can_be_imported_again(ticket, tmp_path):
    """By the tables alone: tickets with their words, dates and files come back as they were."""
    add_note(ticket=ticket, actor=ticket.assignee, body="Seen before.")
    folder = tmp_path / "out"
    _export(folder)
    people = {row["id"]: row for row in _lines(folder, "accounts_user")}
    teams = {row["id"]: row["code"] for row in _lines(folder, "accounts_team")}
    files: dict[int, list[str]] = {}
    for row in _lines(folder, "tickets_attachment"):
        # An upload is called by its hash.
        (folder / row["name"]).write_bytes((folder / export.UPLOADS / row["file"]).read_bytes())
        files.setdefault(row["message_id"], []).append(row["name"])
    told: dict[int, list[dict]] = {}
    for row in _lines(folder, "tickets_message"):
        said = {"kind": row["kind"], "body": row["body"], "created_at": row["created_at"]}
        said |= {"email": people[row["author_id"]]["email"], "files": files.get(row["id"], [])}
        told.setdefault(row["ticket_id"], []).append(said)
    with (folder / "tickets.jsonl").open("w") as out:
        for row in _lines(folder, "tickets_ticket"):
            record = {name: row[name] for name in ("id", "number", "subject", "status", "severity", "channel")}
            record |= {"created_at": row["created_at"], "updated_at": row["updated_at"], "messages": told[row["id"]]}
            record |= {"team": teams[row["team_id"]], "assignee": people[row["assignee_id"]]["email"]}
            record["requester_email"] = people[row["requester_id"]]["email"]
            out.write(json.dumps(record) + "\n")
    call_command("import_tickets", str(folder / "tickets.jsonl"), "--format", "json", "--source", "before")
    ticket.refresh_from_db()
    back = Ticket.objects.exclude(pk=ticket.pk).get()
    same = ("subject", "status", "severity", "channel", "team_id", "assignee_id", "requester_id", "created_at")
    assert {name: getattr(back, name) for name in same} == {name: getattr(ticket, name) for name in same}
    parts = ("kind", "body", "author_id", "created_at")
    assert list(back.messages.order_by("pk").values(*parts)) == list(ticket.messages.order_by("pk").values(*parts))
    (file,) = Attachment.objects.filter(message__ticket=back)
    assert file.file.read() == b"words\n"


def test_a_spreadsheet_gets_its_mark(ticket, tmp_path):
    _export(tmp_path / "out", form="csv", mark=True)
    for path in (tmp_path / "out" / export.TABLES).iterdir():
        assert path.read_bytes().startswith(b"\xef\xbb\xbf"), path
    with pytest.raises(CommandError, match="--bom"):
        call_command("export_data", str(tmp_path / "other"), "--bom")
    assert not (tmp_path / "other").exists()


@pytest.mark.parametrize("form", export.FORMS)
def test_nothing_that_opens_a_door_goes_along(ticket, tmp_path, form):
    agent = ticket.assignee
    agent.set_password("a long canary password")
    agent.save()
    token, secret = issue_token(
        actor=agent, user=agent, name="canary", scopes=["tickets:read"], expires_at=None, now=clock.now()
    )
    link = mint_status_link(ticket=ticket, user=ticket.requester, now=clock.now())
    sealed = seal("whsec_canary")
    WebhookEndpoint.objects.create(
        name="H", url="https://h.example/", hears=["ticket.created"], sealed_secret=sealed, created_at=clock.now()
    )
    _export(tmp_path / "out", form=form)
    everything = "".join(path.read_text() for path in (tmp_path / "out" / export.TABLES).iterdir())
    for canary in (agent.password, token.token_hash, secret, link.rstrip("/").rpartition("/")[2], sealed):
        assert canary not in everything
    assert "https://h.example/" in everything


def test_a_file_that_is_gone_stops_nothing(ticket, tmp_path):
    Message.objects.latest("pk").attachments.get().file.storage.delete(
        Message.objects.latest("pk").attachments.get().file.name
    )
    assert list(_export(tmp_path / "out")["uploads"].values()) == [{"missing": True}]


def test_a_folder_with_something_in_it_is_left_alone(ticket, tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine").write_text("x")
    with pytest.raises(CommandError, match="not an empty folder"):
        call_command("export_data", str(tmp_path / "out"))
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["mine"]


@pytest.mark.proof
@pytest.mark.parametrize("form", export.FORMS)
def test_memory_does_not_grow_with_the_rows(ticket, tmp_path, form):
    """24 MB of messages pass through a few of them."""
    Message.objects.bulk_create(
        Message(ticket=ticket, kind="note", body="x" * 2000, channel="web", created_at=clock.now())
        for _ in range(12_000)
    )
    tracemalloc.start()
    try:
        _export(tmp_path / "out", form=form)
        _now, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert (tmp_path / "out" / export.TABLES / f"tickets_message.{form}").stat().st_size > 24_000_000
    assert peak < 20_000_000, peak


def test_the_command_says_how_much(ticket, tmp_path, capsys):
    call_command("export_data", str(tmp_path / "out"))
    assert "1 uploads." in capsys.readouterr().out
    assert Ticket.objects.count() == 1
