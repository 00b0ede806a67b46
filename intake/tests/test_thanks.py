"""The page after the form: what a stranger sees says nothing of the address, and the way in goes by mail."""

import re

import pytest
from django.urls import reverse

from accounts.tests.factories import OrganizationFactory, make_customer
from outbox import clock, registry
from outbox.models import Delivery, Intent
from tickets.models import AccessLink, SeverityRaise, Ticket

pytestmark = pytest.mark.django_db


def test_whether_an_address_is_known_cannot_be_seen(client, sheet):
    """Not by name, grade or promise, nor by a way in: what follows is for the owner of the address."""
    SeverityRaise.objects.update_or_create(
        service_level="key_account", from_severity="B", defaults={"to_severity": "A", "is_active": True}
    )
    key_account = OrganizationFactory(name="Secret Corp", name_en="Secret Corp", service_level="key_account")
    victim = make_customer(key_account, name="Vera Victim")
    pages = []
    for email in ("nobody@unknown.example", victim.email.upper()):
        page = client.get(sheet.send(email=email, name="Mallory", impact="one", urgency="normal").url)
        ticket = Ticket.objects.latest("pk")
        assert ticket.number in page.content.decode() and "/t/" not in page.content.decode()
        pages.append(re.sub(r"nonce-\S+|" + ticket.number, "", page.content.decode()).replace(token_in(page), ""))
    assert pages[0] == pages[1]
    assert (ticket.requester, ticket.severity) == (victim, "A")  # the ticket has what is due to it
    assert not AccessLink.objects.exists()
    assert client.get(reverse("portal:tickets")).status_code == 302
    victim.refresh_from_db()
    assert victim.name == "Vera Victim"


def token_in(page) -> str:
    """The mark against forged requests, another one in each answer."""
    return re.search(r'"X-CSRFToken": "(\w+)"', page.content.decode())[1]


def test_the_private_link_goes_to_the_address_alone(client, sheet):
    sheet.send()
    intent = Intent.objects.get(kind="ticket.acknowledged")
    notice = registry.get(intent.kind)
    (recipient,) = notice.recipients(intent, clock.now())
    assert recipient.address == "ann@example.org"
    mail = Delivery(intent=intent, user_id=recipient.user_id, channel=Delivery.Channel.MAIL, address=recipient.address)
    link = notice.context([intent], mail, clock.now())["url"]
    token = link.rstrip("/").rpartition("/")[2]
    assert len(token) >= 32 and not AccessLink.objects.filter(token_hash__contains=token).exists()
    assert client.get(link).context["ticket"] == Ticket.objects.get()


def test_thanks_of_another_session_s_person_leads_nowhere(client, sheet):
    """Somebody who signs in after an anonymous form is not its owner."""
    response = sheet.send()
    client.force_login(make_customer())
    page = client.get(response.url)
    assert page.status_code == 200 and not page.context["is_own"]


def test_thanks_without_a_submission_leads_to_the_form(client, db):
    assert client.get(reverse("intake:thanks")).url == reverse("intake:submit")
