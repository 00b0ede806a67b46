"""What people decide about mails, by pages and by the API."""

import re

import pytest
from django.core.exceptions import PermissionDenied, ValidationError

from accounts.models import User
from accounts.tests.factories import TeamFactory, make_administrator, make_agent, make_lead
from intake import selectors
from intake.mail import deciding, processing, tokens
from intake.models import InboundMail, Mailbox
from intake.tests.mails import US, a_mail, arrives
from outbox.models import Intent
from tickets.models import Participant, Ticket

pytestmark = pytest.mark.django_db


@pytest.fixture
def mailbox(team):
    return Mailbox.objects.create(address=US, language="en", team=team)


@pytest.fixture
def agent(team):
    return User.objects.get(memberships__team=team, memberships__role__code="agent")


@pytest.fixture
def ticket(mailbox):
    return arrives(a_mail(message_id="<first@mail.example.org>"), mailbox).ticket


@pytest.fixture
def held(ticket, mailbox):
    """A stranger's answer."""
    return arrives(a_mail(sender="Eve <eve@x.example>", answers="<first@mail.example.org>", text="Me too."), mailbox)


def test_letting_in_makes_a_message_of_the_sender_and_gives_no_look(held, ticket, agent):
    deciding.approve(mail=held, actor=agent)
    held.refresh_from_db()
    assert (held.state, held.reason, held.decided_by) == ("processed", "", agent)
    assert held.became.body == "Me too." and held.became.author.email == "eve@x.example"
    assert not Ticket.objects.visible_to(held.became.author).exists()
    assert ticket.events.filter(code="ticket.mail_approved", actor=agent).exists()
    assert arrives(a_mail(sender="eve@x.example", answers="<first@mail.example.org>")).state == "held"


def test_whoever_takes_part_is_asked_no_more(held, ticket, agent):
    deciding.approve(mail=held, actor=agent, takes_part=True)
    eve = User.objects.get(email="eve@x.example")
    assert Participant.objects.filter(ticket=ticket, user=eve).exists()
    assert not Ticket.objects.visible_to(eve).exists()
    assert arrives(a_mail(sender="eve@x.example", answers="<first@mail.example.org>")).ticket == ticket


def test_letting_in_what_claims_to_be_a_colleagues_makes_a_note(ticket, agent, mailbox):
    row = arrives(a_mail(sender=agent.email, answers="<first@mail.example.org>", text="Pay here. @Everybody"))
    other = make_agent(ticket.team)
    deciding.approve(mail=row, actor=other)
    row.refresh_from_db()
    assert row.became.kind == "note" and row.became.author == other
    assert agent.email in row.became.body and "Pay here." in row.became.body


def test_keeping_out_begins_a_ticket_of_its_own(held, ticket, agent):
    deciding.reject(mail=held, actor=agent)
    held.refresh_from_db()
    assert held.ticket != ticket and held.ticket.requester.email == "eve@x.example"
    assert ticket.messages.count() == 1
    assert ticket.events.filter(code="ticket.mail_rejected").exists()


def test_setting_aside_needs_a_reason_and_keeps_the_row(held, agent):
    with pytest.raises(ValidationError):
        deciding.discard(mail=held, actor=agent, words=" ")
    deciding.discard(mail=held, actor=agent, words="Advertising")
    held.refresh_from_db()
    assert (held.state, held.reason, held.detail) == ("ignored", "discarded", "Advertising")
    assert bytes(held.source.content)


def test_a_second_decision_is_refused(held, agent):
    deciding.approve(mail=held, actor=agent)
    for decide in (deciding.approve, deciding.reject):
        with pytest.raises(ValidationError):
            decide(mail=held, actor=agent)


def test_who_may_not_see_the_mail_decides_nothing(held):
    stranger = make_agent(TeamFactory())
    for decide in (deciding.approve, deciding.reject, deciding.retry):
        with pytest.raises(PermissionDenied):
            decide(mail=held, actor=stranger)
    with pytest.raises(PermissionDenied):
        deciding.discard(mail=held, actor=stranger, words="x")


def test_a_lead_sorts_the_mail_of_the_own_mailbox_only(team, mailbox):
    lead = make_lead(team)
    other = Mailbox.objects.create(address="other@yunfan.example", team=TeamFactory())
    own, foreign, nobodys = (
        arrives(f"From: \nSubject: {n}\n\n".encode(), b) for n, b in enumerate((mailbox, other, None))
    )
    assert set(InboundMail.objects.visible_to(lead)) == {own}
    assert set(InboundMail.objects.visible_to(make_administrator())) == {own, foreign, nobodys}


def test_the_rail_says_how_many_mails_wait_to_those_who_sort_them(
    client, team, held, mailbox, django_assert_num_queries
):
    def rail(user):
        client.force_login(user)
        page = client.get("/desk/").content.decode()
        found = re.search(r'href="/desk/mail/".*?</a>', page, re.DOTALL)
        return (re.search(r"rail-count[^>]*>(\d+)<", found[0]) or [0, "0"])[1] if found else None

    lead, boss, agent = make_lead(team), make_administrator(language="en"), make_agent(team)
    assert [rail(lead), rail(boss), rail(agent)] == ["1", "1", None]
    for n in range(3):
        arrives(f"From: \nSubject: {n}\n\n".encode(), mailbox)
    arrives(b"From: \nSubject: of nobody\n\n")
    assert [rail(lead), rail(boss), rail(agent)] == ["4", "5", None]
    assert boss.permission_codes  # read once for each request
    with django_assert_num_queries(1):
        assert selectors.waiting(user=boss) == 5
    InboundMail.objects.update(state="ignored", reason="discarded")
    assert [rail(lead), rail(boss)] == ["0", "0"]


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (a_mail(List_Id="<talk.example.org>"), "list"),
        (a_mail(Auto_Submitted="auto-replied"), "automatic"),
    ],
)
def test_what_was_ignored_becomes_a_ticket_when_somebody_wants_it(team, mailbox, raw, reason):
    row = arrives(raw, mailbox)
    assert row.reason == reason
    deciding.retry(mail=row, actor=make_lead(team))
    row.refresh_from_db()
    assert row.state == "processed" and row.ticket is not None
    assert not Intent.objects.filter(kind="ticket.acknowledged").exists()  # it is a machine all the same


def test_the_other_mail_of_one_id_becomes_a_ticket_when_somebody_wants_it(team, mailbox):
    first = arrives(a_mail(message_id="<same@x.example>"), mailbox)
    second = arrives(a_mail(message_id="<same@x.example>", sender="bob@example.org", text="Other"), mailbox)
    deciding.retry(mail=second, actor=make_lead(team))
    second.refresh_from_db()
    assert second.state == "processed" and second.ticket != first.ticket


def test_what_was_one_too_many_becomes_a_ticket_when_somebody_wants_it(team, mailbox, monkeypatch):
    monkeypatch.setattr("intake.limits.MAILS_FROM_ONE", 0)
    row = arrives(a_mail(), mailbox)
    assert (row.state, row.reason) == ("parked", "too_many")
    assert deciding.retry(mail=row, actor=make_lead(team)).state == "processed"


def test_our_own_mail_never_becomes_a_ticket(team, mailbox):
    row = arrives(a_mail(sender=US), mailbox)
    assert deciding.retry(mail=row, actor=make_lead(team)).state == "ignored"
    assert not Ticket.objects.exists()


def test_what_fails_again_is_parked_again_with_the_reason(team, mailbox, monkeypatch):
    row = arrives(b"From: \n\n", mailbox)
    lead = make_lead(team)
    assert deciding.retry(mail=row, actor=lead).reason == "unreadable"
    monkeypatch.setattr(processing, "act", lambda arrival: 1 / 0)
    assert deciding.retry(mail=row, actor=lead).reason == "failed"


def test_the_page_of_the_ticket_shows_what_waits_and_lets_it_in(client, held, ticket, agent):
    client.force_login(agent)
    address = f"/desk/tickets/{ticket.number}/held/"
    assert address in client.get(f"/desk/tickets/{ticket.number}/").content.decode()
    fragment = client.get(address, headers={"HX-Request": "true"}).content.decode()
    assert "eve@x.example answered, who takes no part in this ticket" in fragment and "Me too." in fragment
    answer = client.post(f"/desk/mail/{held.pk}/approve/", {"takes_part": "on"})
    assert answer["Location"] == f"/desk/tickets/{ticket.number}/"
    page = client.get(f"/desk/tickets/{ticket.number}/").content.decode()
    assert "Me too." in page and "Download the mail" in page
    assert "eve@x.example" not in client.get(address).content.decode()


def test_the_list_shows_reason_and_state_and_filters(client, team, mailbox):
    client.force_login(make_lead(team))
    empty = client.get("/desk/mail/").content.decode()
    assert "No mail waits for a decision." in empty
    arrives(b"From: \nSubject: garbled\n\n", mailbox)
    arrives(a_mail(List_Id="<talk.example.org>", subject="news"), mailbox)
    parked = client.get("/desk/mail/").content.decode()
    assert "garbled" in parked and "It could not be read." in parked and "news" not in parked
    assert "news" in client.get("/desk/mail/?state=ignored").content.decode()
    assert "garbled" not in client.get("/desk/mail/?q=other").content.decode()


def test_the_original_is_saved_and_never_run(client, team, mailbox):
    raw = b"From: \nSubject: <script>\n\n<script>alert(1)</script>"
    row = arrives(raw, mailbox)
    client.force_login(make_lead(team))
    answer = client.get(f"/desk/mail/{row.pk}/original/")
    assert answer.content == raw and answer["Content-Type"] == "message/rfc822"
    assert answer["Content-Disposition"] == f'attachment; filename="mail-{row.pk}.eml"'
    assert answer["X-Content-Type-Options"] == "nosniff" and "sandbox" in answer["Content-Security-Policy"]
    page = client.get(f"/desk/mail/{row.pk}/").content.decode()
    assert "<script>alert(1)" not in page and "&lt;script&gt;alert(1)" in page


def test_setting_aside_by_page_asks_for_the_reason(client, team, mailbox):
    row = arrives(b"From: \n\n", mailbox)
    client.force_login(make_lead(team))
    assert client.post(f"/desk/mail/{row.pk}/discard/").status_code == 422
    assert client.post(f"/desk/mail/{row.pk}/discard/", {"words": "Noise"}).status_code == 302
    row.refresh_from_db()
    assert row.detail == "Noise"


def test_the_api_lists_and_decides(client, held, ticket, agent):
    client.force_login(agent)
    found = client.get("/api/v1/mails/?state=held").json()["results"]
    assert [(one["id"], one["ticket"], one["reason"]) for one in found] == [(held.pk, ticket.number, "stranger")]
    assert client.get("/api/v1/mails/?stat=held").status_code == 400
    answer = client.post(f"/api/v1/mails/{held.pk}/approve/", {"takes_part": True}, content_type="application/json")
    assert answer.status_code == 200 and answer.json()["state"] == "processed"
    again = client.post(f"/api/v1/mails/{held.pk}/approve/", {}, content_type="application/json")
    assert again.status_code == 400


def test_the_undelivered_answer_says_so_at_its_place(client, ticket, agent):
    from intake.tests.mails import a_report, sent_to
    from tickets.services.conversation import reply

    reply(ticket=ticket, actor=agent, body="Which version is it?")
    ours = sent_to(ticket.requester.email)
    arrives(a_report(message_id=ours.message_id, recipient=ticket.requester.email))
    client.force_login(agent)
    page = client.get(f"/desk/tickets/{ticket.number}/").content.decode()
    assert "bounced: the address takes no mail" in page and "5.1.1" in page


def test_the_mark_is_long_and_different_for_each(ticket, agent):
    box = tokens.mailbox_for(ticket)
    addresses = {tokens.address_of(ticket=ticket, user=person, mailbox=box) for person in (agent, ticket.requester)}
    marks = {address.partition("@")[0].rpartition("-")[2] for address in addresses}
    assert len(marks) == 2 and all(len(mark) * 5 >= 128 for mark in marks)
