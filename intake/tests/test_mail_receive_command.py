"""`receive_email` as a mail server calls it: stored and 0, or not stored and 75."""

import pytest
from django.core.management import CommandError, call_command
from django.db import OperationalError

from intake.mail import receiving
from intake.models import InboundMail, Mailbox

MAIL = (
    b"From: a@kunde.example\r\nTo: help@house.example\r\nMessage-ID: <1@kunde.example>\r\nSubject: Hi\r\n\r\nHello\r\n"
)


@pytest.fixture
def mail(tmp_path):
    path = tmp_path / "one.eml"
    path.write_bytes(MAIL)
    return str(path)


@pytest.mark.django_db
def test_it_is_stored_once_for_its_mailbox(mail):
    mailbox = Mailbox.objects.create(address="help@house.example")
    for _again in range(2):
        call_command("receive_email", mail, mailbox="HELP@house.example")
    row = InboundMail.objects.get()
    assert (row.mailbox, row.size, row.state) == (mailbox, len(MAIL), "received")


@pytest.mark.django_db
def test_a_mailbox_that_is_not_there_is_told_and_nothing_is_stored(mail):
    with pytest.raises(CommandError, match="no mailbox") as refused:
        call_command("receive_email", mail, mailbox="nobody@house.example")
    assert refused.value.returncode == 1
    assert not InboundMail.objects.exists()


@pytest.mark.django_db
@pytest.mark.parametrize("trouble", [OperationalError("the database is away"), OSError("no space left")])
def test_what_cannot_be_stored_is_to_be_brought_again(mail, monkeypatch, trouble):
    def away(**given):
        raise trouble

    monkeypatch.setattr(receiving, "receive", away)
    with pytest.raises(CommandError) as refused:
        call_command("receive_email", mail)
    assert refused.value.returncode == 75
