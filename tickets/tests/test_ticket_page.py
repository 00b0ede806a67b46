"""The agents' ticket page: who sees it and what, both languages, hostile words, files, a constant number of queries."""

import json
from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from accounts.tests.factories import (
    OrganizationFactory,
    TeamFactory,
    UserFactory,
    give_role,
    make_agent,
    make_customer,
    make_lead,
    make_manager,
)
from knowledge.tests.factories import published
from outbox import clock
from tickets.models import Message, Ticket
from tickets.services import assigning, conversation, grades, lead, moves
from tickets.services.articles import article_address
from tickets.tests.factories import make_ticket
from tickets.tests.test_queue_page import live_parts, signed_in

pytestmark = pytest.mark.django_db
PNG = b"\x89PNG\r\n\x1a\n" + b"0" * 20


@pytest.fixture
def team():
    return TeamFactory()


@pytest.fixture
def agent(team):
    return make_agent(team)


@pytest.fixture
def ticket(team, agent):
    return make_ticket(team=team, assignee=agent, now=clock.now(), subject="Kafka writes twice")


def page(ticket, *parts) -> str:
    return "/".join(["/desk/tickets", ticket.number, *parts, ""])


PAGES = [(), ("live",), ("timeline",), ("related",)]


@pytest.mark.parametrize("parts", PAGES)
def test_another_team_a_customer_and_a_made_up_number_find_nothing(ticket, parts):
    for person in (make_agent(TeamFactory()), ticket.requester, make_customer(), give_role(UserFactory(), "rnd")):
        assert signed_in(person).get(page(ticket, *parts)).status_code == 404
    assert signed_in(make_manager()).get(page(ticket, *parts).replace(ticket.number, "T1")).status_code == 404
    stranger = Client().get(page(ticket, *parts))
    assert stranger.status_code == 302
    assert reverse("account_login") in stranger["Location"]


def test_nobody_works_on_the_own_problem(team):
    agent = make_agent(team)
    own = make_ticket(team=team, requester=agent, now=clock.now())
    assert signed_in(agent).get(page(own)).status_code == 404


@pytest.mark.parametrize("parts", PAGES)
def test_looking_changes_nothing(ticket, agent, parts):
    before = Ticket.objects.values().get(pk=ticket.pk), ticket.events.count(), ticket.messages.count()
    assert signed_in(agent).get(page(ticket, *parts)).status_code == 200
    assert (Ticket.objects.values().get(pk=ticket.pk), ticket.events.count(), ticket.messages.count()) == before


def test_the_four_kinds_of_messages_are_told_apart(ticket, agent):
    conversation.reply(ticket=ticket, actor=agent, body="**Stop** the job.", marks=["workaround"])
    conversation.add_note(ticket=ticket, actor=agent, body="Same as last week.")
    grades.regrade(ticket=ticket, actor=agent, severity="S", reason="Everything is down.")
    html = signed_in(agent).get(page(ticket)).content.decode()
    for kind in ("customer", "public", "note", "automatic"):
        assert html.count(f'class="message message-{kind}"') == 1
    assert "<strong>Stop</strong> the job." in html  # staff write Markdown
    assert "workaround</span>" in html


def test_a_customers_words_stay_plain_but_links_work(ticket, agent):
    body = "**not bold**\nline two\n\nsee https://example.com/a?b=1&c=2。 <b>x</b> javascript:alert(1)"
    conversation.customer_message(ticket=ticket, author=ticket.requester, body=body)
    html = signed_in(agent).get(page(ticket)).content.decode()
    assert "**not bold**<br>line two</p>" in html
    assert 'href="https://example.com/a?b=1&amp;c=2" rel="noopener noreferrer nofollow"' in html
    assert "&lt;b&gt;x&lt;/b&gt; javascript:alert(1)" in html
    assert live_parts(html) == []


def test_everybody_gets_the_actions_of_their_role_only(ticket, team, agent):
    expert = give_role(UserFactory(), "product")
    lead.call_in(ticket=ticket, people=[expert], actor=agent)
    offered = {}
    for name, person in {"agent": agent, "lead": make_lead(team), "expert": expert, "manager": make_manager()}.items():
        context = signed_in(person).get(page(ticket)).context
        offered[name] = set(context["actions"]), [kind for kind, _l in context["composer"].fields["kind"].choices]
    work = {
        "take",
        "assign",
        "hand_over",
        "checklist_add",
        "add_watchers",
        "remove_watcher",
        "watch",
        "unwatch",
        "log_time",
        "correct_time",
        "checklist_item",
        "checklist_owner",
        "checklist_template",
        "regrade",
        "properties",
        "call_in",
        "macro",
        "status",
        "resolve",
        "merge",
        "revoke_links",
    }
    work |= {"link", "unlink", "split", "tell_children", "tell_again"}
    assert offered["agent"] == (work, ["public", "note"])
    assert offered["lead"] == (work | {"take_over", "acknowledge", "decide_contest"}, ["public", "note"])
    assert offered["expert"] == ({"watch", "unwatch", "log_time", "correct_time"}, ["note"])
    assert offered["manager"] == ({"acknowledge", "watch", "unwatch"}, [])


def test_a_manager_reads_and_finds_no_composer(ticket):
    html = signed_in(make_manager()).get(page(ticket)).content.decode()
    assert "<textarea" not in html


def test_the_side_shows_deadlines_customer_history_and_reasons(ticket, agent, team):
    organization = OrganizationFactory(name_en="Beichen", service_level="key_account")
    customer = make_customer(organization, name="Sofia Rossi")
    old = make_ticket(team=team, requester=customer, subject="Earlier trouble", now=clock.now())
    elsewhere = make_ticket(team=TeamFactory(), requester=customer, subject="Not for this team", now=clock.now())
    team.refresh_from_db()  # the other team took the tickets that no rule routes
    new = make_ticket(team=team, requester=customer, now=clock.now())
    response = signed_in(agent).get(page(new))
    html = response.content.decode()
    assert [row.number for row in response.context["history"]] == [old.number]
    assert elsewhere.subject not in html
    assert "Beichen" in html
    assert "key account" in html
    assert html.count("data-due=") == len(new.clocks.all()) > 1
    assert "No rule fits: goes to the team that sorts the rest." in html


def test_the_assignee_is_asked_why_a_deadline_was_missed_once(team, agent):
    late = make_ticket(team=team, assignee=agent, severity="S", now=clock.now() - timedelta(minutes=40))
    conversation.add_note(ticket=late, actor=agent, body="x")  # records what is overdue
    client = signed_in(agent)
    assert "Missed: first response. Why?" in client.get(page(late)).content.decode()
    assert "Why?" not in signed_in(make_agent(team)).get(page(late)).content.decode()
    row = late.escalations.get()
    client.post(page(late, "breach-reason"), {"escalation": row.pk, "reason": "Overlooked at the change of shift."})
    row.refresh_from_db()
    assert (row.reason, row.reason_by) == ("Overlooked at the change of shift.", agent)
    assert "Why?" not in client.get(page(late)).content.decode()
    other = make_agent(team)
    assigning.assign(ticket=late, actor=agent, assignee=other)
    assert "Why?" not in signed_in(other).get(page(late)).content.decode(), "not whoever got it afterwards"
    again = client.post(page(late, "breach-reason"), {"escalation": row.pk, "reason": "Another."})
    assert again.status_code == 422
    row.refresh_from_db()
    assert row.reason == "Overlooked at the change of shift."


def test_similar_solved_tickets_and_articles_are_offered_within_ones_rights(ticket, agent, team):
    known = make_ticket(team=team, subject="Kafka writes twice after upgrade", now=clock.now())
    moves.resolve_ticket(
        ticket=known, actor=agent, cause="c", solution="Restart the connector.", verification="customer"
    )
    elsewhere_team = TeamFactory()
    hidden = make_ticket(team=elsewhere_team, subject="Kafka writes twice elsewhere", now=clock.now())
    moves.resolve_ticket(
        ticket=hidden, actor=make_agent(elsewhere_team), cause="c", solution="Secret.", verification="customer"
    )
    article = published(title="[Kafka] writes twice", problem="Kafka writes twice", solution="Restart.")
    response = signed_in(agent).get(page(ticket, "related"), headers={"HX-Request": "true"})
    assert [row.number for row in response.context["similar"]] == [known.number]
    html = response.content.decode()
    assert 'data-insert="Restart the connector."' in html
    assert "Secret." not in html
    assert article.title in html
    offered = f"[(Kafka) writes twice]({article_address(article)})"
    assert f'data-insert="{offered}"' in html
    listed = signed_in(agent).get(page(ticket, "draft/articles") + "?q=Kafka").json()["items"]
    assert [row["insert"].strip() for row in listed] == [offered], "one way to write a link, wherever it is offered"


def test_the_timeline_says_everything_and_can_be_narrowed(ticket, agent, team):
    other = TeamFactory(name_en="Databases")
    client = signed_in(make_lead(team))
    conversation.reply(ticket=ticket, actor=agent, body="Looking.", marks=["workaround"], status="pending")
    make_lead(other)
    whole = client.get(page(ticket, "timeline")).content.decode()
    assert f"{agent.name}: answered the customer" in whole
    assert "new → waiting for customer" in whole
    assert "in time: first response" in whole
    narrowed = client.get(page(ticket, "timeline") + "?kind=deadline").content.decode()
    assert "in time: first response" in narrowed
    assert "answered the customer" not in narrowed
    assert client.get(page(ticket, "timeline") + "?kind=%00").status_code == 200


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_both_languages_render_every_part(ticket, agent, language):
    moves.resolve_ticket(ticket=ticket, actor=agent, cause="c", solution="s", verification="customer")
    client = signed_in(agent)
    client.cookies["django_language"] = language
    for parts in PAGES:
        response = client.get(page(ticket, *parts))
        assert response.status_code == 200
        assert response["Content-Language"] == language


def test_the_number_of_queries_does_not_grow(ticket, agent, team, django_assert_max_num_queries):
    for n in range(30):
        conversation.add_note(ticket=ticket, actor=make_agent(team) if n % 5 == 0 else agent, body=f"note {n}")
    for n in range(4):
        make_ticket(team=team, requester=ticket.requester, now=clock.now(), subject=f"t{n}")
    lead.call_in(ticket=ticket, people=[make_agent(team) for _n in range(4)], actor=agent)
    client, lead_client = signed_in(agent), signed_in(make_lead(team))
    for who in (client, lead_client):
        for parts in PAGES:
            with django_assert_max_num_queries(20):
                assert who.get(page(ticket, *parts)).status_code == 200


def test_a_long_conversation_shows_its_end_first(ticket, agent, monkeypatch):
    monkeypatch.setattr("tickets.selectors.conversation.MESSAGES", 5)
    for n in range(9):
        conversation.add_note(ticket=ticket, actor=agent, body=f"note number {n}.")
    client = signed_in(agent)
    html = client.get(page(ticket)).content.decode()
    assert "note number 8." in html
    assert "note number 3." not in html
    assert "Show 5 earlier messages" in html
    assert "note number 0." in client.get(page(ticket) + "?all=1").content.decode()


def test_the_live_fragment_leaves_the_composer_alone(ticket, agent):
    html = signed_in(agent).get(page(ticket, "live"), headers={"HX-Request": "true"}).content.decode()
    for part in ("ticket-head", "ticket-notices", "conversation", "panel-clocks", "panel-props", "live-state"):
        assert f'id="{part}"' in html
    assert html.count("hx-swap-oob") == 12
    assert "textarea" not in html
    assert "<form id=" not in html


def test_files_go_to_those_who_read_the_message(ticket, agent, team, settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    picture = SimpleUploadedFile("a.png", PNG)
    log = SimpleUploadedFile("app.log", b"<script>alert(1)</script>")
    public = conversation.reply(ticket=ticket, actor=agent, body="See.", files=[picture, log])
    note = conversation.add_note(ticket=ticket, actor=agent, body="Inside.", files=[SimpleUploadedFile("n.txt", b"n")])
    shown, saved = (reverse("attachment", args=[row.pk]) for row in public.attachments.all())
    inside = reverse("attachment", args=[note.attachments.get().pk])
    customer, stranger = signed_in(ticket.requester), signed_in(make_customer())
    response = customer.get(shown)
    assert response.status_code == 200
    assert response["Content-Disposition"].startswith("inline")
    assert b"".join(response.streaming_content)
    response = customer.get(saved)
    assert b"".join(response.streaming_content) == b"<script>alert(1)</script>"
    assert response["Content-Disposition"].startswith("attachment")
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["Content-Security-Policy"] == "sandbox; default-src 'none'"
    assert "no-store" in response["Cache-Control"]
    assert customer.get(inside).status_code == 404
    response = signed_in(agent).get(inside)
    assert response.status_code == 200
    assert b"".join(response.streaming_content)
    for other in (stranger, signed_in(make_agent(TeamFactory()))):
        assert [other.get(address).status_code for address in (shown, saved, inside)] == [404, 404, 404]
    assert Client().get(shown).status_code == 302
    assert customer.get("/attachments/99999999999999999999/").status_code == 404
    for path in tmp_path.rglob("*"):
        if path.is_file():
            path.unlink()
    assert customer.get(shown).status_code == 404


def test_hostile_strings_stay_words(ticket, agent, team, test_data):
    payloads = [row["payload"] for row in json.loads((test_data / "fuzz" / "xss.json").read_text())]
    payloads += json.loads((test_data / "fuzz" / "blns.json").read_text())
    payloads = [text.replace("\x00", "") for text in payloads if text.strip()]
    now = clock.now()
    Message.objects.bulk_create(
        Message(ticket=ticket, kind=kind, author=agent, body=text, channel="portal", created_at=now)
        for text in payloads
        for kind in ("customer", "public", "note")
    )
    client = signed_in(agent)
    assert live_parts(client.get(page(ticket) + "?all=1").content.decode()) == []
    quiet = make_ticket(team=team, now=clock.now())
    for text in payloads[:30]:
        Ticket.objects.filter(pk=quiet.pk).update(subject=text[:200], hold_reason=text[:200])
        type(agent).objects.filter(pk=quiet.requester_id).update(name=text[:120], title=text[:120])
        assert live_parts(client.get(page(quiet)).content.decode()) == []
