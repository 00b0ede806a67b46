"""A mail becomes a ticket, a message, a held row: by whom it is, what it proves and what kind of mail it is."""

from datetime import timedelta
from email import message_from_bytes

import pytest
from django.utils.translation import gettext as _
from django.utils.translation import override

from accounts.models import User
from accounts.tests.factories import (
    OrganizationFactory,
    TeamFactory,
    make_administrator,
    make_agent,
    make_customer,
    make_manager,
)
from intake.mail import processing, tokens
from intake.mail.receiving import receive
from intake.models import InboundMail, Mailbox
from intake.tests.mails import US, a_mail, a_report, arrives, sent_to
from outbox import clock
from outbox.models import Delivery, Intent
from outbox.wording.rows import save_wording
from tickets.models import Attachment, Message, Participant, Ticket
from tickets.services.conversation import add_note, reply
from tickets.services.links import revoke_status_links
from tickets.services.merging import merge_ticket
from tickets.services.moves import confirm_solution, resolve_ticket

pytestmark = pytest.mark.django_db
PNG = b"\x89PNG\r\n\x1a\n" + b"0" * 20


@pytest.fixture
def mailbox(team):
    return Mailbox.objects.create(address=US, language="en")


@pytest.fixture
def agent(team):
    return User.objects.get(memberships__team=team, memberships__role__code="agent")


@pytest.fixture
def ticket(mailbox):
    """Ann's, begun by a mail."""
    return arrives(a_mail(message_id="<first@mail.example.org>"), mailbox).ticket


def _answer_address(ticket, person):
    return tokens.address_of(ticket=ticket, user=person, mailbox=tokens.mailbox_for(ticket))


def test_a_mail_becomes_a_ticket_as_the_form_would_make_it(mailbox):
    OrganizationFactory(domain="example.org")
    raw = a_mail(html='<p>It stops <img src="cid:shot"></p>', files=(("log.txt", b"12:00 stop\n"),))
    row = arrives(raw, mailbox)
    assert row.state == "processed" and row.reason == ""
    ticket, message = row.ticket, row.became
    assert (ticket.channel, ticket.subject, ticket.language) == ("mail", "The export stops", "en")
    assert ticket.requester.email == "ann@example.org" and ticket.organization.domain == "example.org"
    assert message.body.startswith("Since this morning") and message.channel == "mail"
    assert "It stops" in message.source.html
    assert [one.name for one in message.attachments.all()] == ["log.txt"]
    assert bytes(row.source.content) == raw
    assert Intent.objects.filter(kind="ticket.acknowledged").count() == 1


def test_the_team_of_the_mailbox_takes_what_no_rule_routes(team):
    other = TeamFactory(name_en="Mail team")
    box = Mailbox.objects.create(address="north@yunfan.example", team=other)
    ticket = arrives(a_mail(), box).ticket
    assert ticket.team == other
    assert {"code": "routing.mailbox", "team": {"name": other.name, "name_en": "Mail team"}} in ticket.routing


def test_what_is_no_file_we_take_is_named_for_colleagues_and_kept(mailbox):
    raw = a_mail(files=(("run.exe", b"MZ"), ("shot.png", PNG)))
    row = arrives(raw, mailbox)
    assert [one.name for one in row.became.attachments.all()] == ["shot.png"]
    note = Message.objects.get(ticket=row.ticket, kind="note")
    assert "run.exe" in note.body and note.author is None
    assert b"run.exe" in bytes(row.source.content)


def test_the_customers_answer_comes_by_its_mark_and_without_the_quoted_words(ticket, agent):
    reply(ticket=ticket, actor=agent, body="Which version is it?")
    to = message_from_bytes(_sent(ticket.requester.email))["Reply-To"]
    text = "Version 5.\n\nOn Monday Support wrote:\n> Which version is it?"
    row = arrives(a_mail(to=to, text=text, subject="quite another subject"))
    assert row.ticket == ticket and row.became.kind == "customer"
    assert row.became.body == "Version 5."
    assert "Which version is it?" in row.became.source.html  # all of it is one click away


def test_a_reference_to_our_mail_is_enough_for_the_same_participant(ticket, agent):
    reply(ticket=ticket, actor=agent, body="Which version is it?")
    ours = sent_to(ticket.requester.email).message_id
    assert arrives(a_mail(answers=ours)).ticket == ticket
    assert arrives(a_mail(answers="<first@mail.example.org>")).ticket == ticket


def test_the_number_in_a_subject_says_nothing(ticket):
    row = arrives(a_mail(subject=f"Re: [{ticket.number}] The export stops"))
    assert row.state == "processed" and row.ticket != ticket


def test_the_id_that_all_our_mails_refer_to_can_be_computed_and_says_nothing(ticket):
    from outbox.rendering import thread_id

    row = arrives(a_mail(answers=thread_id(f"ticket:{ticket.number}")))
    assert row.ticket != ticket


def test_a_wrong_mark_is_a_new_ticket_even_with_a_right_reference(ticket):
    good = _answer_address(ticket, ticket.requester)
    bad = good.replace(good.partition("@")[0][-4:], "aaaa")
    row = arrives(a_mail(to=bad, answers="<first@mail.example.org>"))
    assert row.state == "processed" and row.ticket != ticket and row.ticket.follow_up_of is None


def test_revoked_links_revoke_the_mark_too(ticket, agent):
    old = _answer_address(ticket, ticket.requester)
    revoke_status_links(ticket=ticket, actor=agent)
    assert arrives(a_mail(to=old)).ticket != ticket
    ticket.refresh_from_db()
    assert arrives(a_mail(to=_answer_address(ticket, ticket.requester))).ticket == ticket


def test_a_stranger_with_the_mark_waits_for_approval(ticket):
    to = _answer_address(ticket, ticket.requester)
    row = arrives(a_mail(sender="eve@evil.example", to=to))
    assert (row.state, row.reason, row.ticket) == ("held", "stranger", ticket)
    assert ticket.messages.count() == 1 and not User.objects.filter(email="eve@evil.example").exists()
    assert ticket.events.filter(code="ticket.mail_held").count() == 1
    assert Intent.objects.filter(kind="ticket.mail_held").count() == 1


def test_a_stranger_who_refers_to_a_mail_of_the_ticket_waits_too(ticket):
    assert arrives(a_mail(sender="eve@evil.example", answers="<first@mail.example.org>")).state == "held"


def test_a_flood_of_one_stranger_does_not_fill_the_page(ticket):
    for number in range(32):
        receive(raw=a_mail(sender="eve@evil.example", answers="<first@mail.example.org>", text=f"{number}"))
    processing.process_due()
    assert ticket.inbound_mails.filter(state="held").count() == 30
    assert ticket.inbound_mails.filter(state="parked", reason="too_many").count() == 2


def test_a_carbon_copy_gives_nobody_a_look(mailbox):
    row = arrives(a_mail(Cc="eve@evil.example"), mailbox)
    assert not Participant.objects.filter(ticket=row.ticket).exists()
    assert not User.objects.filter(email="eve@evil.example").exists()


def test_a_colleague_answers_by_mail_with_their_own_mark_only(ticket, agent):
    row = arrives(a_mail(sender=agent.email, to=_answer_address(ticket, agent), text="Try version 6."))
    assert row.became.kind == "public" and row.became.author == agent
    ticket.refresh_from_db()
    assert ticket.first_response_at is not None
    for to in (_answer_address(ticket, ticket.requester), US):
        held = arrives(a_mail(sender=agent.email, to=to, answers="<first@mail.example.org>", text="I am the agent."))
        assert (held.state, held.reason) == ("held", "staff")
    assert ticket.messages.filter(kind="public").count() == 1


def test_a_colleague_writes_a_note_to_the_address_for_notes(ticket, agent):
    box = tokens.mailbox_for(ticket)
    to = tokens.address_of(ticket=ticket, user=agent, mailbox=box, is_note=True)
    row = arrives(a_mail(sender=agent.email, to=to, text="Looks like the disk."))
    assert row.became.kind == "note" and row.became.author == agent


def test_a_mark_is_worth_no_more_than_the_rights_of_its_holder_now(ticket, agent):
    to = _answer_address(ticket, agent)
    agent.memberships.all().delete()
    assert arrives(a_mail(sender=agent.email, to=to)).state == "held"
    manager = make_manager()  # sees the ticket and answers none
    row = arrives(a_mail(sender=manager.email, to=_answer_address(ticket, manager)))
    assert (row.state, row.reason) == ("held", "staff")


def test_what_the_ticket_does_not_take_is_held_with_the_reason(ticket, agent):
    resolve_ticket(ticket=ticket, actor=agent, cause="c", solution="s", verification="customer")
    row = arrives(a_mail(sender=agent.email, to=_answer_address(ticket, agent)))
    assert (row.state, row.reason) == ("held", "refused") and "resolved" in row.detail


def test_a_mail_to_a_merged_ticket_lands_on_the_one_that_goes_on(ticket, agent, mailbox):
    other = arrives(a_mail(subject="The import stops"), mailbox).ticket
    merge_ticket(ticket=ticket, into=other, actor=agent, words="Both go on here.")
    assert arrives(a_mail(to=_answer_address(ticket, ticket.requester))).ticket == other
    assert arrives(a_mail(sender=agent.email, to=_answer_address(ticket, agent), text="Done?")).ticket == other


def test_a_closed_ticket_opens_within_two_weeks_and_has_a_follow_up_later(ticket, agent):
    resolve_ticket(ticket=ticket, actor=agent, cause="c", solution="s", verification="customer")
    confirm_solution(ticket=ticket, actor=ticket.requester)
    to = _answer_address(ticket, ticket.requester)
    assert arrives(a_mail(to=to)).ticket == ticket
    ticket.refresh_from_db()
    assert ticket.status == "open"
    resolve_ticket(ticket=ticket, actor=agent, cause="c", solution="s", verification="customer")
    confirm_solution(ticket=ticket, actor=ticket.requester)
    mail = receive(raw=a_mail(to=to))
    processing.process(mail, now=clock.now() + timedelta(days=15))
    mail.refresh_from_db()
    assert mail.ticket.follow_up_of == ticket


def test_a_delivery_report_marks_the_message_and_moves_no_clock(ticket, agent):
    reply(ticket=ticket, actor=agent, body="Which version is it?", status="pending")
    ours = sent_to(ticket.requester.email)
    ticket.refresh_from_db()
    before = (ticket.status, ticket.waiting_since, ticket.next_due_at, ticket.first_response_at)
    row = arrives(a_report(message_id=ours.message_id, recipient=ticket.requester.email))
    ours.refresh_from_db()
    ticket.refresh_from_db()
    assert ours.state == "bounced" and "5.1.1" in ours.last_error
    assert row.state == "processed" and row.became.kind == "note"
    assert (ticket.status, ticket.waiting_since, ticket.next_due_at, ticket.first_response_at) == before
    assert Intent.objects.filter(kind="ticket.undelivered").count() == 1
    # Once more, and about somebody else: no news.
    for recipient in (ticket.requester.email, "other@example.org"):
        arrives(a_report(message_id=ours.message_id, recipient=recipient))
    assert Intent.objects.filter(kind="ticket.undelivered").count() == 1


def test_an_absence_note_stands_at_the_ticket_and_moves_nothing(ticket, agent):
    reply(ticket=ticket, actor=agent, body="Which version is it?", status="pending")
    sent_to(ticket.requester.email)
    intents = Intent.objects.count()
    to = _answer_address(ticket, ticket.requester)
    row = arrives(a_mail(to=to, text="I am away.", Auto_Submitted="auto-replied"))
    ticket.refresh_from_db()
    assert row.became.kind == "note" and "I am away." in row.became.body
    assert ticket.status == "pending" and Intent.objects.count() == intents


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (a_mail(Auto_Submitted="auto-replied"), "automatic"),
        (a_mail(List_Id="<talk.example.org>"), "list"),
        (a_mail(sender=US), "own"),
        (a_mail(sender="support+r-1-1-x@yunfan.example"), "own"),
        (a_mail(X_Loop="helpdesk@yunfan.example"), "own"),
        (a_report(message_id="<unknown@example.org>", recipient="x@example.org"), "bounce"),
    ],
)
def test_what_must_not_become_a_ticket_is_kept_with_its_reason(mailbox, raw, reason):
    row = arrives(raw, mailbox)
    assert (row.state, row.reason) == ("ignored", reason)
    assert not Ticket.objects.exists() and not Intent.objects.exists()
    assert bytes(row.source.content) == raw


@pytest.mark.parametrize(
    "raw",
    [
        a_mail(sender="noreply@shop.example"),
        a_mail(sender="MAILER-DAEMON@example.org"),
        a_mail(Auto_Submitted="auto-generated", sender="watch@example.org"),
        a_mail(Return_Path="<>"),
    ],
)
def test_a_machine_gets_a_ticket_and_no_answer(mailbox, raw):
    row = arrives(raw, mailbox)
    assert row.state == "processed"
    assert not Intent.objects.filter(kind="ticket.acknowledged").exists()


def test_our_own_mails_say_what_they_are(ticket):
    wire = message_from_bytes(_sent(ticket.requester.email))
    assert wire["X-Loop"] == "helpdesk@yunfan.example" and wire["Auto-Submitted"] == "auto-replied"
    assert tokens.read_tokens([wire["Reply-To"]])[0].holder == ticket.requester
    row = arrives(wire.as_bytes())
    assert (row.state, row.reason) == ("ignored", "own")


@pytest.mark.parametrize("many", [40, pytest.param(500, marks=pytest.mark.proof)])
def test_hundreds_of_mails_in_a_victims_name_bring_at_most_three(mailbox, many):
    for number in range(many):
        receive(raw=a_mail(sender="victim@example.org", subject=f"word {number}", text="buy this"), mailbox=mailbox)
    processing.process_due()
    sent_to("victim@example.org")
    states = list(InboundMail.objects.values_list("state", flat=True))
    assert states.count("processed") == 30 and states.count("parked") == many - 30
    accepted = Delivery.objects.filter(address="victim@example.org", channel="mail", state="accepted")
    assert accepted.count() <= 3
    for one in accepted:
        text = message_from_bytes(_wire(one)).get_payload(0).get_payload(decode=True).decode()
        assert "buy this" not in text and "word " not in text


def test_a_late_mail_shows_two_tickets_to_be_one(mailbox):
    first = arrives(a_mail(message_id="<a@x.example>"), mailbox).ticket
    second = arrives(a_mail(message_id="<c@x.example>", answers="<b@x.example>"), mailbox).ticket
    assert second != first
    row = arrives(a_mail(message_id="<b@x.example>", answers="<a@x.example>"), mailbox)
    second.refresh_from_db()
    assert row.ticket == first and second.merged_into == first
    assert first.messages.count() == 3


def test_one_mail_to_two_of_our_addresses_is_one_message(mailbox):
    other = Mailbox.objects.create(address="sales@yunfan.example")
    raw = a_mail()
    assert arrives(raw, mailbox).state == "processed"
    again = arrives(b"Received: by other\r\n" + raw, other)
    assert (again.state, again.reason) == ("duplicate", "other_box")
    assert Ticket.objects.count() == 1


def test_a_known_person_keeps_name_and_language(mailbox):
    person = make_customer(email="ann@example.org", name="Ann Known", language="zh-hans")
    ticket = arrives(a_mail(sender="Mallory <ANN@example.org>"), mailbox).ticket
    assert ticket.requester == person and ticket.language == "zh-hans"
    person.refresh_from_db()
    assert person.name == "Ann Known"


def test_a_note_names_no_colleague_by_the_name_of_a_file(mailbox, agent):
    agent.name = "Mei"
    agent.save()
    row = arrives(a_mail(files=(("@Mei.exe", b"MZ"),)), mailbox)
    assert not row.ticket.events.filter(code="ticket.mentioned").exists()
    add_note(ticket=row.ticket, actor=make_agent(row.ticket.team), body="@Mei look")
    assert row.ticket.events.filter(code="ticket.mentioned").exists()


def test_attachments_of_an_answer_hang_on_it(ticket):
    to = _answer_address(ticket, ticket.requester)
    row = arrives(a_mail(to=to, files=(("shot.png", PNG),)))
    assert Attachment.objects.get(message=row.became).name == "shot.png"


def _bodies(ticket):
    from email.policy import default

    mail = message_from_bytes(_sent(ticket.requester.email), policy=default)
    return [mail.get_body((kind,)).get_content() for kind in ("plain", "html")]


@pytest.mark.parametrize(("language", "said"), [("en", "You can simply answer this mail"), ("zh-hans", None)])
def test_mails_to_customers_say_that_they_can_be_answered_where_answers_are_taken_in(ticket, agent, language, said):
    User.objects.filter(pk=ticket.requester_id).update(language=language)
    with override(language):
        said = said or _("You can simply answer this mail: what you write goes into the ticket.")
    assert all(said in body for body in _bodies(ticket))  # the receipt
    reply(ticket=ticket, actor=agent, body="Which version is it?")
    assert all(said in body for body in _bodies(ticket))
    resolve_ticket(ticket=ticket, actor=agent, cause="a", solution="b", verification="customer")
    assert all(said in body for body in _bodies(ticket))
    Mailbox.objects.update(is_active=False)
    assert not any(said in body for body in _bodies(ticket))


def test_the_administrator_words_once_how_mails_are_answered(ticket, agent):
    boss = make_administrator()
    words = {"text": "Just write back about {{ number }}."}
    save_wording(actor=boss, kind="ticket.answering", language="en", words=words, now=clock.now())
    own = {"text": "{{ message }} {{ link }}\n{% if answering %}PS {{ answering }}{% endif %}", "html": ""}
    save_wording(actor=boss, kind="ticket.reply", language="en", words=own, now=clock.now())
    assert all(f"Just write back about {ticket.number}." in body for body in _bodies(ticket))
    reply(ticket=ticket, actor=agent, body="Which version is it?")
    assert all(f"PS Just write back about {ticket.number}." in body for body in _bodies(ticket))
    Mailbox.objects.update(is_active=False)
    assert not any("PS" in body for body in _bodies(ticket))


def _sent(address):
    return _wire(sent_to(address))


def _wire(delivery):
    from outbox.rendering import render_mail

    return render_mail(deliveries=[delivery], now=clock.now()).message().as_bytes()
