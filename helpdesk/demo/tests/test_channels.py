"""What the demo shows of its other channels, and that nothing of it calls anybody."""

from collections import Counter
from urllib.parse import urlsplit

import pytest

from helpdesk.demo.accounts import read
from helpdesk.demo.channels import load_channels
from helpdesk.demo.company import load_company
from intake.alerts.models import Alert, AlertPost, AlertSource
from intake.mail.fetching import fetch_due
from intake.models import InboundMail
from outbox import clock, web
from outbox.models import Robot, WebhookCall, WebhookEndpoint
from outbox.robots import sending as robots
from outbox.sealing import unseal
from outbox.webhooks import sending as webhooks
from tickets.choices import Channel
from tickets.models import Ticket

pytestmark = pytest.mark.django_db


@pytest.fixture
def channels(monkeypatch):
    def refuse(*_args, **_kwargs):
        raise AssertionError("the demo asks for an address outside")

    monkeypatch.setattr(web, "post", refuse)
    now = clock.now()
    load_company(now=now)
    load_channels(now=now)


def test_each_channel_left_something_to_look_at(channels):
    mails = Counter(InboundMail.objects.values_list("state", "reason"))
    assert mails == {
        ("processed", ""): 4,
        ("held", "stranger"): 1,
        ("parked", "too_large"): 1,
        ("parked", "unreadable"): 1,
        ("ignored", "automatic"): 1,
    }
    by_mail = Ticket.objects.filter(channel=Channel.MAIL)
    assert set(by_mail.values_list("language", "status")) == {("zh-hans", "pending"), ("en", "resolved")}
    assert all(ticket.messages.filter(kind="customer").count() == 2 for ticket in by_mail)
    alert = Alert.objects.get()
    assert (alert.count, alert.state, alert.ticket.status) == (14, "resolved", "resolved")
    assert AlertPost.objects.filter(state="done").count() == 15
    call = Ticket.objects.get(channel=Channel.PHONE)
    assert call.status == "resolved"
    assert call.requester.phone == read("channels")["call"]["phone"]
    assert set(WebhookCall.objects.values_list("state", flat=True)) == {"accepted", "dead"}


def test_nothing_of_it_calls_anybody(channels):
    assert fetch_due() == 0
    assert (robots.send_due(), webhooks.run()) == (Counter(), Counter())
    assert not Robot.objects.filter(is_active=True).exists()
    assert not WebhookEndpoint.objects.filter(is_active=True).exists()
    addresses = [unseal(row.sealed_address) for row in Robot.objects.all()]
    addresses += WebhookEndpoint.objects.values_list("url", flat=True)
    assert all((urlsplit(address).hostname or "").endswith(".example") for address in addresses)
    assert AlertSource.objects.get().key_hash
