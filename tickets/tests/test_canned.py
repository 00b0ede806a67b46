"""Answers written once for many: their variables, who may write them, and that they keep no promise untouched."""

import pytest
from django.apps import apps
from django.core.exceptions import PermissionDenied, ValidationError

from accounts.tests.factories import TeamFactory, make_administrator, make_agent, make_customer
from outbox import clock
from sla.models import Clock
from tickets.canned import fill, is_untouched
from tickets.models import CannedAnswer, TicketEvent
from tickets.services import conversation
from tickets.services.canned import delete_canned, save_canned
from tickets.tests.factories import make_ticket
from tickets.tests.test_queue_page import signed_in

pytestmark = pytest.mark.django_db

WORDS = "Dear {{ customer }}, we look into {{ number }}. You hear from us by {{ due }}. {{agent}}"


@pytest.fixture
def team():
    return TeamFactory()


@pytest.fixture
def agent(team):
    return make_agent(team, name="Ann Lee")


@pytest.fixture
def ticket(team):
    return make_ticket(team=team, now=clock.now(), requester=make_customer(name="Xu Jiahe"), language="en")


def canned(actor, text=WORDS, **fields):
    fields = {"name": "Hello", "shortcut": "hi", "text_zh": "", "text_en": text} | fields
    return save_canned(actor=actor, **fields)


def test_variables_are_filled_in(ticket, agent):
    text = fill(canned(agent), ticket=ticket, agent=agent)
    assert text.startswith(f"Dear Xu Jiahe, we look into {ticket.number}.")
    assert text.endswith("Ann Lee")
    assert "{" not in text


@pytest.mark.parametrize(
    "text",
    [
        "{{ password }}",
        "{{ customer.email }}",
        "{{ customer|upper }}",
        "{% include 'x' %}",
        "{{ customer",
        "{{ }}",
    ],
)
def test_what_is_no_variable_is_refused(agent, text):
    with pytest.raises(ValidationError):
        canned(agent, text)
    assert not CannedAnswer.objects.exists()


def test_words_of_people_are_not_filled_in_again(team, agent):
    ticket = make_ticket(team=team, now=clock.now(), requester=make_customer(name="{{ agent }}"), language="en")
    assert fill(canned(agent, "Dear {{ customer }}"), ticket=ticket, agent=agent) == "Dear {{ agent }}"


def test_the_text_is_in_the_customers_language_if_there_is_one(ticket, agent):
    both = canned(agent, "Hello", text_zh="您好")
    assert fill(both, ticket=ticket, agent=agent) == "Hello"
    ticket.language = "zh-hans"
    assert fill(both, ticket=ticket, agent=agent) == "您好"
    assert fill(canned(agent, "Bye", shortcut="bye"), ticket=ticket, agent=agent) == "Bye"


def test_untouched_is_known_also_when_the_promise_moved_on(ticket, agent):
    answer = canned(agent)
    text = fill(answer, ticket=ticket, agent=agent)
    ticket.next_due_at = None
    said = {"answers": [answer], "ticket": ticket, "agent": agent}
    assert is_untouched(text, **said)
    assert is_untouched(text.replace(" ", "\r\n "), **said)
    assert not is_untouched(text + " I found the cause.", **said)
    assert not is_untouched(text.replace("we look into", "I have found the cause of"), **said)
    assert not is_untouched(
        text.replace(" by ", " by " + "tomorrow, because the disk of your server is full and " * 3), **said
    )


def test_an_untouched_answer_meets_no_clock_and_a_touched_one_does(ticket, agent):
    text = fill(canned(agent), ticket=ticket, agent=agent)
    conversation.reply(ticket=ticket, actor=agent, body=text)
    ticket.refresh_from_db()
    assert ticket.first_response_at is None
    assert not Clock.objects.filter(ticket=ticket, state="met").exists()
    assert TicketEvent.objects.get(ticket=ticket, code="ticket.reply.public").data["canned"] is True
    assert ticket.messages.filter(kind="public").count() == 1
    conversation.reply(ticket=ticket, actor=agent, body=text + " The disk is full.")
    ticket.refresh_from_db()
    assert ticket.first_response_at is not None
    assert Clock.objects.filter(ticket=ticket, metric="first_response", state="met").exists()


def test_the_history_says_that_an_answer_was_canned(ticket, agent):
    conversation.reply(ticket=ticket, actor=agent, body=fill(canned(agent), ticket=ticket, agent=agent))
    html = signed_in(agent).get(f"/desk/tickets/{ticket.number}/timeline/").content.decode()
    assert "keeps no promise" in html


def test_what_a_colleague_keeps_for_themselves_is_not_ours(ticket, agent, team):
    mine = canned(make_agent(team), "Just a moment.")
    assert not CannedAnswer.objects.usable_by(agent).exists()
    with pytest.raises(PermissionDenied):
        delete_canned(answer=mine, actor=agent)
    with pytest.raises(PermissionDenied):
        canned(agent, answer=mine)
    with pytest.raises(PermissionDenied):
        canned(agent, shared=True)


def test_a_teams_answer_is_for_the_team(agent, team):
    answer = canned(make_administrator(), shared=True, team=team)
    assert list(CannedAnswer.objects.usable_by(agent)) == [answer]
    assert not CannedAnswer.objects.usable_by(make_agent(TeamFactory())).exists()


def test_a_shortcut_is_taken_once(agent, team):
    canned(agent)
    canned(make_agent(team))
    canned(make_administrator(), shared=True)
    with pytest.raises(ValidationError):
        canned(agent)


def test_only_shared_ones_are_audited(agent):
    kept = apps.get_model("tickets", "CannedAnswerEvent").objects
    own, boss = canned(agent), make_administrator()
    canned(agent, "Changed.", answer=own)
    delete_canned(answer=own, actor=agent)
    assert not kept.exists()
    shared = canned(boss, shared=True)
    canned(boss, "Changed.", answer=shared)
    assert list(kept.order_by("pgh_id").values_list("pgh_label", "text_en")) == [("insert", WORDS), ("update", WORDS)]


def test_the_page_writes_changes_and_deletes(agent):
    client = signed_in(agent)
    fields = {"name": "Logs", "shortcut": "logs", "text_zh": "请上传日志。", "text_en": ""}
    assert client.post("/desk/canned/", fields).status_code == 302
    answer = CannedAnswer.objects.get()
    assert answer.owner == agent
    refused = client.post(f"/desk/canned/{answer.pk}/", fields | {"text_zh": "{{ nobody }}"})
    assert refused.status_code == 422
    assert "nobody" in refused.content.decode()
    assert client.post(f"/desk/canned/{answer.pk}/", fields | {"name": "All logs"}).status_code == 302
    answer.refresh_from_db()
    assert answer.name == "All logs"
    assert "All logs" in client.get("/desk/canned/").content.decode()
    client.post(f"/desk/canned/{answer.pk}/delete/")
    assert not CannedAnswer.objects.exists()


def test_the_administrator_shares_with_everybody_or_a_team(team):
    boss = make_administrator()
    client = signed_in(boss)
    fields = {"name": "Hi", "shortcut": "hi", "text_zh": "您好", "text_en": "Hello"}
    client.post("/desk/canned/", fields | {"audience": "all"})
    client.post("/desk/canned/", fields | {"audience": str(team.pk)})
    assert {(row.owner, row.team) for row in CannedAnswer.objects.all()} == {(None, None), (None, team)}


def test_the_list_at_the_caret_holds_filled_in_answers(ticket, agent, django_assert_max_num_queries):
    canned(agent, name="Greeting")
    client = signed_in(agent)
    with django_assert_max_num_queries(8):
        items = client.get(f"/desk/tickets/{ticket.number}/draft/canned/?q=greet").json()["items"]
    assert [(item["label"], item["hint"]) for item in items] == [("Greeting", "::hi")]
    assert "Dear Xu Jiahe" in items[0]["insert"]
    assert client.get(f"/desk/tickets/{ticket.number}/draft/canned/?q=zzz").json()["items"] == []
