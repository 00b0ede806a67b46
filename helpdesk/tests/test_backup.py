"""`manage.py backup` and `manage.py restore` with PostgreSQL's own tools."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from tickets.models import Ticket
from tickets.tests.factories import make_ticket

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def uploads(tmp_path: Path, settings) -> Path:
    folder = tmp_path / "media"
    (folder / "attachments").mkdir(parents=True)
    (folder / "attachments" / "one").write_bytes(b"a log")
    settings.MEDIA_ROOT = folder
    return folder


@contextmanager
def another_database() -> Iterator[None]:
    """This connection leads to a new, empty database for a while."""
    own = connection.settings_dict["NAME"]
    other = f"{own}_restored"
    with connection.cursor() as cursor:
        cursor.execute(f"DROP DATABASE IF EXISTS {connection.ops.quote_name(other)}")
        cursor.execute(f"CREATE DATABASE {connection.ops.quote_name(other)} TEMPLATE template0")
    connection.close()
    connection.settings_dict["NAME"] = other
    try:
        yield
    finally:
        connection.close()
        connection.settings_dict["NAME"] = own
        with connection.cursor() as cursor:
            cursor.execute(f"DROP DATABASE {connection.ops.quote_name(other)}")


def test_what_was_backed_up_comes_back(uploads: Path, tmp_path: Path, settings) -> None:
    ticket = make_ticket(subject="导出报表失败")
    call_command("backup", str(tmp_path / "kept"), verbosity=0)
    with another_database():
        settings.MEDIA_ROOT = tmp_path / "elsewhere"
        call_command("restore", str(tmp_path / "kept"), verbosity=0)
        assert Ticket.objects.get(number=ticket.number).subject == "导出报表失败"
        with connection.cursor() as cursor, pytest.raises(Exception, match="append"):
            cursor.execute("DELETE FROM tickets_ticketevent")
    assert (tmp_path / "elsewhere" / "attachments" / "one").read_bytes() == b"a log"


def test_a_backup_overwrites_nothing(uploads: Path, tmp_path: Path) -> None:
    (tmp_path / "kept").mkdir()
    (tmp_path / "kept" / "mine").touch()
    with pytest.raises(CommandError, match="not an empty folder"):
        call_command("backup", str(tmp_path / "kept"))


def test_a_restore_overwrites_nothing(uploads: Path, tmp_path: Path) -> None:
    call_command("backup", str(tmp_path / "kept"), verbosity=0)
    with pytest.raises(CommandError, match="database is not empty"):
        call_command("restore", str(tmp_path / "kept"))
    with another_database(), pytest.raises(CommandError, match="media is not empty"):
        call_command("restore", str(tmp_path / "kept"))


def test_a_newer_or_broken_backup_is_refused(uploads: Path, tmp_path: Path) -> None:
    call_command("backup", str(tmp_path / "kept"), verbosity=0)
    manifest = tmp_path / "kept" / "manifest.json"
    told = json.loads(manifest.read_text())
    told["migrations"].append(["tickets", "9999_from_the_future"])
    manifest.write_text(json.dumps(told))
    with pytest.raises(CommandError, match="newer version .tickets.9999_from_the_future"):
        call_command("restore", str(tmp_path / "kept"))
    manifest.unlink()
    with pytest.raises(CommandError, match="no whole backup"):
        call_command("restore", str(tmp_path / "kept"))
