"""`manage.py receive_email --dry-run`: one JSON line each, without a database."""

import io
import json
import os
import subprocess
import sys

from django.conf import settings
from django.core.management import call_command

_KEYS = [
    "file", "from", "to", "cc", "subject", "message_id", "in_reply_to", "references", "date", "text", "reply_text",
    "html", "attachments", "charset", "is_bounce", "is_auto_reply", "is_list", "error",
]  # fmt: skip
_MAIL = (
    "From: Lin <lin@kunde.example>\nTo: help@desk.example\nDate: Tue, 5 Mar 2024 10:12:00 +0800\nMIME-Version: 1.0\n"
    "Content-Type: multipart/mixed; boundary=B\n\n--B\nContent-Type: text/plain; charset=gb2312\n\n打印机\n"
    "--B\nContent-Type: text/csv; name=a.csv\n\n1,2\n--B--\n"
)


def dry_run(*names: str) -> list[dict]:
    """No mark asks for the database, so that a query would fail the test."""
    output = io.StringIO()
    call_command("receive_email", *names, dry_run=True, stdout=output)
    return [json.loads(line) for line in output.getvalue().splitlines()]


def test_each_file_is_one_line(tmp_path):
    path = tmp_path / "a.eml"
    path.write_bytes(_MAIL.encode("gbk"))
    (tmp_path / "empty.eml").write_bytes(b"")
    first, second, missing = dry_run(str(path), str(tmp_path / "empty.eml"), str(tmp_path / "none.eml"))
    assert list(first) == list(second) == list(missing) == _KEYS
    assert first["file"] == str(path)
    assert (first["from"], first["to"], first["cc"]) == ("Lin <lin@kunde.example>", "help@desk.example", "")
    assert (first["subject"], first["text"], first["date"]) == (None, "打印机", "2024-03-05T10:12:00+08:00")
    assert first["attachments"] == [{"name": "a.csv", "type": "text/csv", "size": 3, "inline": False}]
    assert (first["charset"], first["error"]) == ("gb18030", "")
    assert second["error"] == "no sender"
    assert "not readable" in missing["error"]


def test_standard_input_is_a_file_too(monkeypatch):
    class Input:
        buffer = io.BytesIO(_MAIL.encode("gbk"))

    monkeypatch.setattr(sys, "stdin", Input())
    (line,) = dry_run("-")
    assert (line["file"], line["text"]) == ("-", "打印机")


def test_a_checkout_without_any_configuration_answers_it():
    mail = b"From: a@kunde.example\r\nSubject: =?gb2312?B?xOO6ww==?=\r\n\r\nHi\r\n"
    command = [sys.executable, "manage.py", "receive_email", "--dry-run", "-"]
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    done = subprocess.run(command, input=mail, cwd=settings.BASE_DIR, env=kept, capture_output=True, check=True)
    said = json.loads(done.stdout)
    assert (said["file"], said["subject"], said["reply_text"], said["error"]) == ("-", "你好", "Hi", "")
