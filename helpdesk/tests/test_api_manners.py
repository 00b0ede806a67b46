"""What all of the API shares: partial answers, versions, keys against doubles, strict orders, files by token."""

import threading

import pytest
from django.db import connection
from django.test import Client

from accounts.services.tokens import issue_token
from accounts.tests.factories import TeamFactory, make_administrator, make_agent, make_customer, make_lead
from knowledge.tests.factories import published
from outbox import clock
from outbox.models import KeptAnswer
from tickets.models import AccessLink, Message, SavedView, Ticket
from tickets.services.conversation import add_note, reply
from tickets.tests.factories import make_ticket

_SCOPES = ["tickets:read", "tickets:write", "articles:read", "articles:write"]


def _program(user, scopes=_SCOPES) -> Client:
    _token, secret = issue_token(actor=user, user=user, name="program", scopes=scopes, expires_at=None, now=clock.now())
    return Client(HTTP_AUTHORIZATION=f"Bearer {secret}", HTTP_ACCEPT_LANGUAGE="en")


@pytest.fixture
def team(db):
    return TeamFactory()


@pytest.fixture
def agent(team):
    return make_agent(team)


@pytest.fixture
def ticket(team, agent):
    return make_ticket(team=team, assignee=agent)


@pytest.fixture
def program(agent):
    return _program(agent)


def _post(program, path, body, **headers):
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    return program.post(f"/api/v1/{path}", body, content_type="application/json", headers=sent)


def test_only_the_wanted_members_are_answered(program, ticket):
    listed = program.get("/api/v1/tickets/?fields=subject,number").json()["results"]
    assert listed == [{"subject": ticket.subject, "number": ticket.number}]
    one = program.get(f"/api/v1/tickets/{ticket.number}/?fields=status").json()
    assert one == {"status": ticket.status}


def test_a_member_that_does_not_exist_is_named(program, ticket):
    answer = program.get("/api/v1/tickets/?fields=subject,password")
    assert answer.status_code == 400 and "password" in answer.json()["errors"]["fields"][0]


@pytest.mark.parametrize("path", ["tickets", "messages", "attachments", "clocks", "users", "articles"])
@pytest.mark.parametrize(
    "query", ["ordering=requester__password", "nonsense=1", "subject__contains=a", "cursor=nonsense"]
)
def test_an_unknown_filter_or_order_is_refused(program, path, query):
    answer = program.get(f"/api/v1/{path}/?{query}")
    assert answer.status_code == 400, answer.content
    assert answer["Content-Type"] == "application/problem+json"


def test_a_stale_version_writes_nothing(program, ticket):
    tag = program.get(f"/api/v1/tickets/{ticket.number}/")["ETag"]
    first = _post(program, f"tickets/{ticket.number}/messages/", {"body": "one"}, If_Match=tag)
    assert first.status_code == 201
    for late in (tag, '"0"', f"W/{tag}", "nonsense"):
        refused = _post(program, f"tickets/{ticket.number}/messages/", {"body": "two"}, If_Match=late)
        assert (refused.status_code, refused.json()["code"]) == (412, "precondition_failed")
    assert not Message.objects.filter(body="two").exists()
    fresh = program.get(f"/api/v1/tickets/{ticket.number}/")["ETag"]
    done = _post(program, f"tickets/{ticket.number}/status/", {"status": "open"}, If_Match=f'"9999", {fresh}')
    assert done.status_code in (200, 400)  # by its version it may; whether the move is legal is another matter
    assert _post(program, f"tickets/{ticket.number}/watch/", {}, If_Match="*").status_code == 200


def test_a_write_answers_with_the_new_version(program, ticket):
    before = program.get(f"/api/v1/tickets/{ticket.number}/")["ETag"]
    after = _post(program, f"tickets/{ticket.number}/watch/", {}, If_Match=before)["ETag"]
    assert after != before and after == program.get(f"/api/v1/tickets/{ticket.number}/")["ETag"]


def test_what_one_does_not_see_has_no_version(program):
    foreign = make_ticket(team=TeamFactory())
    assert _post(program, f"tickets/{foreign.number}/watch/", {}, If_Match='"1"').status_code == 404


def test_an_article_is_changed_by_its_version(agent, program):
    article = published(agent)
    tag = program.get(f"/api/v1/articles/{article.pk}/")["ETag"]
    address = f"/api/v1/articles/{article.pk}/"
    body = {"title": "Another title", "base": 1}
    headers = {"If-Match": '"7-0"'}
    assert program.patch(address, body, content_type="application/json", headers=headers).status_code == 412
    headers = {"If-Match": tag}
    assert program.patch(address, body, content_type="application/json", headers=headers).status_code == 200
    assert program.get(address)["ETag"] != tag


def test_the_same_key_writes_once(program, ticket):
    address = f"tickets/{ticket.number}/messages/"
    first = _post(program, address, {"body": "once"}, Idempotency_Key="k1")
    again = _post(program, address, {"body": "once"}, Idempotency_Key="k1")
    assert first.status_code == again.status_code == 201
    assert first.json() == again.json()
    assert Message.objects.filter(body="once").count() == 1
    other = _post(program, address, {"body": "other"}, Idempotency_Key="k1")
    assert other.status_code == 400 and "Idempotency-Key" in other.json()["errors"]
    assert _post(program, address, {"body": "x"}, Idempotency_Key="x" * 121).status_code == 400


def test_a_ticket_is_made_once_and_the_way_in_is_not_kept(program):
    body = {"subject": "Down", "description": "All of it", "requester": {"email": "new@customer.example"}}
    first = _post(program, "tickets/", body, Idempotency_Key="k5")
    again = _post(program, "tickets/", body, Idempotency_Key="k5")
    assert first.status_code == again.status_code == 201
    assert first.json() == again.json()
    assert Ticket.objects.count() == AccessLink.objects.count() == 1
    token = first.json()["status_url"].rstrip("/").rpartition("/")[2]
    kept = KeptAnswer.objects.get()
    assert kept.answer["number"] == first.json()["number"]
    assert token not in str(kept.answer)
    other = _post(program, "tickets/", body | {"subject": "Another"}, Idempotency_Key="k5")
    assert other.status_code == 400 and "Idempotency-Key" in other.json()["errors"]
    without = [_post(program, "tickets/", body).json()["number"] for _ in range(2)]
    assert len({first.json()["number"], *without}) == 3


def test_a_key_from_before_an_update_stands_for_its_answer(program, agent):
    KeptAnswer.objects.create(
        user=agent, key="k6", fingerprint="", status=200, answer={"id": 7}, created_at=clock.now()
    )
    assert _post(program, "canned-answers/", {"name": "Logs"}, Idempotency_Key="k6").json() == {"id": 7}


def test_a_refusal_keeps_no_key(program, ticket):
    address = f"tickets/{ticket.number}/messages/"
    assert _post(program, address, {"body": ""}, Idempotency_Key="k2").status_code == 400
    assert not KeptAnswer.objects.exists()
    assert _post(program, address, {"body": "mended"}, Idempotency_Key="k2").status_code == 201


def test_a_key_is_the_caller_s_own(program, team, ticket):
    address = f"tickets/{ticket.number}/messages/"
    _post(program, address, {"body": "once"}, Idempotency_Key="k3")
    assert _post(_program(make_lead(team)), address, {"body": "once"}, Idempotency_Key="k3").status_code == 201
    assert Message.objects.filter(body="once").count() == 2


@pytest.mark.parametrize("what", ["articles", "canned-answers", "views", "time"])
def test_everything_that_is_made_can_be_sent_again(program, ticket, what):
    path, body = {
        "articles": ("articles/", {"title": "T", "problem": "p", "solution": "s", "language": "en"}),
        "canned-answers": ("canned-answers/", {"name": "Logs", "shortcut": "logs", "text_en": "Logs, please."}),
        "views": ("views/", {"name": "Mine", "view": "mine", "filters": {"severity": "B"}}),
        "time": (f"tickets/{ticket.number}/time/", {"minutes": 5}),
    }[what]
    first = _post(program, path, body, Idempotency_Key="k4")
    assert first.status_code in (200, 201), first.content
    assert _post(program, path, body, Idempotency_Key="k4").json() == first.json()


@pytest.mark.django_db(transaction=True)
def test_the_same_key_at_the_same_moment_writes_once():
    agent = make_agent(TeamFactory())
    ticket = make_ticket(assignee=agent)
    Ticket.objects.filter(pk=ticket.pk).update(team=agent.memberships.get().team)
    program = _program(agent)
    answers = []

    def send() -> None:
        try:
            answers.append(_post(program, f"tickets/{ticket.number}/messages/", {"body": "once"}, Idempotency_Key="k"))
        finally:
            connection.close()

    threads = [threading.Thread(target=send) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [answer.status_code for answer in answers] == [201] * 4
    assert len({answer.json()["id"] for answer in answers}) == 1
    assert Message.objects.filter(body="once").count() == 1


@pytest.mark.django_db(transaction=True)
def test_of_two_writes_by_the_same_version_one_is_refused():
    agent = make_agent(TeamFactory())
    ticket = make_ticket(assignee=agent)
    Ticket.objects.filter(pk=ticket.pk).update(team=agent.memberships.get().team)
    program = _program(agent)
    tag = program.get(f"/api/v1/tickets/{ticket.number}/")["ETag"]
    codes = []

    def send(words: str) -> None:
        try:
            codes.append(
                _post(program, f"tickets/{ticket.number}/messages/", {"body": words}, If_Match=tag).status_code
            )
        finally:
            connection.close()

    threads = [threading.Thread(target=send, args=[words]) for words in ("one", "two", "three")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(codes) == [201, 412, 412]


def test_messages_and_files_over_all_tickets(program, agent, ticket):
    from django.core.files.uploadedfile import SimpleUploadedFile

    file = SimpleUploadedFile("a.txt", "Wörter\n".encode(), content_type="text/plain")
    reply(ticket=ticket, actor=agent, body="Look at the file.", marks=[], files=[file])
    add_note(ticket=ticket, actor=agent, body="A note.")
    make_ticket(team=TeamFactory())  # of another team
    rows = program.get(f"/api/v1/messages/?ticket={ticket.number}&ordering=id").json()["results"]
    assert [row["kind"] for row in rows if row["kind"] != "automatic"] == ["customer", "public", "note"]
    assert {row["ticket"] for row in program.get("/api/v1/messages/").json()["results"]} == {ticket.number}
    (row,) = program.get("/api/v1/attachments/").json()["results"]
    assert (row["name"], row["ticket"]) == ("a.txt", ticket.number)
    content = program.get(row["url"].removeprefix("http://testserver"))
    assert b"".join(content.streaming_content).decode() == "Wörter\n"
    assert content["X-Content-Type-Options"] == "nosniff" and "sandbox" in content["Content-Security-Policy"]

    customer = _program(ticket.requester, ["tickets:read"])
    kinds = {row["kind"] for row in customer.get("/api/v1/messages/").json()["results"]}
    assert "note" not in kinds and "public" in kinds
    metrics = {row["metric"] for row in program.get("/api/v1/clocks/").json()["results"]}
    told = {row["metric"] for row in customer.get("/api/v1/clocks/").json()["results"]}
    assert told <= metrics and told == {
        row["metric"] for row in customer.get(f"/api/v1/tickets/{ticket.number}/clocks/").json()
    }
    assert customer.get("/api/v1/attachments/999999/content/", headers={"accept": "image/png"}).status_code == 404


@pytest.mark.parametrize(
    ("given", "status"),
    [
        ("2026-06-01T10:00:00+19:47", 200),
        ("0001-01-01T00:00:00+14:00", 400),
        ("9999-12-31T23:59:59-23:00", 400),
        ("yesterday", 400),
    ],
)
def test_an_instant_in_any_zone(program, ticket, given, status):
    """PostgreSQL itself refuses the zone of the first, and the next two lead out of the calendar."""
    assert program.get("/api/v1/tickets/", {"created_after": given}).status_code == status
    assert program.get("/api/v1/clocks/", {"due_before": given}).status_code == status


def test_tickets_by_more_filters(program, team, ticket):
    other = make_ticket(team=team, requester=make_customer(), channel="api")
    found = program.get("/api/v1/tickets/", {"requester": ticket.requester.email.upper()}).json()["results"]
    assert [row["number"] for row in found] == [ticket.number]
    found = program.get("/api/v1/tickets/", {"channel": "api", "breached": "false"}).json()["results"]
    assert [row["number"] for row in found] == [other.number]
    pages = program.get("/api/v1/tickets/?ordering=-updated_at&page_size=1").json()
    assert pages["next"] and len(pages["results"]) == 1


def test_a_view_is_kept_used_by_the_team_and_deleted_by_its_owner(team, agent, program):
    lead = make_lead(team)
    body = {"name": "Grave", "view": "due", "filters": {"severity": "S"}, "sort": "due", "team": team.code}
    assert _post(program, "views/", body).status_code == 403  # sharing is the lead's right
    made = _post(_program(lead), "views/", body).json()
    assert made["own"] and made["filters"] == {"severity": "S"}
    (seen,) = program.get("/api/v1/views/").json()["results"]
    assert (seen["name"], seen["own"], seen["team"]) == ("Grave", False, team.code)
    assert program.delete(f"/api/v1/views/{made['id']}/").status_code == 403
    assert _program(lead).delete(f"/api/v1/views/{made['id']}/").status_code == 204
    assert not SavedView.objects.exists()


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"view": "nonsense"}, "view"),
        ({"sort": "password"}, "view"),
        ({"filters": {"nonsense": "1"}}, "filters"),
        ({"filters": {"severity": "Z"}}, "filters"),
        ({"columns": ["password"]}, "columns[0]"),
        ({"owner": 1}, "owner"),
    ],
)
def test_a_view_of_what_does_not_exist_is_refused(program, change, field):
    answer = _post(program, "views/", {"name": "x", "view": "due"} | change)
    assert answer.status_code == 400
    assert any(name.startswith(field.partition("[")[0]) for name in answer.json()["errors"]), answer.json()


def test_canned_answers_by_the_api(program, agent):
    shared = {"name": "Hi", "shortcut": "hi", "text_en": "Hello.", "shared": True}
    assert _post(program, "canned-answers/", shared).status_code == 403
    assert _post(_program(make_administrator()), "canned-answers/", shared).status_code == 201
    assert [row["shortcut"] for row in program.get("/api/v1/canned-answers/").json()["results"]] == ["hi"]
    assert _post(program, "canned-answers/", {"name": "N", "shortcut": "n"}).status_code == 400  # no text
    bad = {"name": "N", "shortcut": "n", "text_en": "Hi {{nonsense}}"}
    assert _post(program, "canned-answers/", bad).status_code == 400
