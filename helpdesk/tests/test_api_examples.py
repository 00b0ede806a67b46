"""The examples of docs/api.md and docs/webhooks.md, run as they stand there against a live server."""

import hashlib
import hmac
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from accounts.services.tokens import issue_token
from accounts.tests.factories import TeamFactory, make_agent
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
    scopes = ["tickets:read", "tickets:write"]
    _token, secret = issue_token(
        actor=agent, user=agent, name="example", scopes=scopes, expires_at=None, now=clock.now()
    )
    environment = {"HELPDESK_URL": live_server.url, "HELPDESK_TOKEN": secret, "TICKET": ticket.number}
    said: list[str] = []
    for language, code in _examples("api.md"):
        if language == "bash" and not shutil.which("curl"):
            continue  # the python examples do the same
        command = ["bash", "-euc", code] if language == "bash" else [sys.executable, "-c", code]
        done = subprocess.run(
            command, env=os.environ | environment, check=False, capture_output=True, text=True, timeout=60
        )
        assert done.returncode == 0, f"{code}\n{done.stdout}\n{done.stderr}"
        said.append(done.stdout)
    ticket.refresh_from_db()
    assert ticket.status == "resolved"
    assert Ticket.objects.filter(requester__email="li@example.com").exists()
    bodies = set(ticket.messages.values_list("body", flat=True))
    assert "The log of node 3 has the stack trace." in bodies
    assert any("a.txt 6 6" in words for words in said)
    if shutil.which("curl"):
        assert "We found the cause and are mending it." in bodies


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
