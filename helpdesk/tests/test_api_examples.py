"""The examples of docs/api.md and docs/webhooks.md, run as they stand there against a live server."""

import hashlib
import hmac
import os
import re
import shutil
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from accounts.services.tokens import issue_service_token
from accounts.tests.factories import TeamFactory, make_agent, make_service
from outbox import clock
from tickets.models import Ticket
from tickets.services.conversation import reply
from tickets.tests.factories import make_ticket

_DOCS = Path(__file__).resolve().parents[2] / "docs"
_BLOCK = re.compile(r"^```(bash|python)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def _examples(name: str) -> list[tuple[str, str]]:
    return _BLOCK.findall((_DOCS / name).read_text(encoding="utf-8"))


@pytest.mark.django_db(transaction=True)
def test_every_example_of_the_api_does_what_it_says(live_server, settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    team = TeamFactory()
    agent = make_agent(team)
    ticket = make_ticket(team=team, assignee=agent)
    file = SimpleUploadedFile("a.txt", b"words\n", content_type="text/plain")
    reply(ticket=ticket, actor=agent, body="Look.", marks=[], files=[file])
    secret = _token_of_a_program(team)
    environment = {"HELPDESK_URL": live_server.url, "HELPDESK_TOKEN": secret, "TICKET": ticket.number}
    said: list[str] = []
    for language, code in _examples("api.md"):
        if language == "bash" and not shutil.which("curl"):
            continue  # the python examples do the same
        command = ["bash", "-euc", code] if language == "bash" else [sys.executable, "-c", code]
        done = subprocess.run(
            command, env=os.environ | environment, cwd=tmp_path, check=False, capture_output=True, text=True, timeout=60
        )
        assert done.returncode == 0, f"{code}\n{done.stdout}\n{done.stderr}"
        said.append(done.stdout)
    ticket.refresh_from_db()
    assert ticket.status == "resolved"
    assert Ticket.objects.filter(requester__email="li@example.com").exists()
    bodies = set(ticket.messages.values_list("body", flat=True))
    assert "The log of node 3 has the stack trace." in bodies
    assert any("a.txt 6 6" in words for words in said)
    assert any(words.startswith("CRM bridge ['reports:read', 'tickets:read', 'tickets:write']") for words in said)
    watched = Ticket.objects.get(requester__email="ops@example.com")
    assert watched.status == "resolved"
    assert any(f"resolved {watched.number} " in words for words in said)
    if shutil.which("curl"):
        (file,) = tmp_path.glob("attachment-*")
        assert file.read_bytes() == b"words\n"
        assert (tmp_path / "figures.csv").read_text(encoding="utf-8-sig").startswith("key,name,created,")
        assert "We found the cause and are mending it." in bodies


def _token_of_a_program(team) -> str:
    account = make_service(team, role="lead")
    now = clock.now()
    return issue_service_token(
        actor=account.owner,
        account=account,
        name="example",
        scopes=["tickets:read", "tickets:write", "reports:read"],
        expires_at=now + timedelta(days=1),
        now=now,
    )[1]


def test_the_check_of_a_signature_does_what_it_says():
    (code,) = [code for language, code in _examples("webhooks.md") if language == "python"]
    names: dict = {}
    exec(code, names)
    good = hmac.new(b"whsec_x", b"1000.{}", hashlib.sha256).hexdigest()
    is_ours = names["is_ours"]
    assert is_ours("whsec_x", f"t=1000,v1={'0' * 64},v1={good}", b"{}", now=1100)
    assert not is_ours("whsec_x", f"t=1000,v1={good}", b"{ }", now=1100)
    assert not is_ours("whsec_x", f"t=1000,v1={good}", b"{}", now=1400)
    assert not is_ours("whsec_y", f"t=1000,v1={good}", b"{}", now=1100)
