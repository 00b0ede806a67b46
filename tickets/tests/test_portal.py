"""The customer's pages of tickets: who sees what, by which door, and what can be done there."""

import re
from datetime import timedelta
from urllib.parse import quote

import pytest
from django.core import signing
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.tests.factories import OrganizationFactory, TeamFactory, make_agent, make_customer
from outbox import clock
from tickets.models import Message, SeverityContest, Ticket
from tickets.services import conversation, grades, moves
from tickets.services.links import answer_link, mint_status_link, revoke_status_links
from tickets.tests.factories import make_ticket

pytestmark = pytest.mark.django_db
PNG = b"\x89PNG\r\n\x1a\n" + b"0" * 64


@pytest.fixture(autouse=True)
def _english(client):
    client.cookies["django_language"] = "en"


@pytest.fixture(autouse=True)
def _files(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path


@pytest.fixture
def now():
    return clock.now()


@pytest.fixture
def team():
    return TeamFactory(name_en="Cloud")


@pytest.fixture
def agent(team):
    return make_agent(team, name="Li Na")


@pytest.fixture
def customer():
    return make_customer(OrganizationFactory(), name="Ann")


@pytest.fixture
def ticket(team, agent, customer, now):
    return make_ticket(team=team, requester=customer, assignee=agent, severity="S", now=now, subject="Export stops")


@pytest.fixture
def resolved(ticket, agent):
    moves.resolve_ticket(
        ticket=ticket, actor=agent, cause="disk", solution="Disk **grown**", verification="test", proof="ran it"
    )
    ticket.refresh_from_db()
    return ticket


def token_of(ticket, now) -> str:
    return mint_status_link(ticket=ticket, user=ticket.requester, now=now).rstrip("/").rpartition("/")[2]


def page_of(ticket) -> str:
    return reverse("portal:ticket", args=[ticket.number])


def action(ticket, name) -> str:
    return reverse("portal:act", args=[ticket.number, name])


# ---- who sees what --------------------------------------------------------------------------------------------------


def test_strangers_are_sent_to_sign_in_and_come_back(client, ticket):
    for url in (page_of(ticket), reverse("portal:tickets")):
        response = client.get(url)
        assert response.status_code == 302 and response.url.startswith(reverse("account_login"))
        assert quote(url, safe="") in response.url


def test_another_organization_finds_nothing_by_any_address(client, ticket):
    client.force_login(make_customer(OrganizationFactory(), sees_organization=True))
    assert client.get(page_of(ticket)).status_code == 404
    for name in ("message", "confirm", "refute", "contest", "urge"):
        assert client.post(action(ticket, name), {"body": "x"}).status_code == 404
    assert list(client.get(reverse("portal:tickets")).context["tickets"]) == []
    assert ticket.messages.count() == 1


def test_a_colleague_sees_it_only_with_the_right_to(client, ticket, customer):
    colleague = make_customer(customer.organization)
    client.force_login(colleague)
    assert client.get(page_of(ticket)).status_code == 404
    assert not client.get(reverse("portal:tickets")).context["tickets"]
    type(colleague).objects.filter(pk=colleague.pk).update(sees_organization=True)
    assert client.get(page_of(ticket)).status_code == 200
    assert [item["ticket"] for item in client.get(reverse("portal:tickets")).context["tickets"]] == [ticket]
    assert not client.get(reverse("portal:tickets") + "?whose=mine").context["tickets"]


def test_staff_reads_along_but_does_nothing_as_the_customer(client, ticket, agent):
    client.force_login(agent)
    response = client.get(page_of(ticket))
    assert response.status_code == 200 and not any(response.context["may"].values())
    assert client.post(action(ticket, "message"), {"body": "as the customer"}).status_code == 404
    assert not client.get(reverse("portal:tickets")).context["tickets"]  # the queue is elsewhere


def test_the_story_tells_what_was_said_and_no_note_and_no_inside(client, ticket, agent, customer):
    conversation.reply(ticket=ticket, actor=agent, body="Please try **this**.", marks=["workaround"])
    conversation.add_note(ticket=ticket, actor=agent, body="SECRET: the customer is difficult")
    client.force_login(customer)
    text = client.get(page_of(ticket)).content.decode()
    assert "<strong>this</strong>" in text and "Li Na" in text and "You" in text
    assert "SECRET" not in text and "difficult" not in text
    assert "takes care of it" in text


def test_a_long_story_shows_its_end_first(client, ticket, agent, customer, monkeypatch):
    monkeypatch.setattr("tickets.selectors.conversation.MESSAGES", 5)
    for n in range(9):
        conversation.reply(ticket=ticket, actor=agent, body=f"answer number {n}.")
        conversation.add_note(ticket=ticket, actor=agent, body="not counted here")
    client.force_login(customer)
    told = ticket.messages.exclude(kind="note").count()
    response = client.get(page_of(ticket))
    text = response.content.decode()
    assert "answer number 8." in text and "answer number 3." not in text
    assert f"Show {told - 5} earlier messages" in text
    assert f'href="#{response.context["story"].lines[-1].id}"' in text
    whole = client.get(page_of(ticket) + "?all=1").content.decode()
    assert "answer number 0." in whole and f'hx-get="{page_of(ticket)}?all=1"' in whole


def test_promises_stand_in_the_customers_words(client, ticket, customer):
    client.force_login(customer)
    response = client.get(page_of(ticket))
    assert response.context["story"].next.label == "An engineer answers you"
    text = response.content.decode()
    assert "An engineer answers you by" in text and "A way round the problem" in text
    assert "data-due" in text


def test_a_missed_promise_is_admitted(client, ticket, customer):
    ticket.clocks.filter(metric="first_response").update(breached_at=ticket.created_at)
    client.force_login(customer)
    assert "We are late, and the team lead knows" in client.get(page_of(ticket)).content.decode()


@pytest.mark.parametrize(("language", "title"), [("en", "My tickets"), ("zh-hans", 'lang="zh-hans"')])
def test_both_languages(client, ticket, customer, language, title):
    client.cookies["django_language"] = language
    client.force_login(customer)
    assert title in client.get(reverse("portal:tickets")).content.decode()
    assert client.get(page_of(ticket)).status_code == 200


def test_what_customers_type_is_never_markup(client, ticket, customer, agent):
    hostile = '<img src=x onerror=alert(1)> **bold** [x](javascript:alert(1)) {{ 7|add:"7" }}'
    conversation.customer_message(ticket=ticket, author=customer, body=hostile)
    conversation.reply(ticket=ticket, actor=agent, body=hostile)
    Ticket.objects.filter(pk=ticket.pk).update(subject="<script>alert(1)</script>")
    client.force_login(customer)
    text = client.get(page_of(ticket)).content.decode()
    assert "<img src=x" not in text and "<script>alert" not in text and 'href="javascript' not in text
    assert "{{ 7|add" in text


# ---- lists ----------------------------------------------------------------------------------------------------------


def test_open_and_solved_are_apart_and_counted(client, ticket, customer, agent, now, team):
    other = make_ticket(team=team, requester=customer, assignee=agent, now=now)
    moves.resolve_ticket(ticket=other, actor=agent, cause="c", solution="s", verification="customer")
    client.force_login(customer)
    shown = client.get(reverse("portal:tickets"))
    assert [item["ticket"] for item in shown.context["tickets"]] == [ticket]
    assert [tab["count"] for tab in shown.context["tabs"]] == [1, 1]
    solved = client.get(reverse("portal:tickets"), {"state": "solved"})
    assert [item["ticket"] for item in solved.context["tickets"]] == [other]


def test_pages_go_on_by_key_and_repeat_nothing(client, customer, team, now, monkeypatch):
    monkeypatch.setattr("tickets.views.portal._PAGE", 2)
    made = [make_ticket(team=team, requester=customer, now=now) for _ in range(5)]
    client.force_login(customer)
    seen, before = [], ""
    while before is not None:
        response = client.get(reverse("portal:tickets"), {"before": before})
        seen += [item["ticket"] for item in response.context["tickets"]]
        before = response.context["older"]
    assert seen == made[::-1]


@pytest.mark.parametrize("before", ["", "-1", "x", "9" * 40, "1;drop", "١٢"])
def test_odd_keys_harm_nothing(client, ticket, customer, before):
    client.force_login(customer)
    assert client.get(reverse("portal:tickets"), {"before": before}).status_code == 200


def test_tabs_count_no_further_than_they_show(client, customer, team, ticket, now, monkeypatch):
    for _n in range(3):
        make_ticket(team=team, requester=customer, now=now)
    monkeypatch.setattr("tickets.views.portal.COUNTED", 2)
    client.force_login(customer)
    shown = client.get(reverse("portal:tickets"))
    assert [tab["count"] for tab in shown.context["tabs"]] == [2, 0]
    assert len(shown.context["tickets"]) == 4


def test_list_and_page_ask_the_database_a_constant_number_of_times(client, customer, team, agent, ticket, now):
    def count(url):
        with CaptureQueriesContext(connection) as queries:
            assert client.get(url).status_code == 200
            return len(queries)

    client.force_login(customer)
    client.get(reverse("portal:tickets"))
    before = count(reverse("portal:tickets")), count(page_of(ticket))
    for number in range(6):
        make_ticket(team=team, requester=customer, now=now)
        conversation.reply(ticket=ticket, actor=agent, body=f"News {number}", marks=["progress"])
        files = [SimpleUploadedFile("a.png", PNG)]
        conversation.customer_message(ticket=ticket, author=customer, body=f"More {number}", files=files)
    assert (count(reverse("portal:tickets")), count(page_of(ticket))) == before


# ---- acting, signed in ----------------------------------------------------------------------------------------------


def test_a_message_with_a_file_arrives_and_can_be_fetched(client, ticket, customer):
    client.force_login(customer)
    sent = {"body": "It is back", "files": [SimpleUploadedFile("shot.png", PNG)]}
    response = client.post(action(ticket, "message"), sent)
    assert response.status_code == 302 and response.url == page_of(ticket)
    message = Message.objects.latest("pk")
    assert (message.body, message.kind, message.channel, message.author) == (
        "It is back",
        "customer",
        "portal",
        customer,
    )
    page = client.get(page_of(ticket))
    assert f'data-draft-done="ticket-{ticket.number}"' in page.content.decode()
    line = page.context["story"].lines[-1]
    fetched = client.get(line.files[0]["url"])
    assert fetched.status_code == 200 and b"".join(fetched.streaming_content) == PNG
    assert "data-draft-done" not in client.get(page_of(ticket)).content.decode()


def test_an_empty_message_or_a_wrong_file_keeps_what_was_typed(client, ticket, customer):
    client.force_login(customer)
    response = client.post(
        action(ticket, "message"), {"body": "Long words", "files": [SimpleUploadedFile("virus.exe", b"MZ")]}
    )
    assert response.status_code == 422 and "Long words" in response.content.decode()
    assert "virus.exe" in response.content.decode()
    assert client.post(action(ticket, "message"), {"body": " "}).status_code == 422
    assert ticket.messages.count() == 1


def test_floods_of_messages_are_held_back_with_their_words(client, ticket, customer, monkeypatch):
    monkeypatch.setattr("tickets.limits.ACTIONS_AN_HOUR", 1)
    client.force_login(customer)
    assert client.post(action(ticket, "message"), {"body": "one"}).status_code == 302
    response = client.post(action(ticket, "message"), {"body": "two words"})
    assert response.status_code == 429 and "two words" in response.content.decode()
    assert ticket.messages.count() == 2


def test_solved_closes_and_not_solved_reopens(client, resolved, customer):
    client.force_login(customer)
    assert client.get(page_of(resolved)).context["story"].asks
    client.post(action(resolved, "refute"), {"comment": "still broken"})
    resolved.refresh_from_db()
    assert (resolved.status, resolved.cycle) == ("open", 2)
    assert resolved.messages.latest("pk").body == "still broken"
    assert client.post(action(resolved, "confirm")).status_code == 422  # a stale page
    resolved.refresh_from_db()
    assert resolved.status == "open"


def drafts_done(client, response) -> list[str]:
    return re.findall(r'data-draft-done="([^"]*)"', client.get(response.url).content.decode())


def test_an_action_uses_up_its_own_draft_and_no_other(client, resolved, customer, now):
    client.force_login(customer)
    number = resolved.number
    contested = {"wanted": "A", "reason": "only one office"}
    assert drafts_done(client, client.post(action(resolved, "refute"), {"comment": "no"})) == [
        f"ticket-{number}-refute"
    ]
    assert drafts_done(client, client.post(action(resolved, "contest"), contested)) == [f"ticket-{number}-contest"]
    long_ago = now - timedelta(days=30)
    Ticket.objects.filter(pk=resolved.pk).update(status="closed", resolved_at=long_ago, closed_at=long_ago)
    followed = client.post(action(resolved, "message"), {"body": "again"})
    assert number not in followed.url and drafts_done(client, followed) == [f"ticket-{number}"]


def test_confirming_closes_once(client, resolved, customer):
    client.force_login(customer)
    assert client.post(action(resolved, "confirm")).status_code == 302
    resolved.refresh_from_db()
    assert resolved.status == "closed"
    assert client.post(action(resolved, "confirm")).status_code == 422
    assert "Does it work for you now?" not in client.get(page_of(resolved)).content.decode()


def test_the_grade_is_contested_with_a_reason_once(client, ticket, customer, agent):
    client.force_login(customer)
    assert client.post(action(ticket, "contest"), {"wanted": "A", "reason": ""}).status_code == 422
    assert client.post(action(ticket, "contest"), {"wanted": "S", "reason": "same"}).status_code == 422
    assert client.post(action(ticket, "contest"), {"wanted": "A", "reason": "only one office"}).status_code == 302
    row = SeverityContest.objects.get()
    assert (row.wanted, row.reason, row.raised_by) == ("A", "only one office", customer)
    page = client.get(page_of(ticket))
    assert not page.context["may"]["contest"] and "The team lead is looking at it" in page.content.decode()
    assert client.post(action(ticket, "contest"), {"wanted": "B", "reason": "again"}).status_code == 422
    lead = make_agent(ticket.team)
    lead.permission_codes = frozenset({"ticket.decide_severity"})
    grades.decide_contest(row=row, actor=lead, accept=False, answer="It stays, sorry.")
    assert "It stays, sorry." in client.get(page_of(ticket)).content.decode()


def test_a_contest_that_nobody_decided_ends_with_the_solution(client, ticket, customer, agent):
    grades.contest(ticket=ticket, actor=customer, wanted="A", reason="only one office")
    found = {"cause": "Full disk", "solution": "Cleaned it", "verification": "customer"}
    moves.resolve_ticket(ticket=ticket, actor=agent, **found)
    client.force_login(customer)
    text = client.get(page_of(ticket)).content.decode()
    assert "The team lead is looking at it" not in text
    assert "solved before the team lead decided" in text
    client.force_login(agent)
    history = client.get(f"/desk/tickets/{ticket.number}/timeline/").content.decode()
    assert "closed the request for severity A" in history


def test_get_does_nothing_and_unknown_actions_are_not_found(client, resolved, customer):
    client.force_login(customer)
    assert client.get(action(resolved, "confirm")).status_code == 405
    assert client.post(action(resolved, "resolve")).status_code == 404
    resolved.refresh_from_db()
    assert resolved.status == "resolved"


# ---- the private link -----------------------------------------------------------------------------------------------


def test_the_link_shows_one_ticket_and_nothing_else_and_hides_itself(client, ticket, now):
    response = client.get(reverse("portal:status", args=[token_of(ticket, now)]))
    assert response.status_code == 200 and "Export stops" in response.content.decode()
    assert response["Referrer-Policy"] == "same-origin"
    assert "no-store" in response["Cache-Control"] and "noindex" in response["X-Robots-Tag"]
    assert page_of(ticket) not in response.content.decode()
    assert ticket.requester.name not in response.content.decode()
    assert client.get(page_of(ticket)).status_code == 302
    assert "_auth_user_id" not in client.session


def test_wrong_expired_revoked_and_deactivated_look_alike(client, ticket, now):
    token = token_of(ticket, now)
    url = reverse("portal:status", args=[token])
    assert client.get(url).status_code == 200
    wrong = client.get(reverse("portal:status", args=[token[:-1] + ("a" if token[-1] != "a" else "b")]))
    ticket.access_links.update(expires_at=now - timedelta(seconds=1))
    expired = client.get(url)
    ticket.access_links.update(expires_at=now + timedelta(days=1))
    assert client.get(url).status_code == 200
    revoke_status_links(ticket=ticket, actor=ticket.assignee or make_agent(ticket.team), now=now)
    revoked = client.get(url)
    ticket.access_links.update(revoked_at=None)
    type(ticket.requester).objects.filter(pk=ticket.requester_id).update(is_active=False)
    gone = client.get(url)
    assert [r.status_code for r in (wrong, expired, revoked, gone)] == [404] * 4
    assert client.post(url + "message/", {"body": "x"}).status_code == 404


def test_by_the_link_one_can_answer_confirm_and_fetch_files(client, resolved, agent, now):
    url = reverse("portal:status", args=[token_of(resolved, now)])
    assert client.post(url + "refute/", {"comment": "no"}).url == url
    conversation.reply(ticket=resolved, actor=agent, body="Look", files=[SimpleUploadedFile("a.png", PNG)])
    response = client.post(url + "message/", {"body": "seen"})
    assert response.status_code == 302 and response["Referrer-Policy"] == "same-origin"
    assert Message.objects.latest("pk").author == resolved.requester
    line = client.get(url).context["story"].lines[-2]
    fetched = client.get(line.files[0]["url"])
    assert fetched.status_code == 200 and "no-store" in fetched["Cache-Control"]


def test_the_link_gives_no_file_of_a_note_or_of_another_ticket(client, ticket, agent, team, now):
    note = conversation.add_note(ticket=ticket, actor=agent, body="x", files=[SimpleUploadedFile("n.png", PNG)])
    other = make_ticket(team=team, now=now, files=[SimpleUploadedFile("o.png", PNG)])
    token = token_of(ticket, now)
    for message in (note, other.messages.get()):
        pk = message.attachments.get().pk
        assert client.get(reverse("portal:status_file", args=[token, pk])).status_code == 404


def test_forged_requests_by_the_link_are_refused(ticket, now):
    strict = Client(enforce_csrf_checks=True)
    url = reverse("portal:status", args=[token_of(ticket, now)])
    assert strict.post(url + "message/", {"body": "x"}).status_code == 403


def test_long_after_closing_a_message_by_the_link_opens_a_new_ticket_with_its_own_link(client, resolved, now):
    url = reverse("portal:status", args=[token_of(resolved, now)])
    client.post(url + "confirm/")
    Ticket.objects.filter(pk=resolved.pk).update(closed_at=now - timedelta(days=30))
    response = client.post(url + "message/", {"body": "again"})
    follow_up = Ticket.objects.get(follow_up_of=resolved)
    assert client.get(response.url).context["ticket"] == follow_up


def test_what_a_message_does_after_the_end_is_said_as_it_is(client, resolved, customer, now):
    client.force_login(customer)
    assert "A message opens the ticket again. To say" in client.get(page_of(resolved)).content.decode()
    client.post(action(resolved, "confirm"))
    assert "A message opens the ticket again." in client.get(page_of(resolved)).content.decode()
    Ticket.objects.filter(pk=resolved.pk).update(closed_at=now - conversation.REOPEN_WITHIN - timedelta(minutes=1))
    late = client.get(page_of(resolved)).content.decode()
    assert "A message opens the ticket again" not in late and "starts a new one that is linked to it" in late


# ---- the link of the mail -------------------------------------------------------------------------------------------


def answer_url(ticket) -> str:
    return reverse(
        "portal:answer", args=[answer_link(ticket=ticket, cycle=ticket.cycle).rstrip("/").rpartition("/")[2]]
    )


def test_opening_the_answer_link_changes_nothing(client, resolved):
    url = answer_url(resolved)
    for _ in range(3):
        response = client.get(url)
        assert response.status_code == 200 and "Does it work for you now?" in response.content.decode()
    assert client.head(url).status_code == 200
    resolved.refresh_from_db()
    assert resolved.status == "resolved" and response["Referrer-Policy"] == "same-origin"


@pytest.mark.parametrize("has_account", [True, False])
def test_whoever_answered_gets_a_way_into_the_ticket_and_a_spent_link_gives_none(client, resolved, has_account):
    if not has_account:
        resolved.requester.set_unusable_password()
        resolved.requester.save()
    taken = client.post(answer_url(resolved), {"answer": "solved"})
    text = taken.content.decode()
    assert "write to us in the ticket" in text and "mails" not in text
    link = taken.context["link"]
    assert link in text
    if has_account:
        assert link.endswith(page_of(resolved))
    else:
        assert client.get(link).context["ticket"] == resolved
    links = resolved.access_links.count()
    spent = client.get(answer_url(resolved)).content.decode()
    assert (page_of(resolved) in spent) == has_account and "/t/" not in spent
    assert resolved.access_links.count() == links


def test_it_answers_once(client, resolved):
    url = answer_url(resolved)
    assert client.post(url, {"answer": "solved"}).status_code == 200
    resolved.refresh_from_db()
    assert resolved.status == "closed"
    again = client.post(url, {"answer": "unsolved", "comment": "no"})
    assert again.status_code == 410 and "This was answered already" in again.content.decode()
    assert client.get(url).status_code == 410
    resolved.refresh_from_db()
    assert resolved.status == "closed"


def test_not_solved_reopens_with_the_comment_and_the_link_is_spent(client, resolved, agent):
    url = answer_url(resolved)
    assert client.post(url, {"answer": "unsolved", "comment": "still slow"}).status_code == 200
    resolved.refresh_from_db()
    assert (resolved.status, resolved.cycle) == ("open", 2)
    assert resolved.messages.latest("pk").body == "still slow"
    moves.resolve_ticket(ticket=resolved, actor=agent, cause="c", solution="s", verification="customer")
    assert client.post(url, {"answer": "solved"}).status_code == 410  # of the resolution before
    resolved.refresh_from_db()
    assert resolved.status == "resolved"


def test_each_link_of_the_mail_shows_its_answer_and_takes_none(client, resolved):
    url = answer_url(resolved)
    pages = {said: client.get(f"{url}?answer={said}").content.decode() for said in ("yes", "no", "<x>")}
    assert [said for said, page in pages.items() if '<details class="disclosure" open>' in page] == ["no"]
    assert 'btn-primary btn-block" name="answer" value="unsolved"' in pages["no"] and "<x>" not in pages["<x>"]
    assert 'value="solved" autofocus' in pages["yes"]
    assert client.head(f"{url}?answer=no").status_code == 200
    resolved.refresh_from_db()
    assert resolved.status == "resolved"
    # What was pressed counts, not which link led here.
    assert client.post(f"{url}?answer=no", {"answer": "solved"}).status_code == 200
    resolved.refresh_from_db()
    assert resolved.status == "closed"


def test_nonsense_is_asked_again(client, resolved):
    assert client.post(answer_url(resolved), {"answer": "maybe"}).status_code == 422


def test_forged_and_foreign_tokens_are_not_found(client, resolved):
    good = answer_url(resolved).rstrip("/").rpartition("/")[2]
    foreign = signing.dumps({"t": resolved.pk, "c": resolved.cycle}, salt="another")
    strange = signing.dumps(["t", "c"], salt="tickets.answer")
    for token in (good[:-2] + "xx", foreign, strange, "x"):
        assert client.get(reverse("portal:answer", args=[token])).status_code == 404
        assert client.post(reverse("portal:answer", args=[token]), {"answer": "solved"}).status_code == 404


def test_the_conversation_says_what_a_reason_changed_and_links_can_be_followed(client, ticket, agent, customer):
    grades.regrade(ticket=ticket, actor=agent, severity="A", reason="One site only")
    conversation.customer_message(ticket=ticket, author=customer, body="See https://status.example.com/now。Thanks")
    client.force_login(customer)
    html = client.get(page_of(ticket)).content.decode()
    assert "The grade changed from S to A." in html
    assert '<a href="https://status.example.com/now"' in html
