"""Everything in files: whole, hashed, without what opens doors, and in memory that does not grow with it."""

import hashlib
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
from tickets.models import Message, Ticket
from tickets.services.conversation import reply
from tickets.services.links import mint_status_link
from tickets.tests.factories import make_ticket

# In transactions of its own: the export takes a snapshot, which has to be the first thing a transaction does.
pytestmark = pytest.mark.django_db(transaction=True)


def _export(folder: Path) -> dict:
    return export.export(folder, now=clock.now())


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


def test_nothing_that_opens_a_door_goes_along(ticket, tmp_path):
    agent = ticket.assignee
    agent.set_password("a long canary password")
    agent.save()
    token, secret = issue_token(
        actor=agent, user=agent, name="canary", scopes=["tickets:read"], expires_at=None, now=clock.now()
    )
    link = mint_status_link(ticket=ticket, user=ticket.requester, now=clock.now())
    seed = "canaryseed" * 6
    WebhookEndpoint.objects.create(
        name="H", url="https://h.example/", hears=["ticket.created"], seed=seed, created_at=clock.now()
    )
    _export(tmp_path / "out")
    everything = "".join(path.read_text() for path in (tmp_path / "out" / export.TABLES).iterdir())
    for canary in (agent.password, token.token_hash, secret, link.rstrip("/").rpartition("/")[2], seed):
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


def test_memory_does_not_grow_with_the_rows(ticket, tmp_path):
    """24 MB of messages pass through a few of them."""
    Message.objects.bulk_create(
        Message(ticket=ticket, kind="note", body="x" * 2000, channel="web", created_at=clock.now())
        for _ in range(12_000)
    )
    tracemalloc.start()
    try:
        _export(tmp_path / "out")
        _now, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert (tmp_path / "out" / export.TABLES / "tickets_message.jsonl").stat().st_size > 24_000_000
    assert peak < 20_000_000, peak


def test_the_command_says_how_much(ticket, tmp_path, capsys):
    call_command("export_data", str(tmp_path / "out"))
    assert "1 uploads." in capsys.readouterr().out
    assert Ticket.objects.count() == 1
