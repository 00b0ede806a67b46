"""On real mail servers: mail in, ticket, reply out, answer in; and what is fetched is here before it is gone there.

Mails leave by SMTP to Postfix, which hands them on to Dovecot by LMTP, where the customer reads them and the product
fetches the answers by IMAP.
"""

import email
import imaplib
import smtplib
from email.policy import default

import pytest
from django.utils.translation import override

from accounts.models import User
from accounts.tests.factories import make_administrator
from intake.mail import fetching, imap
from intake.mail.processing import process_due
from intake.mail.trying import try_mailbox
from intake.models import InboundMail, Mailbox, MailboxState
from intake.tests.mail_server import PASSWORD, mail_server
from intake.tests.mails import US, a_mail
from intake.tests.smtp_server import REFUSED, smtp_server
from outbox import clock, delivery
from outbox.models import Delivery
from tickets.models import Ticket
from tickets.services.conversation import reply

pytestmark = [pytest.mark.proof, pytest.mark.mailserver, pytest.mark.smtpserver, pytest.mark.django_db]
ANN, COLLEAGUE = "ann@example.org", "ji.haoran@yunfan.example"
BOB = "bob@example.org"  # who has no mailbox on the server


@pytest.fixture(scope="module")
def server():
    with mail_server(US, ANN, COLLEAGUE) as server:
        yield server


@pytest.fixture(scope="module")
def postfix(server):
    with smtp_server(server) as there:
        yield there


@pytest.fixture
def box(server, team, monkeypatch):
    """The support mailbox, empty on the server."""
    monkeypatch.setenv("SSL_CERT_FILE", str(server.certificate))
    mailbox = Mailbox(address=US, host="localhost", port=server.imaps, language="en")
    mailbox.keep_secrets(password=PASSWORD)
    mailbox.save()
    for user in (US, ANN, COLLEAGUE):
        with imaplib.IMAP4("127.0.0.1", server.imap) as there:
            there.login(user, PASSWORD)
            if there.select("INBOX")[1] != [b"0"]:
                there.store("1:*", "+FLAGS", r"(\Deleted)")
                there.expunge()
    return mailbox


@pytest.fixture
def mails_leave(server, postfix, settings):
    """Mails go to Postfix by SMTP, as in production; the test waits until it has handed on what it took."""
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", postfix.smtp
    settings.EMAIL_USE_TLS = settings.EMAIL_USE_SSL = False
    User.objects.filter(memberships__role__code="agent").update(email=COLLEAGUE)


def _fetched(mailbox):
    count = fetching.fetch(mailbox)
    process_due()
    return count


def _newest_of(server, user, count):
    return email.message_from_bytes(server.await_mails(user, count)[-1], policy=default)


def _answer(received, text: str, sender: str) -> tuple[bytes, str]:
    """What a mail program sends when somebody answers: to Reply-To, with the references in order."""
    to = str(received["Reply-To"] or received["From"])
    references = f"{received.get('References', '')} {received['Message-ID']}".strip()
    threads = {"In_Reply_To": received["Message-ID"], "References": references}
    raw = a_mail(sender=sender, to=to, text=text, subject=f"Re: {received['Subject']}", **threads)
    return raw, to


def _send(postfix, raw, to, sender):
    """What somebody's mail program does."""
    with smtplib.SMTP("127.0.0.1", postfix.smtp, timeout=20) as there:
        there.sendmail(sender, [to], raw)


def test_mail_in_ticket_reply_out_answer_in(server, postfix, box, mails_leave):
    _send(postfix, a_mail(), US, ANN)
    server.await_mails(US, 1)
    assert _fetched(box) == 1 and server.mails_of(US) == []
    ticket = Ticket.objects.get()
    delivery.run()
    assert ticket.number in _newest_of(server, ANN, 1)["Subject"]

    agent = User.objects.get(memberships__role__code="agent")
    reply(ticket=ticket, actor=agent, body="Which version is it?", status="pending")
    delivery.run()
    received = _newest_of(server, ANN, 2)
    assert any("by mx.test (Postfix)" in line for line in received.get_all("Received"))
    assert "Which version is it?" in received.get_body(("plain",)).get_content()
    assert received["Auto-Submitted"] == "auto-generated" and received["X-Loop"]
    own = f"<{InboundMail.objects.get().message_id}>"  # below the customer's own mail in every mail program
    assert received["In-Reply-To"] == own and own in received["References"]

    raw, to = _answer(received, "Version 5.\n\nOn Monday Support wrote:\n> Which version is it?", ANN)
    assert to.startswith("support+r-")
    _send(postfix, raw, to, ANN)
    server.await_mails(US, 1)
    assert _fetched(box) == 1
    ticket.refresh_from_db()
    assert [one.body for one in ticket.messages.order_by("pk")][1:] == ["Which version is it?", "Version 5."]
    assert ticket.status == "open" and Ticket.objects.count() == 1


def test_a_colleague_answers_from_the_own_mail_program(server, postfix, box, mails_leave):
    agent = User.objects.get(memberships__role__code="agent")
    server.deliver(a_mail(), US, ANN)
    _fetched(box)
    delivery.run()
    raw, to = _answer(_newest_of(server, agent.email, 1), "Please try version 6.", agent.email)
    _send(postfix, raw, to, agent.email)
    server.await_mails(US, 1)
    _fetched(box)
    ticket = Ticket.objects.get()
    assert [(one.kind, one.body) for one in ticket.messages.order_by("pk")][1:] == [("public", "Please try version 6.")]
    delivery.run()
    assert "Please try version 6." in _newest_of(server, ANN, 2).get_body(("plain",)).get_content()


def test_what_comes_back_as_undeliverable_is_seen_at_its_answer(server, postfix, box, mails_leave, settings):
    """The report is Postfix's own, about a mail that it took before it found nobody there."""
    settings.DEFAULT_FROM_EMAIL = US
    server.deliver(a_mail(sender=BOB), US, BOB)
    _fetched(box)
    ticket, agent = Ticket.objects.get(), User.objects.get(memberships__role__code="agent")
    reply(ticket=ticket, actor=agent, body="Which version is it?")
    delivery.run()
    mails = Delivery.objects.filter(channel="mail", stream=f"ticket:{ticket.number}", user=ticket.requester)
    assert {row.state for row in mails} == {"accepted"}
    server.await_mails(US, 2)
    _fetched(box)
    assert {(row.state, row.last_error) for row in mails.all()} == {("bounced", f"{BOB}: 5.1.1 failed")}
    assert Ticket.objects.count() == 1


def test_whom_the_server_refuses_at_once_is_not_tried_again(server, box, mails_leave):
    server.deliver(a_mail(sender=REFUSED), US, REFUSED)
    _fetched(box)
    delivery.run()
    (row,) = Delivery.objects.filter(channel="mail", intent__kind="ticket.acknowledged")
    assert row.state == "bounced" and "5.1.1" in row.last_error


@pytest.mark.parametrize("way", ["tls", "starttls"])
def test_every_way_to_sign_in(server, box, way):
    if way == "starttls":
        box.security, box.port = "starttls", server.imap
    box.save()
    server.deliver(a_mail(), US)
    assert fetching.fetch(box) == 1
    state = MailboxState.objects.get(mailbox=box)
    assert state.fetched_at and not state.last_error and not state.locked_until
    assert PASSWORD not in state.sealed_access_token


def test_a_failure_says_why_and_never_the_secret(server, box):
    cases = [
        ({"sealed_password": ""}, "The server refused"),
        ({"port": 1}, "Nobody answers at this port."),
        ({"host": "nowhere.invalid"}, "The server was not found."),
        ({"folder": "No such folder"}, "The server refused"),
        ({"sealed_password": "nonsense"}, "cannot be read with the present SECRET_KEY"),
    ]
    as_it_was = Mailbox.objects.filter(pk=box.pk).values().get()
    for change, said in cases:
        Mailbox.objects.filter(pk=box.pk).update(**as_it_was | change)
        changed = Mailbox.objects.get(pk=box.pk)
        with override("en"):
            assert fetching.fetch(changed) == 0
        error = MailboxState.objects.get(mailbox=box).last_error
        assert said in error and error and PASSWORD not in error
        assert not try_mailbox(changed, now=clock.now()).is_well
    assert MailboxState.objects.get(mailbox=box).failing_since


def test_a_certificate_of_nobody_is_refused(server, box, monkeypatch):
    monkeypatch.delenv("SSL_CERT_FILE")
    assert "certificate" in try_mailbox(box, now=clock.now()).text


def test_dying_between_store_and_removal_loses_and_repeats_nothing(server, box, monkeypatch):
    for number in range(5):
        server.deliver(a_mail(sender=f"p{number}@example.org"), US)
    done, deaths = imap.Folder.done, []

    def dies(folder, uid):
        if len(deaths) < 3:
            deaths.append(uid)
            raise ConnectionResetError("the line went dead")
        done(folder, uid)

    monkeypatch.setattr(imap.Folder, "done", dies)
    for _ in range(3):
        _fetched(box)
    assert len(server.mails_of(US)) == 5
    _fetched(box)
    assert server.mails_of(US) == []
    assert InboundMail.objects.count() == Ticket.objects.count() == 5


def test_a_store_that_fails_leaves_the_mail_on_the_server(server, box, monkeypatch):
    server.deliver(a_mail(), US)

    def full(**_values):
        raise OSError("no space left on device")

    monkeypatch.setattr(fetching, "receive", full)
    assert fetching.fetch(box) == 0
    assert len(server.mails_of(US)) == 1 and not InboundMail.objects.exists()


def test_a_mailbox_that_keeps_its_mail_is_read_once(server, box):
    box.after_fetch = "seen"
    box.save()
    server.deliver(a_mail(), US)
    assert [_fetched(box), _fetched(box)] == [1, 0]
    assert len(server.mails_of(US)) == 1 and Ticket.objects.count() == 1


def test_far_too_large_stays_on_the_server_and_its_head_is_here(server, box, monkeypatch):
    monkeypatch.setattr(fetching, "MOST_BYTES", 5_000)
    server.deliver(a_mail(files=(("big.log", b"x" * 6_000),)), US)
    assert [_fetched(box), _fetched(box)] == [1, 0]
    row = InboundMail.objects.get()
    assert (row.state, row.reason, row.subject, row.is_whole) == ("parked", "too_large", "The export stops", False)
    assert row.size > 6_000 > len(bytes(row.source.content)) and len(server.mails_of(US)) == 1


def test_a_folder_of_another_language(server, box):
    box.folder = "支持 & mail"
    box.save()
    with imaplib.IMAP4("127.0.0.1", server.imap) as there:
        there.login(US, PASSWORD)
        there.create(imap._quoted(box.folder))
        there.append(imap._quoted(box.folder), "", "", a_mail())
    assert fetching.fetch(box) == 1


def test_the_button_of_the_administration_tries_the_connection(server, box, client):
    client.force_login(make_administrator())
    server.deliver(a_mail(), US)
    page = client.post(f"/admin/intake/mailbox/{box.pk}/try/", follow=True).content.decode()
    assert "Connected. 1 mail waits." in page and PASSWORD not in page and box.sealed_password not in page
    assert len(server.mails_of(US)) == 1
