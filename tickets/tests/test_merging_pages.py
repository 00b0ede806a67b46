"""Merging by the ticket page and the API, and what colleagues, customers and figures see afterwards."""

import re

import pytest
from django.test import Client
from django.utils import translation

from accounts.services.tokens import issue_token
from accounts.tests.factories import OrganizationFactory, TeamFactory, make_agent, make_customer, make_lead
from knowledge.tests.factories import published
from outbox import clock
from tickets.models import AccessLink, Escalation, Message
from tickets.selectors.queue import in_view
from tickets.services import conversation, lead
from tickets.services.grades import regrade
from tickets.services.links import mint_status_link, revoke_status_links
from tickets.services.merging import merge_ticket
from tickets.services.moves import resolve_ticket
from tickets.tests.factories import make_ticket
from tickets.tests.test_queue_page import signed_in

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}
NOTE = "Innenwort about the disk"


@pytest.fixture
def team():
    return TeamFactory()


@pytest.fixture
def agent(team):
    return make_agent(team)


@pytest.fixture
def customer():
    return make_customer(OrganizationFactory())


@pytest.fixture
def pair(team, agent, customer):
    def make(subject):
        return make_ticket(team=team, requester=customer, assignee=agent, subject=subject, language="en", now=now)

    now = clock.now()
    source, target = make("Export stops"), make("Export does not work")
    conversation.add_note(ticket=source, actor=agent, body=NOTE)
    return source, target


@pytest.fixture
def merged(pair, agent):
    source, target = pair
    merge_ticket(ticket=source, into=target, actor=agent, words="We go on with both here.")
    for row in pair:
        row.refresh_from_db()
    return pair


def in_language(browser: Client, language: str) -> Client:
    browser.cookies["django_language"] = language
    return browser


# ---- the page -------------------------------------------------------------------------------------------------------


def test_an_agent_merges_by_the_page(pair, agent):
    source, target = pair
    browser = in_language(signed_in(agent), "en")
    page = browser.get(f"/desk/tickets/{source.number}/").content.decode()
    assert f"/desk/tickets/{source.number}/merge/" in page
    form = browser.get(f"/desk/tickets/{source.number}/merge/", headers=HTMX).content.decode()
    assert f"Your ticket {source.number} is about the same problem as this one." in form
    data = {"into": target.number.lower(), "words": "Both go on here."}
    answer = browser.post(f"/desk/tickets/{source.number}/merge/", data, follow=True)
    assert f"This was merged into {target.number}." in answer.content.decode()
    source.refresh_from_db()
    assert source.merged_into == target
    assert Message.objects.get(body="Both go on here.").ticket == target


def test_the_words_come_in_the_language_of_the_ticket(pair, agent):
    source, _target = pair
    with translation.override("zh-hans"):
        chinese = translation.gettext(
            "Your ticket %(number)s is about the same problem as this one. We go on with both here; everything "
            "that you wrote there is kept."
        ) % {"number": source.number}
    for language, ours in (("en", "Your ticket"), ("zh-hans", chinese)):
        type(source).objects.filter(pk=source.pk).update(language=language)
        form = in_language(signed_in(agent), "en").get(f"/desk/tickets/{source.number}/merge/").content.decode()
        assert ours in form


@pytest.mark.parametrize("number", ["T999999999", "nonsense", "", "foreign", "own", "resolved"])
def test_what_cannot_be_the_target_is_said_beside_the_field(number, pair, agent, customer):
    source, target = pair
    if number == "foreign":  # of the same customer, but in another team: it looks as if it were not there
        number = make_ticket(team=TeamFactory(), requester=customer, now=clock.now()).number
    elif number == "own":
        number = source.number
    elif number == "resolved":
        found = {"cause": "c", "solution": "s", "verification": "customer"}
        resolve_ticket(ticket=target, actor=agent, **found)
        number = target.number
    answer = signed_in(agent).post(
        f"/desk/tickets/{source.number}/merge/", {"into": number, "words": "Both"}, headers=HTMX
    )
    assert answer.status_code == 422
    assert answer.context["form"].errors.keys() == {"into"}
    source.refresh_from_db()
    assert source.merged_into is None


def test_a_merged_ticket_offers_nothing_but_the_way_on(merged, agent):
    source, target = merged
    page = in_language(signed_in(agent), "en").get(f"/desk/tickets/{source.number}/").content.decode()
    assert f'href="/desk/tickets/{target.number}/"' in page
    assert 'id="composer" class="composer"' not in page
    for action in ("reopen", "assign", "regrade", "properties", "call-in", "revoke-links", "merge"):
        assert f"/desk/tickets/{source.number}/{action}/" not in page


def test_who_does_not_work_with_the_target_gets_the_number_without_a_way(merged):
    source, target = merged
    helper = make_agent(TeamFactory())
    lead.Participant.objects.create(ticket=source, user=helper, kind="called_in", added_at=clock.now())
    page = in_language(signed_in(helper), "en").get(f"/desk/tickets/{source.number}/").content.decode()
    assert f"This was merged into {target.number}." in page
    assert f"/desk/tickets/{target.number}/" not in page


@pytest.mark.parametrize("kind", ["note", "public"])
def test_what_was_being_written_meanwhile_is_refused_with_the_way(kind, merged, agent):
    """The page lay open while a colleague merged the ticket; the words come back."""
    source, target = merged
    answer = in_language(signed_in(agent), "en").post(
        f"/desk/tickets/{source.number}/messages/",
        {"kind": kind, "body": "Half an hour of work", "revision": 1},
        headers=HTMX,
    )
    text = answer.content.decode()
    assert answer.status_code == 422
    assert f"This ticket was merged into {target.number}." in text
    assert "Half an hour of work" in text


def test_an_article_is_not_noted_on_a_merged_ticket(merged, agent):
    source, target = merged
    article = published(agent)
    answer = in_language(signed_in(agent), "en").post(
        f"/desk/tickets/{source.number}/articles/{article.pk}/use/", follow=True
    )
    assert f"This ticket was merged into {target.number}." in answer.content.decode()
    assert not source.article_links.exists()


def test_an_escalation_of_a_merged_ticket_is_acknowledged_with_others(merged, team):
    """Ticked in the lead's list before a colleague merged it."""
    source, target = merged
    rungs = [
        Escalation.objects.create(
            ticket=row, metric="first_response", cycle=1, level=1, severity="B", team=team,
            due_at=clock.now(), created_at=clock.now(),
        )
        for row in merged
    ]  # fmt: skip
    answer = signed_in(make_lead(team)).post("/desk/escalations/acknowledge/", {"tickets": [r.number for r in merged]})
    assert answer.status_code == 302
    for rung in rungs:
        rung.refresh_from_db()
        assert rung.acknowledged_at


def test_both_timelines_say_it(merged, agent):
    source, target = merged
    browser = in_language(signed_in(agent), "en")
    assert f"merged this ticket into {target.number}" in browser.get(f"/desk/tickets/{source.number}/timeline/").text
    assert f"merged {source.number} into this ticket" in browser.get(f"/desk/tickets/{target.number}/timeline/").text


def test_a_grade_that_changed_on_the_duplicate_is_explained_on_the_target(pair, agent):
    source, target = pair
    regrade(ticket=source, actor=agent, severity="A", reason="More are hit")
    merge_ticket(ticket=source, into=target, actor=agent, words="Both")
    page = in_language(signed_in(agent), "en").get(f"/desk/tickets/{target.number}/").content.decode()
    assert page.count("The grade changed from B to A.") == 2  # its own reason, and that of the duplicate


def test_the_queue_has_it_under_all_only(merged, agent):
    source, target = merged
    assert source not in in_view(user=agent, name="due")
    assert source not in in_view(user=agent, name="mine")
    assert {source, target} <= set(in_view(user=agent, name="all"))


# ---- the customer ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_the_customer_reads_where_it_went(language, merged, customer):
    source, target = merged
    browser = in_language(signed_in(customer), language)
    page = browser.get(f"/tickets/{source.number}/").content.decode()
    assert f'href="/tickets/{target.number}/"' in page
    assert "solved it" not in page and "解决了" not in page
    went_on = browser.get(f"/tickets/{target.number}/").content.decode()
    assert "We go on with both here." in went_on
    assert NOTE not in went_on + page
    assert target.number in browser.get("/tickets/?state=solved").content.decode()


def test_a_customer_writes_to_the_old_ticket_and_it_reaches_the_new_one(merged, customer):
    source, target = merged
    answer = signed_in(customer).post(f"/tickets/{source.number}/message/", {"body": "It happens again"})
    assert answer.headers["Location"] == f"/tickets/{target.number}/"
    assert Message.objects.get(body="It happens again").ticket == target


def test_the_private_link_leads_on_by_a_door_of_the_same_kind(merged, customer, client):
    source, target = merged
    path = re.sub(r"^https?://[^/]+", "", mint_status_link(ticket=source, user=customer, now=clock.now()))
    before = AccessLink.objects.count()
    page = in_language(client, "en").get(path).content.decode()
    assert f"This was merged into {target.number}." in page
    assert AccessLink.objects.count() == before  # mail scanners follow links: reading makes none
    there = client.post(f"{path}follow/").headers["Location"]
    assert "We go on with both here." in client.get(re.sub(r"^https?://[^/]+", "", there)).content.decode()
    written = client.post(f"{path}message/", {"body": "By the old link"})
    assert Message.objects.get(body="By the old link").ticket == target
    assert "/t/" in written.headers["Location"]


def test_revoking_the_links_of_the_target_closes_those_of_its_duplicates(merged, customer, agent, client):
    """Else an old link would make new ones."""
    source, target = merged
    path = re.sub(r"^https?://[^/]+", "", mint_status_link(ticket=source, user=customer, now=clock.now()))
    revoke_status_links(ticket=target, actor=agent)
    assert client.get(path).status_code == 404
    assert client.post(f"{path}follow/").status_code == 404


# ---- the API --------------------------------------------------------------------------------------------------------


def program(client, user, path, body=None):
    scopes = ["tickets:read", "tickets:write"]
    _token, secret = issue_token(actor=user, user=user, name="p", scopes=scopes, expires_at=None, now=clock.now())
    headers = {"authorization": f"Bearer {secret}", "accept-language": "en"}
    if body is None:
        return client.get(f"/api/v1/tickets/{path}/", headers=headers)
    return client.post(f"/api/v1/tickets/{path}/", body, content_type="application/json", headers=headers)


def test_a_program_merges(pair, agent, customer, client):
    source, target = pair
    words = {"into": target.number, "words": "Both go on here."}
    answer = program(client, agent, f"{source.number}/merge", words)
    assert (answer.status_code, answer.json()["merged_into"], answer.json()["status"]) == (200, target.number, "closed")
    assert program(client, agent, target.number).json()["merged_into"] is None
    again = program(client, agent, f"{source.number}/merge", words)
    assert again.status_code == 400
    assert target.number in again.text
    written = program(client, customer, f"{source.number}/messages", {"body": "Any news?"})
    assert written.status_code == 201
    assert Message.objects.get(body="Any news?").ticket == target
    said = program(client, customer, f"{target.number}/messages").text
    assert "Any news?" in said and NOTE not in said


def test_a_program_is_told_what_is_wrong(pair, agent, customer, client):
    source, target = pair
    unknown = program(client, agent, f"{source.number}/merge", {"into": "T999999999", "words": "Both"})
    assert unknown.status_code == 400
    assert "into" in unknown.text
    mine = program(client, customer, f"{source.number}/merge", {"into": target.number, "words": "Both"})
    assert mine.status_code == 403
