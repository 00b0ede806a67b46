"""Every mail of tickets, rendered in both languages from rows that the services made."""

import re
from datetime import timedelta
from uuid import uuid4

import pytest
from django.conf import settings

from accounts.models import User
from accounts.tests.factories import OrganizationFactory, TeamFactory, make_agent, make_customer, make_lead
from helpdesk.tests.undone import undone
from outbox import clock, registry
from outbox.models import Delivery, Intent
from outbox.rendering import render_line, render_mail
from tickets.models import Ticket
from tickets.notices import base
from tickets.notices.staff import Escalated
from tickets.services import (
    assigning,
    checklist,
    conversation,
    drafts,
    escalation,
    grades,
    handover,
    moves,
    remarks,
    urging,
    watching,
)
from tickets.services.lead import call_in
from tickets.services.locking import changing
from tickets.services.merging import merge_ticket
from tickets.services.splitting import split_ticket
from tickets.services.unmerging import undo_merge
from tickets.tests.factories import handed_over, make_ticket

pytestmark = pytest.mark.django_db
SAID = "Zebra-subject"
STRANGE_NAME = "Mallory visit evil.example"
HOSTILE = "Grüße <b>R&D</b> & Söhne"


NOTICED = {kind for kind in registry.kinds() if kind.startswith("ticket.")}
MAILED = {kind for kind in NOTICED if "mail" in registry.get(kind).channels}
FOR_CUSTOMERS = {"acknowledged", "reply", "closed", "regraded", "contest_declined", "resolved", "split", "unmerged"}


def _handed_around(ticket, agent):
    """To another team and back with a question, there again, and understood."""
    other = TeamFactory(name="研发", name_en="R&D desk")
    receiver = make_lead(other, name="Qian Jin")
    handed_over(ticket=ticket, actor=agent, team=other, symptom=HOSTILE)
    handover.ask_back(ticket=ticket, actor=receiver, question=HOSTILE)
    handed_over(ticket=ticket, actor=agent, team=other, asked=HOSTILE)
    handover.acknowledge_handover(ticket=ticket, actor=receiver)
    watching.follow(ticket=ticket, people=[receiver], actor=agent)
    conversation.reply(ticket=ticket, actor=agent, body=HOSTILE)
    ticket.refresh_from_db()
    assigning.assign(ticket=ticket, actor=make_lead(ticket.team), assignee=make_agent(ticket.team))
    checklist.add_items(ticket=ticket, actor=agent, texts=[HOSTILE], owner=receiver)


@pytest.fixture(scope="module")
def life(django_db_setup, django_db_blocker):
    """An intent of each kind, from tickets that have been through everything; made once, it is a month later after."""
    with django_db_blocker.unblock(), undone(), pytest.MonkeyPatch.context() as monkeypatch:
        yield _lived(monkeypatch)


def _lived(monkeypatch):
    team = TeamFactory(name="云组", name_en="Cloud")
    lead = make_lead(team, name="Chen Jing")
    User.objects.filter(pk=lead.pk).update(on_duty=False)
    customer = make_customer(OrganizationFactory(), name=STRANGE_NAME)
    customer.set_unusable_password()
    customer.save()
    now = clock.now()
    made = {"team": team, "requester": customer, "now": now, "subject": SAID, "description": HOSTILE}
    waiting = make_ticket(**made)  # nobody is there yet
    User.objects.filter(pk=lead.pk).update(on_duty=True)
    agent, colleague = make_agent(team, name="Li Na"), make_agent(team, name="Wu Di")
    _merged_and_split(made, agent)
    ticket = make_ticket(**made, severity="S")
    assigning.assign(ticket=waiting, actor=lead, assignee=agent)
    call_in(ticket=ticket, people=[colleague], actor=lead)
    conversation.reply(ticket=ticket, actor=agent, body=HOSTILE)
    with monkeypatch.context() as soon:
        soon.setattr(clock, "now", lambda: now + timedelta(minutes=100))
        escalation.sweep()
    early = drafts.Words(kind="public", body=HOSTILE, revision=Ticket.objects.get(pk=ticket.pk).revision)
    drafts.send(ticket=ticket, actor=agent, words=early, hold=True)
    conversation.customer_message(ticket=ticket, author=customer, body=HOSTILE)
    assert not drafts.send_now(ticket=ticket, actor=agent)
    urging.urge(ticket=ticket, actor=customer)
    remarks.add_remark(ticket=ticket, body=HOSTILE, code="ticket.undelivered", tell="ticket.undelivered")
    with changing(ticket.pk) as change:
        change.tell("ticket.mail_held", mail=1)
    conversation.add_note(ticket=ticket, actor=agent, body="look, @Wu Di")
    _handed_around(waiting, agent)
    row = grades.contest(ticket=ticket, actor=customer, wanted="A", reason="please")
    grades.decide_contest(row=row, actor=lead, accept=False, answer=HOSTILE)
    grades.regrade(ticket=ticket, actor=agent, severity="A", reason=HOSTILE)
    for hours in (3.5, 9):
        monkeypatch.setattr(clock, "now", lambda hours=hours: now + timedelta(hours=hours))
        escalation.sweep()
    for _ in range(2):
        moves.resolve_ticket(ticket=ticket, actor=agent, cause="c", solution=HOSTILE, verification="customer")
        if _ == 0:
            moves.refute_solution(ticket=ticket, actor=customer, comment="no")
    monkeypatch.setattr(clock, "now", lambda: now + timedelta(days=30))
    assert moves.close_silent() == 1
    return {intent.kind: intent for intent in Intent.objects.order_by("-pk")}


def _merged_and_split(made, agent) -> None:
    one, two = make_ticket(**made), make_ticket(**made)
    merge_ticket(ticket=one, into=two, actor=agent, words=HOSTILE)
    undo_merge(ticket=one, actor=agent, words=HOSTILE)
    more = conversation.customer_message(ticket=two, author=made["requester"], body=HOSTILE)
    split_ticket(ticket=two, messages=[more], subject=SAID, actor=agent)


def delivery_of(intent: Intent, language: str) -> Delivery:
    recipients = registry.get(intent.kind).recipients(intent, clock.now())
    assert recipients, f"nobody hears of {intent.kind}"
    first = recipients[0]
    return Delivery(
        intent=intent,
        recipient=first.key,
        user_id=first.user_id,
        channel=Delivery.Channel.MAIL,
        address=first.address,
        language=language,
        stream=intent.stream,
        batch=uuid4(),
    )


def test_the_scene_has_every_kind_of_mail(life):
    assert set(life) == NOTICED


def test_a_mail_of_thousands_lists_some_and_says_how_many_more(life, monkeypatch):
    monkeypatch.setattr(base, "MOST_LISTED", 2)
    monkeypatch.setattr(Escalated, "subject_of", lambda self, intent: intent.pk)  # as if of five tickets
    told = life["ticket.escalated"]
    intents = [Intent(pk=pk, kind=told.kind, payload=told.payload, stream=told.stream) for pk in range(1, 6)]
    deliveries = [delivery_of(intent, "en") for intent in intents]
    mail = render_mail(deliveries=deliveries, now=clock.now())
    assert mail.subject.startswith("5 tickets")
    html = mail.alternatives[0][0]
    assert mail.body.count("/desk/tickets/T") == html.count("<tr><th>") == 2
    assert "And 3 more tickets." in mail.body
    assert "And 3 more tickets." in html


@pytest.mark.parametrize("language", ["zh-hans", "en"])
@pytest.mark.parametrize("kind", sorted(MAILED))
def test_every_mail_renders_in_both_languages(life, kind, language):
    delivery = delivery_of(life[kind], language)
    mail = render_mail(deliveries=[delivery], now=clock.now())
    html = mail.alternatives[0][0]
    assert mail.subject and "\n" not in mail.subject and len(mail.body) > 40
    for text in (mail.subject, mail.body, html):
        assert "{{" not in text and "{%" not in text and "None" not in text and "&amp;amp;" not in text
    assert f'lang="{language}"' in html
    assert "<b>R&D" not in html  # what people wrote is no markup
    links = re.findall(r"http\S+", mail.body)
    assert links and all(link.startswith(settings.SITE_URL) for link in links)
    short = kind.removeprefix("ticket.")
    expected = r"/(t|answer|tickets)/" if short in FOR_CUSTOMERS else r"/desk/tickets/T\d+/"
    assert any(re.search(expected, link) for link in links)
    line = render_line(deliveries=[delivery], now=clock.now())
    assert line["text"] and line["url"].startswith(settings.SITE_URL)


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_the_acknowledgement_carries_nothing_that_the_sender_wrote(life, language):
    mail = render_mail(deliveries=[delivery_of(life["ticket.acknowledged"], language)], now=clock.now())
    whole = "\n".join([mail.subject, mail.body, mail.alternatives[0][0], *map(str, mail.extra_headers.values())])
    for words in (SAID, "Grüße", "Söhne", STRANGE_NAME, "Mallory"):
        assert words not in whole
    assert Ticket.objects.earliest("pk").number in whole


def test_the_customer_reads_the_message_and_not_the_finding(life):
    ticket = Ticket.objects.latest("pk")
    ticket.resolutions.update(solution="INSIDE: root password was 123")
    mail = render_mail(deliveries=[delivery_of(life["ticket.resolved"], "en")], now=clock.now())
    assert "INSIDE" not in mail.body + mail.alternatives[0][0] and HOSTILE in mail.body


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_the_resolved_mail_has_a_link_for_each_answer(life, language):
    mail = render_mail(deliveries=[delivery_of(life["ticket.resolved"], language)], now=clock.now())
    for text in (mail.body, mail.alternatives[0][0]):
        found = re.findall(r"(http[^\s\"]+/answer/[^\s\"]+)\?answer=(yes|no)", text)
        assert [said for _url, said in found] == ["yes", "no"] and len({url for url, _said in found}) == 1
        assert "one click" not in text


def test_links_of_customer_mails_open_the_ticket_without_an_account(life, client):
    mail = render_mail(deliveries=[delivery_of(life["ticket.reply"], "en")], now=clock.now())
    link = next(link for link in re.findall(r"http\S+", mail.body) if "/t/" in link)
    assert client.get(link).status_code == 200
