"""Signing in by OAuth 2 on a real mail server, which asks the service that gave the token whose it is."""

import imaplib

import pytest
from django.utils.translation import override

from intake.mail import fetching
from intake.mail.trying import try_mailbox
from intake.models import Mailbox, MailboxState
from intake.tests.mail_server import PASSWORD, mail_server, make_certificate
from intake.tests.mails import US, a_mail
from intake.tests.oauth_service import oauth_service
from outbox import clock

pytestmark = [pytest.mark.proof, pytest.mark.mailserver, pytest.mark.django_db]
OTHER = "other@yunfan.example"


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    folder = tmp_path_factory.mktemp("oauth")
    make_certificate(folder)
    return folder


@pytest.fixture(scope="module")
def service(certificate):
    with oauth_service(certificate) as oauth:
        yield oauth


@pytest.fixture(scope="module", params=["xoauth2", "oauthbearer", "xoauth2 oauthbearer"])
def server(request, service):
    with mail_server(US, OTHER, introspection=service.introspection_url, bearer=request.param) as server:
        yield server


@pytest.fixture
def oauth(service):
    service.refresh, service.access = {"refresh-0": US}, {}
    service.asked, service.introspected = [], []
    service.lasts, service.rotates = 3600, False
    return service


@pytest.fixture
def box(server, oauth, certificate, team, monkeypatch, tmp_path):
    trusted = tmp_path / "trusted.pem"
    trusted.write_bytes(server.certificate.read_bytes() + (certificate / "cert.pem").read_bytes())
    monkeypatch.setenv("SSL_CERT_FILE", str(trusted))
    mailbox = Mailbox(
        address=US, host="localhost", port=server.imaps, sign_in="oauth2", token_url=oauth.token_url,
        client_id=oauth.client[0], language="en",
    )  # fmt: skip
    mailbox.keep_secrets(client_secret=oauth.client[1], refresh_token="refresh-0")
    mailbox.save()
    with imaplib.IMAP4("127.0.0.1", server.imap) as there:
        there.login(US, PASSWORD)
        if there.select("INBOX")[1] != [b"0"]:
            there.store("1:*", "+FLAGS", r"(\Deleted)")
            there.expunge()
    return mailbox


def _error(box):
    return MailboxState.objects.get(mailbox=box).last_error


def test_a_refresh_token_becomes_an_access_token_that_opens_the_mailbox(server, oauth, box):
    server.deliver(a_mail(), US)
    assert fetching.fetch(box) == 1
    assert oauth.asked == [
        {
            "grant_type": "refresh_token",
            "client_id": "helpdesk",
            "client_secret": "client-s3cret",
            "refresh_token": "refresh-0",
        }
    ]
    assert oauth.introspected == ["access-1"] and not _error(box)
    state = MailboxState.objects.get(mailbox=box)
    assert "access-1" not in state.sealed_access_token
    server.deliver(a_mail(), US)
    assert fetching.fetch(box) == 1
    assert len(oauth.asked) == 1 and oauth.introspected == ["access-1"] * 2  # it is good for an hour


def test_a_token_that_is_about_to_run_out_is_not_used(server, oauth, box):
    oauth.lasts = 30
    for _visit in range(2):
        fetching.fetch(box)
    assert not _error(box) and oauth.introspected == ["access-1", "access-2"]


def test_a_token_that_was_revoked_is_asked_for_anew_at_the_next_visit(server, oauth, box):
    fetching.fetch(box)
    oauth.access.clear()  # somebody changed the password: all tokens are void at once
    server.deliver(a_mail(), US)
    with override("en"):
        assert fetching.fetch(box) == 0
    assert "The server refused" in _error(box)
    assert fetching.fetch(box) == 1 and not _error(box)
    assert len(oauth.asked) == 2


def test_a_refresh_token_that_changes_each_time_is_kept(server, oauth, box):
    oauth.rotates, oauth.lasts = True, 30
    for _visit in range(3):
        fetching.fetch(Mailbox.objects.get(pk=box.pk))
        assert not _error(box)
    assert [form["refresh_token"] for form in oauth.asked] == ["refresh-0", "refresh-2", "refresh-3"]


@pytest.mark.parametrize(
    ("secrets", "said"),
    [
        ({"refresh_token": "of-somebody-else"}, "HTTP 400 invalid_grant"),
        ({"client_secret": "wr0ng-secret"}, "HTTP 401 invalid_client"),
    ],
)
def test_a_wrong_secret_is_said_and_never_shown(server, oauth, box, secrets, said, caplog):
    box.keep_secrets(**secrets)
    box.save()
    assert fetching.fetch(box) == 0
    found = try_mailbox(box, now=clock.now())
    assert not found.is_well and said in found.text and said in _error(box)
    for text in (found.text, _error(box), caplog.text):
        assert not any(secret in text for secret in (*secrets.values(), "client-s3cret", "refresh-0"))
    assert oauth.introspected == []


def test_the_token_of_one_opens_no_mailbox_of_another(server, oauth, box):
    oauth.refresh["refresh-0"] = OTHER
    server.deliver(a_mail(), US)
    with override("en"):
        assert fetching.fetch(box) == 0
    assert "The server refused" in _error(box) and len(server.mails_of(US)) == 1
