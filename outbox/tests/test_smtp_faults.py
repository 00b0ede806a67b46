"""The mail server at its worst: away for hours, dropping what it took, and so slow that nothing moves."""

import ast
import socket
import threading
import time as machine
from pathlib import Path

import pytest
from django.conf import settings as django_settings
from django.core import mail
from django.urls import reverse

from accounts.tests.factories import TeamFactory, make_administrator, make_agent, make_customer
from outbox import delivery
from outbox.models import Delivery, Intent
from tickets.services import conversation
from tickets.tests.factories import make_ticket

ROOMS = ("accounts", "catalog", "feedback", "helpdesk", "intake", "knowledge", "outbox", "reports", "sla", "tickets")


def run(time):
    return delivery.run(read_clock=time)


@pytest.mark.django_db
def test_a_server_down_for_four_hours_loses_nothing_and_keeps_the_order_of_every_ticket(tell, time, backend):
    """Fault test 17: intents keep coming while it is down; then each stream leaves as it was written."""
    backend.script["open"] = ConnectionRefusedError("down")
    written = 0
    for _quarter in range(16):
        for stream in range(3):
            tell(stream=f"ticket:{stream}", to=[f"{stream}@example.com"], subject=f"{stream}-{written:03}")
        written += 1
        run(time)
        time.pass_(minutes=15)
    assert set(Delivery.objects.values_list("state", "attempts")) == {("queued", 0)}  # an outage is no message's fault
    backend.script.clear()
    run(time)
    time.pass_(minutes=1)
    run(time)
    assert len(mail.outbox) == 3 * written
    for stream in range(3):
        subjects = [sent.subject for sent in mail.outbox if sent.to == [f"{stream}@example.com"]]
        assert subjects == sorted(subjects) and len(set(subjects)) == written
    assert set(Delivery.objects.values_list("state", flat=True)) == {"accepted"}


class _TakesAndDrops(threading.Thread):
    """Says 250 to a mail and hangs up at once, without a word to QUIT; nothing it took ever arrives."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.taken = 0

    def run(self) -> None:
        while True:
            try:
                talk, _who = self.listener.accept()
            except OSError:
                return
            with talk, talk.makefile("rwb") as file:
                self._talk(file)

    def _talk(self, file) -> None:
        def say(words: bytes) -> None:
            file.write(words + b"\r\n")
            file.flush()

        say(b"220 drop")
        while line := file.readline():
            if line[:4].upper() == b"DATA":
                say(b"354 go on")
                while file.readline() != b".\r\n":
                    pass
                self.taken += 1
                say(b"250 mine now")
                return
            say(b"250 drop")


@pytest.mark.django_db
def test_a_server_that_takes_and_drops_is_said_to_have_accepted_and_never_more(tell, time, settings):
    """Fault test 18: the row says «accepted»; no state says that anything was delivered or read."""
    server = _TakesAndDrops()
    server.start()
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT, settings.EMAIL_USE_TLS = "127.0.0.1", server.port, False
    settings.EMAIL_HOST_USER = settings.EMAIL_HOST_PASSWORD = ""
    tell(subject="one")
    tell(subject="two")
    try:
        for _try in range(3):
            run(time)
            time.pass_(minutes=3)
    finally:
        server.listener.close()
    rows = list(Delivery.objects.order_by("pk").values_list("state", "last_error"))
    assert server.taken == 2 and rows == [("accepted", ""), ("accepted", "")]
    assert not {"delivered", "read", "sent"} & set(Delivery.State.values)


@pytest.mark.django_db
def test_no_request_speaks_to_a_mail_server(client, settings, monkeypatch):
    """Fault test 19: where SMTP takes 30 s a command, pages take what they took; they only write rows."""

    def spoken(*_args, **_kwargs):
        raise AssertionError("a request opened a mail connection")

    for name in ("django.core.mail.get_connection", "smtplib.SMTP.__init__", "outbox.delivery.get_connection"):
        monkeypatch.setattr(name, spoken)
    team = TeamFactory()
    agent, boss, customer = make_agent(team), make_administrator(), make_customer()
    ticket = make_ticket(team=team, requester=customer, assignee=agent)
    client.force_login(agent)
    begun = machine.monotonic()
    body = {"kind": "note", "body": "look"}
    client.post(reverse("workspace:write", args=[ticket.number]), body)
    conversation.reply(ticket=ticket, actor=agent, body="Here it is.")
    client.get(reverse("workspace:ticket", args=[ticket.number]))
    client.post(reverse("account_reset_password"), {"email": agent.email})
    client.force_login(boss)
    client.post(reverse("outbox:send-test"))
    client.get(reverse("outbox:dead"))
    assert machine.monotonic() - begun < 30  # not one command of such a server
    kinds = set(Intent.objects.values_list("kind", flat=True))
    assert {"ticket.acknowledged", "ticket.reply", "account.password_reset", "outbox.test"} <= kinds


def test_only_the_delivery_knows_a_mail_server():
    """No other module imports what could send: neither Django's functions nor `smtplib`, nor the delivery itself."""
    senders = {"send_mail", "send_mass_mail", "mail_admins", "mail_managers", "get_connection"}
    allowed = {"outbox/delivery.py", "outbox/tasks.py"}
    found = []
    for room in ROOMS:
        for path in (Path(django_settings.BASE_DIR) / room).rglob("*.py"):
            where = str(path.relative_to(django_settings.BASE_DIR))
            if "/tests/" in where or where in allowed or where.startswith(("helpdesk/demo", "helpdesk/management")):
                continue
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.ImportFrom):
                    names = {alias.name for alias in node.names}
                    mails = node.module in ("django.core.mail", "smtplib") and names & senders
                    if mails or (node.module == "outbox" and "delivery" in names) or node.module == "outbox.delivery":
                        found.append(f"{where}: {node.module} {sorted(names)}")
                elif isinstance(node, ast.Import) and any(alias.name == "smtplib" for alias in node.names):
                    found.append(f"{where}: smtplib")
    assert found == []
