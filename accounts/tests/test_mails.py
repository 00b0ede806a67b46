"""Mails about the account, through the real outbox: rendered when sent, in the reader's language, no secret at rest."""

import re
import uuid

import pytest
from django.db import transaction
from django.urls import resolve

from accounts.notices import tell_account
from accounts.tests.factories import TeamFactory, make_agent
from outbox import clock
from outbox.models import Delivery, Intent
from outbox.registry import Recipient, get
from outbox.rendering import render_mail

pytestmark = pytest.mark.django_db


def mail_for(person, intent):
    now = clock.now()
    (recipient,) = get(intent.kind).recipients(intent, now)
    assert recipient == Recipient.of(person, ("mail",))
    delivery = Delivery(
        intent=intent, user=person, address=person.email, language=person.language, channel="mail", stream="x"
    )
    delivery.batch = uuid.uuid4()
    return render_mail(deliveries=[delivery], now=now)


@pytest.mark.parametrize("kind", ["account.password_reset", "account.security"])
def test_account_mails_render_and_lead_home(kind):
    person = make_agent(TeamFactory(), name="R&D <b>Li</b>")
    with transaction.atomic():
        tell_account(kind=kind, email=person.email.upper(), now=clock.now(), event="totp_activated")
    mail = mail_for(person, Intent.objects.get())
    html = mail.alternatives[0][0]
    assert "R&D <b>Li</b>" in mail.body
    assert "<b>Li</b>" not in html
    links = re.findall(r"http://127\.0\.0\.1:8000(/[^\s\"<]+)", mail.body)
    assert [resolve(link).url_name for link in links if link != "/"] in (
        ["account_reset_password_from_key"],
        ["account_reset_password"],
    )
    secret = links[0].rstrip("/").rpartition("-")[2]
    assert secret not in str(list(Intent.objects.values()))


def test_nobody_is_told_about_an_unknown_address():
    with transaction.atomic():
        tell_account(kind="account.password_reset", email="nobody@example.org", now=clock.now())
    assert get("account.password_reset").recipients(Intent.objects.get(), clock.now()) == []
