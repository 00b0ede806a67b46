"""Signing in to mailboxes with what people really type, without a server; `test_mail_server` has a real one."""

from datetime import timedelta

import pytest

from intake.mail import imap, oauth
from intake.mail.fetching import fetch_due
from intake.mail.trying import try_mailbox
from intake.models import Mailbox, MailboxState
from outbox import clock

pytestmark = pytest.mark.django_db


class Server:
    """Keeps how somebody signed in."""

    def __init__(self) -> None:
        self.said: list[tuple] = []

    def login(self, user, password):
        f"{user}{password}".encode("ascii")  # as imaplib does
        self.said.append(("LOGIN", user, password))

    def authenticate(self, mechanism, answer):
        self.said.append((mechanism, answer(b"")))


def a_mailbox(**given) -> Mailbox:
    mailbox = Mailbox(address=f"{given.pop('name', 'box')}@support.example", host="imap.example", **given)
    mailbox.keep_secrets(password="s3cret")
    return mailbox


def test_plain_names_sign_in_as_ever_and_all_others_in_utf_8():
    for user, password, said in (
        ("ann", "s3cret", ("LOGIN", "ann", "s3cret")),
        (r"HALL\ann", "a b", ("LOGIN", r"HALL\ann", "a b")),
        ("ann", "密码", ("PLAIN", "\0ann\0密码".encode())),
        ("Ann Li", "s3cret", ("PLAIN", b"\0Ann Li\0s3cret")),
        ("支持", "s3cret", ("PLAIN", "\0支持\0s3cret".encode())),
        ("ann\r\nA1 DELETE INBOX", "s3cret", ("PLAIN", b"\0ann\r\nA1 DELETE INBOX\0s3cret")),
    ):
        server, mailbox = Server(), a_mailbox(user=user)
        mailbox.keep_secrets(password=password)
        imap._sign_in(server, mailbox, clock.now())
        assert server.said == [said]


@pytest.mark.parametrize("host", ["imap..example", "x" * 70 + ".example", "邮箱。。example"])
def test_a_name_that_is_none_is_said_and_stops_no_other_mailbox(host, monkeypatch):
    visited = []
    real = imap._connect

    def connect(mailbox):
        visited.append(mailbox.host)
        if mailbox.host != host:
            raise ConnectionRefusedError
        return real(mailbox)

    monkeypatch.setattr(imap, "_connect", connect)
    broken, other = a_mailbox(name="a"), a_mailbox(name="b")
    broken.host = host
    broken.save()
    other.save()
    assert not try_mailbox(broken, now=clock.now()).is_well
    fetch_due()
    assert set(visited) == {host, "imap.example"}
    assert MailboxState.objects.get(mailbox=broken).last_error


@pytest.mark.parametrize(
    ("said", "seconds"), [(3599, 3599), ("3600", 3600), (None, 0), ("soon", 0), (1e30, 0), (-5, 0)]
)
def test_a_token_is_kept_as_long_as_its_endpoint_says_in_numbers(said, seconds, monkeypatch):
    mailbox = a_mailbox(sign_in="oauth2", token_url="https://login.example/token")
    mailbox.save()
    monkeypatch.setattr(oauth, "_ask", lambda _mailbox: {"access_token": "t", "expires_in": said})
    now = clock.now()
    assert oauth.access_token(mailbox, now=now) == "t"
    assert MailboxState.objects.get(mailbox=mailbox).token_expires_at == now + timedelta(seconds=seconds)
