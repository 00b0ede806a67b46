"""What agents do on the ticket page: each action done, refused, repeated, for another team, for a reader, and wrong."""

import json

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from accounts.tests.factories import (
    TeamFactory,
    UserFactory,
    give_role,
    make_agent,
    make_customer,
    make_lead,
    make_manager,
)
from catalog.models import Category, Module, Product, Version
from knowledge.models import Article
from knowledge.tests.factories import published
from outbox import clock
from sla.models import Clock, Policy, Target
from tickets.forms.table import ACTIONS
from tickets.models import AccessLink, Ticket
from tickets.services import conversation, grades, lead, links, moves
from tickets.tests.factories import make_ticket
from tickets.tests.test_queue_page import live_parts, signed_in
from tickets.timeline import entries

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}
RESOLVED = {"cause": "c", "solution": "s", "verification": "customer"}


@pytest.fixture
def team():
    return TeamFactory()


@pytest.fixture
def agent(team):
    return make_agent(team)


@pytest.fixture
def ticket(team, agent):
    return make_ticket(team=team, assignee=agent, now=clock.now())


def address(ticket, action) -> str:
    return f"/desk/tickets/{ticket.number}/{action.replace('_', '-')}/"


def write(client, ticket, **data):
    data = {"kind": "public", "body": "We look into it.", "revision": ticket.revision, **data}
    return client.post(address(ticket, "messages"), data, headers=data.pop("headers", {}))


def state(ticket):
    fresh = Ticket.objects.get(pk=ticket.pk)
    return fresh.revision, fresh.events.count(), fresh.messages.count(), fresh.status, fresh.assignee_id, fresh.severity


# --- writing ----------------------------------------------------------------------------------------------------------


def test_a_public_reply_meets_the_first_response_and_moves_the_ticket(ticket, agent):
    response = write(signed_in(agent), ticket, marks=["workaround"], status="pending")
    assert response.status_code == 302
    assert response["Location"].startswith(f"/desk/tickets/{ticket.number}/#m")
    ticket.refresh_from_db()
    message = ticket.messages.last()
    assert (message.kind, message.author, message.marks) == ("public", agent, ["workaround"])
    assert ticket.status == "pending"
    assert ticket.clocks.get(metric="first_response").state == "met"


def test_a_note_reaches_no_customer_and_meets_nothing(ticket, agent):
    write(signed_in(agent), ticket, kind="note", body="@nobody look", status="pending", marks=["workaround"])
    ticket.refresh_from_db()
    assert ticket.messages.last().kind == "note"
    assert ticket.status == "new"  # what belongs to a public reply is not done by a note
    assert ticket.clocks.get(metric="first_response").state == "running"


def test_with_a_script_the_answer_is_fragments_and_an_empty_composer(ticket, agent):
    response = write(signed_in(agent), ticket, headers=HTMX)
    html = response.content.decode()
    assert response.status_code == 200
    assert '<form id="composer"' in html
    assert '<section id="conversation"' in html
    assert "We look into it." not in html.split("</form>")[0]
    assert json.loads(response["HX-Trigger"])["toast"]["kind"] == "success"


@pytest.mark.parametrize(
    ("data", "field"),
    [
        ({"body": "  "}, "body"),
        ({"status": "on_hold"}, "hold_reason"),
        ({"status": "closed"}, "status"),
        ({"marks": ["promise"]}, "marks"),
        ({"kind": "automatic"}, "kind"),
        ({"body": "x" * 50_001}, "body"),
        ({"body": "a\x00b"}, "body"),
    ],
)
def test_what_is_wrong_stands_beside_its_field_and_the_rest_is_kept(ticket, agent, data, field):
    before = state(ticket)
    for headers in ({}, HTMX):
        response = write(signed_in(agent), ticket, **{"body": "Kept words", **data}, headers=headers)
        assert response.status_code == 422
        form = response.context["composer"]
        assert list(form.errors) == [field]
        if field not in ("body",):
            assert "Kept words" in response.content.decode()
    assert state(ticket) == before


def test_a_refused_file_is_named_and_the_writer_is_asked_to_choose_again(ticket, agent, settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    bad = SimpleUploadedFile("run.exe", b"MZ")
    response = write(signed_in(agent), ticket, body="Kept words", files=[bad])
    html = response.content.decode()
    assert response.status_code == 422
    assert "run.exe" in html
    assert "Kept words" in html
    assert "choose the files again" in html
    assert ticket.messages.count() == 1
    good = [SimpleUploadedFile("a.txt", b"a"), SimpleUploadedFile("b.txt", b"b")]
    assert write(signed_in(agent), ticket, files=good).status_code == 302
    assert sorted(row.name for row in ticket.messages.last().attachments.all()) == ["a.txt", "b.txt"]


def test_a_stale_reply_shows_what_came_and_can_be_sent_again(ticket, agent):
    client = signed_in(agent)
    page = client.get(address(ticket, "").replace("//", "/"))
    revision, seen = page.context["composer"]["revision"].value(), page.context["composer"]["seen"].value()
    conversation.customer_message(ticket=ticket, author=ticket.requester, body="Wait, it is solved!")
    answer = write(client, ticket, body="Try this.", revision=revision, seen=seen, headers=HTMX)
    assert answer.status_code == 422
    composer = answer.content.decode().split("</form>")[0]
    assert "changed while you were writing" in composer
    assert "Wait, it is solved!" in composer
    assert "Try this." in composer
    assert ticket.messages.filter(kind="public").count() == 0
    form = answer.context["composer"]
    again = write(client, ticket, body="Try this.", revision=form["revision"].value(), seen=form["seen"].value())
    assert again.status_code == 302
    assert ticket.messages.filter(kind="public").count() == 1


def test_a_resolved_ticket_takes_notes_only(ticket, agent):
    moves.resolve_ticket(ticket=ticket, actor=agent, **RESOLVED)
    ticket.refresh_from_db()
    client = signed_in(agent)
    assert write(client, ticket, body="One more thing").status_code == 422
    assert write(client, ticket, kind="note").status_code == 302
    assert ticket.messages.filter(kind="public").count() == 1


def test_experts_write_notes_and_managers_nothing(ticket, agent):
    expert = give_role(UserFactory(), "rnd")
    lead.call_in(ticket=ticket, people=[expert], actor=agent)
    ticket.refresh_from_db()
    assert write(signed_in(expert), ticket).status_code == 422
    assert write(signed_in(expert), ticket, kind="note").status_code == 302
    assert write(signed_in(make_manager()), ticket, kind="note").status_code == 404
    assert [row.author for row in ticket.messages.exclude(kind="customer")] == [expert]


# --- the table of actions ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("action", sorted(ACTIONS))
def test_strangers_customers_other_teams_and_readers_find_no_action(ticket, action):
    before = state(ticket)
    people = [make_agent(TeamFactory()), ticket.requester, make_customer()]
    if action not in ("acknowledge", "watch", "unwatch"):  # open to who only reads
        people.append(make_manager())
    for person in people:
        client = signed_in(person)
        assert client.get(address(ticket, action)).status_code == 404
        assert client.post(address(ticket, action)).status_code == 404
    assert state(ticket) == before


@pytest.mark.parametrize("action", sorted(ACTIONS))
def test_looking_at_a_form_changes_nothing(ticket, team, action):
    boss = make_lead(team)
    Ticket.objects.filter(pk=ticket.pk).update(assignee=boss)
    before = state(ticket)
    client = signed_in(boss)
    for headers in ({}, HTMX):
        assert client.get(address(ticket, action), headers=headers).status_code in (200, 404)
    assert client.put(address(ticket, action)).status_code == 405
    assert state(ticket) == before


def test_of_two_who_take_a_ticket_the_second_is_told_by_name(ticket, team, agent):
    Ticket.objects.filter(pk=ticket.pk).update(assignee=None)
    second = make_agent(team)
    assert signed_in(agent).post(address(ticket, "take")).status_code == 302
    late = signed_in(second).post(address(ticket, "take"), headers=HTMX)
    told = json.loads(late["HX-Trigger"])["toast"]
    assert told == {"text": f"{agent.name} has taken this ticket already.", "kind": "error"}
    ticket.refresh_from_db()
    assert ticket.assignee == agent
    assert signed_in(agent).post(address(ticket, "take"), headers=HTMX).status_code == 200  # repeated: nothing changes
    assert ticket.events.filter(code="ticket.taken").count() == 1


def test_resolving_asks_for_cause_solution_and_proof(ticket, agent):
    client = signed_in(agent)
    empty = client.post(address(ticket, "resolve"), {"verification": "test"}, headers=HTMX)
    assert empty.status_code == 422
    assert set(empty.context["form"].errors) == {"cause", "solution"}
    unproved = client.post(address(ticket, "resolve"), {**RESOLVED, "verification": "test"})
    assert set(unproved.context["form"].errors) == {"proof"}
    assert state(ticket)[3] == "new"
    done = client.post(address(ticket, "resolve"), {**RESOLVED, "message": "Please check."}, headers=HTMX)
    assert done.status_code == 200
    assert "dialog:close" in json.loads(done["HX-Trigger"])
    composer = done.content.decode().partition('id="composer"')[2]
    assert 'value="public"' not in composer  # what may be written has changed, so the composer is drawn anew
    assert 'value="note"' in composer
    ticket.refresh_from_db()
    assert ticket.status == "resolved"
    assert ticket.messages.last().body == "Please check."
    assert client.post(address(ticket, "resolve"), RESOLVED).status_code == 404  # repeated: the action is gone


def test_reopening_needs_a_reason_and_starts_a_round(ticket, agent):
    client = signed_in(agent)
    assert client.post(address(ticket, "reopen"), {"reason": "x"}).status_code == 404
    moves.resolve_ticket(ticket=ticket, actor=agent, **RESOLVED)
    assert client.post(address(ticket, "reopen"), {"reason": " "}).status_code == 422
    assert client.post(address(ticket, "reopen"), {"reason": "It is back."}).status_code == 302
    ticket.refresh_from_db()
    assert (ticket.status, ticket.cycle) == ("open", 2)


def test_the_status_moves_by_the_table_only(ticket, agent):
    client = signed_in(agent)
    for wrong in ({"status": "pending"}, {"status": "closed"}, {"status": "on_hold"}, {"status": "x"}):
        assert client.post(address(ticket, "status"), wrong).status_code == 422
    assert state(ticket)[3] == "new"
    client.post(address(ticket, "status"), {"status": "on_hold", "reason": "the vendor's patch"})
    ticket.refresh_from_db()
    assert (ticket.status, ticket.hold_reason) == ("on_hold", "the vendor's patch")


def test_a_regrade_needs_another_grade_and_a_reason(ticket, agent):
    client = signed_in(agent)
    for wrong in ({"severity": "B", "reason": "x"}, {"severity": "A", "reason": ""}, {"severity": "Z", "reason": "x"}):
        assert client.post(address(ticket, "regrade"), wrong).status_code == 422
    assert client.post(address(ticket, "regrade"), {"severity": "A", "reason": "More people."}).status_code == 302
    ticket.refresh_from_db()
    assert ticket.severity == "A"
    assert client.post(address(ticket, "regrade"), {"severity": "A", "reason": "More people."}).status_code == 422


def test_assigning_to_a_person_and_nobody(ticket, agent, team):
    client, colleague = signed_in(agent), make_agent(team)
    outsider = make_agent(TeamFactory())
    wrong = client.post(address(ticket, "assign"), {"assignee": outsider.pk}, headers=HTMX)
    assert wrong.status_code == 422
    assert "assignee" in wrong.context["form"].errors
    assert client.post(address(ticket, "assign"), {"assignee": ticket.requester_id}).status_code == 422
    client.post(address(ticket, "assign"), {"assignee": colleague.pk})
    assert state(ticket)[4] == colleague.pk
    client.post(address(ticket, "assign"), {"assignee": ""})
    assert state(ticket)[4] is None
    client.post(address(ticket, "assign"), {"team": outsider.memberships.get().team_id, "assignee": ""})
    ticket.refresh_from_db()
    assert ticket.team == team  # to another team it goes by a hand-over


def test_properties_are_kept_with_what_was_before_and_another_category_moves_deadlines(ticket, agent, team):
    product, foreign = (Product.objects.create(code=code, name=code) for code in ("p1", "p2"))
    module = Module.objects.create(product=product, code="m1", name="同步", name_en="Sync")
    version = Version.objects.create(product=foreign, name="9")
    category = Category.objects.create(code="urgent-kind", name="紧急", name_en="Urgent kind")
    policy = Policy.objects.create(name="quick", position=0, category=category, is_active=True)
    Target.objects.create(policy=policy, metric="first_response", amount=5, unit="minutes")
    client = signed_in(agent)
    wrong = client.post(address(ticket, "properties"), {"module": module.pk, "version": version.pk}, headers=HTMX)
    assert wrong.status_code == 422
    assert "version" in wrong.context["form"].errors
    many = ",".join(f"t{n}" for n in range(13))
    assert client.post(address(ticket, "properties"), {"tags": many}).status_code == 422
    data = {"module": module.pk, "category": category.pk, "tags": "Kafka， kafka,  对账 "}
    assert client.post(address(ticket, "properties"), data).status_code == 302
    ticket.refresh_from_db()
    assert (ticket.module, ticket.category) == (module, category)
    assert sorted(tag.name for tag in ticket.tags.all()) == ["Kafka", "对账"]
    event = ticket.events.get(code="ticket.properties")
    assert {row["field"] for row in event.data["changes"]} == {"module", "category", "tags"}
    assert "Product module: – → Sync" in entries([event])[0].detail
    running = Clock.objects.get(ticket=ticket, metric="first_response", state="running")
    assert (running.target_amount, running.policy) == (5, policy)
    client.post(address(ticket, "properties"), data)
    assert ticket.events.filter(code="ticket.properties").count() == 1  # the same again is no change


def test_calling_colleagues_in(ticket, agent):
    client, expert = signed_in(agent), give_role(UserFactory(), "rnd")
    assert client.post(address(ticket, "call_in"), {"people": [ticket.requester_id]}).status_code == 422
    assert client.post(address(ticket, "call_in"), {}).status_code == 422
    assert client.post(address(ticket, "call_in"), {"people": [expert.pk]}).status_code == 302
    assert [part.user for part in ticket.participants.all()] == [expert]
    assert client.post(address(ticket, "call_in"), {"people": [expert.pk]}).status_code == 422  # is there already


def test_the_lead_decides_a_contest_once(ticket, agent, team):
    grades.contest(ticket=ticket, actor=ticket.requester, wanted="A", reason="Many people.")
    assert signed_in(agent).post(address(ticket, "decide_contest"), {}).status_code == 404
    client = signed_in(make_lead(team))
    data = {"verdict": "accept", "answer": "You are right."}
    assert client.post(address(ticket, "decide_contest"), {"verdict": "accept", "answer": ""}).status_code == 422
    assert client.post(address(ticket, "decide_contest"), data).status_code == 302
    assert state(ticket)[5] == "A"
    assert client.post(address(ticket, "decide_contest"), data).status_code == 422


def test_a_draft_is_made_once_and_opened(ticket, agent):
    client = signed_in(agent)
    assert client.post(address(ticket, "draft_article")).status_code == 404  # nothing was resolved yet
    moves.resolve_ticket(ticket=ticket, actor=agent, **RESOLVED)
    for _again in range(2):
        response = client.post(address(ticket, "draft_article"), headers=HTMX)
        assert response["HX-Redirect"] == f"/desk/articles/{Article.objects.get().pk}/edit/"


def test_private_links_are_revoked(ticket, agent):
    links.mint_status_link(ticket=ticket, user=ticket.requester, now=clock.now())
    assert signed_in(agent).post(address(ticket, "revoke_links")).status_code == 302
    assert AccessLink.objects.filter(ticket=ticket, revoked_at=None).count() == 0


def test_a_used_article_is_noted_once_and_hidden_ones_cannot_be(ticket, agent):
    article = published()
    draft = published()
    Article.objects.filter(pk=draft.pk).update(state="archived")
    client = signed_in(agent)
    for _again in range(2):
        assert client.post(f"{address(ticket, 'articles')}{article.pk}/use/").status_code == 302
    assert client.post(f"{address(ticket, 'articles')}{draft.pk}/use/").status_code == 404
    assert ticket.events.filter(code="ticket.article.used").count() == 1


def test_a_forged_request_without_the_token_is_refused(ticket, agent):
    from django.test import Client

    client = Client(enforce_csrf_checks=True)
    client.force_login(agent)
    for action in ("take", "messages"):
        assert client.post(address(ticket, action), {"body": "x", "kind": "public"}).status_code == 403


def test_hostile_words_in_forms_come_back_as_words(ticket, agent):
    words = '"><script>alert(1)</script><img src=x onerror=alert(1)>'
    client = signed_in(agent)
    for headers in ({}, HTMX):
        answer = client.post(address(ticket, "resolve"), {"cause": words, "proof": words}, headers=headers)
        assert answer.status_code == 422
        assert live_parts(answer.content.decode()) == []
        answer = write(client, ticket, body=words, status="on_hold", headers=headers)
        assert answer.status_code == 422
        assert live_parts(answer.content.decode()) == []
