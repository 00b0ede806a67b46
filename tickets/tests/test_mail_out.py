"""Mails of a ticket to its customer: one thread, the team's name, and what became of each at its message."""

import re
from smtplib import SMTPRecipientsRefused

import pytest
from django.core import mail
from django.core.exceptions import ValidationError
from django.test import Client
from django.urls import reverse
from django.utils.translation import override

from accounts.tests.factories import TeamFactory, make_administrator, make_agent, make_customer, make_lead
from feedback.services import surveys
from outbox import clock, delivery, threads, upkeep
from outbox.models import Delivery
from outbox.tests.conftest import ScriptedBackend
from tickets.models import TicketEvent
from tickets.services import conversation, grades, moves
from tickets.services.mails import resend_mail
from tickets.tests.factories import make_ticket

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def backend(settings):
    settings.EMAIL_BACKEND = "outbox.tests.conftest.ScriptedBackend"
    settings.DEFAULT_FROM_EMAIL = "House <house@example.com>"
    ScriptedBackend.script, mail.outbox = {}, []
    return ScriptedBackend


@pytest.fixture
def team():
    return TeamFactory(
        from_address="cloud@example.com", from_name="云组", from_name_en="Cloud desk", signature="云组\n电话 400",
        signature_en="Cloud desk\nphone 400 & more",
    )  # fmt: skip


@pytest.fixture
def agent(team):
    make_lead(team)
    return make_agent(team)


def begin(team, channel="portal", **customer):
    return make_ticket(team=team, channel=channel, subject="No sign-in", requester=make_customer(**customer))


def to(ticket):
    delivery.run()
    return [sent for sent in mail.outbox if sent.to == [ticket.requester.email]]


def lived(team, agent, **given):
    """The mails of a ticket through everything that its customer hears."""
    ticket = begin(team, **given)
    conversation.reply(ticket=ticket, actor=agent, body="We look at it")
    grades.regrade(ticket=ticket, actor=agent, severity="A", reason="It is worse")
    moves.resolve_ticket(ticket=ticket, actor=agent, cause="c", solution="s", verification="customer")
    return ticket, to(ticket)


class TestThread:
    @pytest.mark.parametrize(
        ("channel", "subject"),
        [("portal", "[{}] No sign-in"), ("web", "[{}] Your problem"), ("mail", "[{}] Your problem")],
    )
    def test_one_subject_for_all_mails_and_none_of_a_strangers_words(self, channel, subject, team, agent):
        ticket, mails = lived(team, agent, channel=channel)
        assert {sent.subject for sent in mails} == {subject.format(ticket.number)} and len(mails) == 4

    def test_the_survey_too(self, team, agent, monkeypatch):
        ticket, mails = lived(team, agent)
        later = clock.now() + surveys.SURVEY_AFTER
        monkeypatch.setattr(clock, "now", lambda: later)
        surveys.send_due_surveys()
        delivery.run(read_clock=lambda: later)
        survey = to(ticket)[-1]
        assert survey.subject == mails[0].subject
        headers = survey.message()
        assert headers["Precedence"] == "bulk" and "/unsubscribe/" in headers["List-Unsubscribe"]

    def test_every_mail_refers_to_the_first(self, team, agent):
        _ticket, mails = lived(team, agent)
        first, *others = [sent.message() for sent in mails]
        root = first["References"]
        assert first["In-Reply-To"] == root and "Precedence" not in first and "List-Unsubscribe" not in first
        for each in others:
            assert each["References"] == f"{root} {first['Message-ID']}"
            assert each["In-Reply-To"] == first["Message-ID"]
        assert len({each["Message-ID"] for each in (first, *others)}) == 4

    def test_and_to_the_customers_own_mail_under_its_subject_where_somebody_vouches(self, team, agent, monkeypatch):
        own = threads.Thread(answers="<their.own@client.example>", subject="Cannot sign in!")
        monkeypatch.setattr(threads, "_asked", [lambda row: own if row.user and row.user.is_customer else None])
        _ticket, mails = lived(team, agent, channel="mail")
        assert {sent.subject for sent in mails} == {"Re: Cannot sign in!"}
        for each in mails:
            assert each.message()["In-Reply-To"] == "<their.own@client.example>"
        assert mails[0].message()["Message-ID"] in mails[1].message()["References"]

    def test_a_forged_id_of_a_mail_breaks_no_header(self, team, agent, monkeypatch):
        monkeypatch.setattr(threads, "_asked", [lambda row: threads.Thread(answers="<a@b>\r\nBcc: evil@example.com")])
        _ticket, mails = lived(team, agent)
        assert all("Bcc" not in each.message() and "evil" not in str(each.message()["References"]) for each in mails)

    def test_machine_mail_says_so(self, team, agent):
        _ticket, mails = lived(team, agent)
        said = [sent.message() for sent in mails]
        assert [each["Auto-Submitted"] for each in said] == ["auto-replied"] + ["auto-generated"] * 3
        for each in said:
            assert each["X-Auto-Response-Suppress"] and each["X-Loop"] == "helpdesk@example.com"


class TestSender:
    def test_customers_read_the_teams_name_address_and_signature_in_their_language(self, team, agent):
        english = lived(team, agent, language="en")[1][1]
        assert english.from_email == "Cloud desk <cloud@example.com>"
        assert english.body.endswith("\n-- \nCloud desk\nphone 400 & more\n")
        assert "Cloud desk<br>phone 400 &amp; more" in english.alternatives[0][0]
        chinese = lived(team, agent, language="zh-hans")[1][1]
        assert "云组\n电话 400" in chinese.body and "cloud@example.com" in chinese.from_email

    def test_colleagues_and_teams_without_a_sender_have_the_house(self, team):
        other = TeamFactory()
        lead = make_lead(other)
        ticket = begin(other)
        house = to(ticket)[0]
        assert house.from_email == "House <house@example.com>" and "-- \n" not in house.body
        staff = [sent for sent in mail.outbox if sent.to == [lead.email]]
        assert staff and all(sent.from_email == "House <house@example.com>" for sent in staff)

    def test_a_name_with_a_line_break_reaches_no_header(self, team, agent):
        type(team).objects.update(from_name="a\r\nBcc: evil@example.com", from_name_en="")
        _ticket, mails = lived(team, agent)
        assert all("Bcc" not in each.message() for each in mails)


def states(client, ticket) -> list[str]:
    page = client.get(reverse("workspace:ticket", args=[ticket.number])).content.decode()
    return re.findall(r'class="tag mail-state[^>]*>.*?</span>([^<]+)</span>', page)


class TestProgress:
    @pytest.fixture
    def ticket(self, team, agent, client):
        ticket = begin(team)
        to(ticket)
        conversation.reply(ticket=ticket, actor=agent, body="Here it is.")
        client.force_login(agent)
        return ticket

    def test_queued_tried_again_accepted(self, ticket, client, backend):
        from outbox.resolving import resolve_due

        resolve_due(now=clock.now())
        assert states(client, ticket) == ["waiting to be sent"]
        backend.script[f"[{ticket.number}] No sign-in"] = RuntimeError("busy")
        delivery.run()
        assert states(client, ticket) == ["waiting: the last attempt failed"]
        backend.script.clear()
        Delivery.objects.filter(state="queued").update(next_attempt_at=clock.now())
        delivery.run()
        assert states(client, ticket) == ["accepted by the mail server"]

    def test_bounced_with_a_button_that_sends_it_again_and_leaves_a_trace(self, ticket, client, backend, agent):
        backend.script[f"[{ticket.number}] No sign-in"] = SMTPRecipientsRefused({"a@b.c": (550, b"no such user")})
        delivery.run()
        assert states(client, ticket) == ["bounced: the address takes no mail"]
        row = Delivery.objects.get(state="bounced")
        address = reverse("workspace:resend-mail", args=[ticket.number, row.pk])
        assert address in client.get(reverse("workspace:ticket", args=[ticket.number])).content.decode()
        backend.script.clear()
        assert client.post(address).status_code == 302
        delivery.run()
        row.refresh_from_db()
        event = TicketEvent.objects.get(code="ticket.mail_resent")
        assert (row.state, event.actor, event.data["delivery"]) == ("accepted", agent, row.pk)
        client.post(address)  # it arrived: said kindly, and nothing happens
        assert TicketEvent.objects.filter(code="ticket.mail_resent").count() == 1

    def test_customers_see_nothing_of_it(self, ticket):
        delivery.run()
        portal = Client()
        portal.force_login(ticket.requester)
        page = portal.get(reverse("portal:ticket", args=[ticket.number])).content.decode()
        assert "Here it is." in page and "mail-state" not in page

    def test_nothing_of_another_ticket_and_nothing_for_colleagues_is_sent_again(self, ticket, agent, team):
        other = begin(team)
        delivery.run()
        Delivery.objects.update(state="dead")
        foreign = Delivery.objects.filter(stream=f"ticket:{other.number}", channel="mail").first()
        inside = Delivery.objects.filter(stream=f"ticket:{ticket.number}", channel="mail").exclude(
            user=ticket.requester
        )
        for row in [foreign, *inside[:1]]:
            with override("en"), pytest.raises(ValidationError, match="again"):
                resend_mail(ticket=ticket, delivery_id=row.pk, actor=agent)
        assert not Delivery.objects.filter(state="queued").exists()

    def test_who_does_not_work_here_finds_no_button(self, ticket, team):
        row = Delivery.objects.filter(channel="mail").first()
        address = reverse("workspace:resend-mail", args=[ticket.number, row.pk])
        for person in (make_agent(TeamFactory()), ticket.requester):
            stranger = Client()
            stranger.force_login(person)
            assert stranger.post(address).status_code == 404
        assert stranger.get(address).status_code in (404, 405)


def test_all_dead_letters_of_a_kind_are_sent_again_and_what_was_one_message_stays_one(client, team, agent):
    ticket = begin(team)
    to(ticket)
    rows = Delivery.objects.filter(channel="mail", intent__kind="ticket.acknowledged")
    rows.update(state="dead", attempts=6)
    before = set(rows.values_list("batch", flat=True))
    client.force_login(make_administrator())
    page = client.get(reverse("outbox:dead")).content.decode()
    assert 'value="ticket.acknowledged"' in page
    assert client.post(reverse("outbox:resend-kind"), {"kind": "ticket.acknowledged"}).status_code == 302
    again = client.post(reverse("outbox:resend-kind"), {"kind": "ticket.acknowledged"}, follow=True)
    assert "Somebody sent it again already." in again.content.decode()
    assert set(rows.values_list("state", "attempts")) == {("queued", 1)}
    assert not before & set(rows.values_list("batch", flat=True))
    Delivery.objects.filter(pk__in=rows.values("pk")).update(next_attempt_at=clock.now())
    delivery.run()
    assert set(rows.values_list("state", "last_error")) == {("accepted", "")}
    assert upkeep.resend_kind(kind="ticket.acknowledged", now=clock.now()) == 0
