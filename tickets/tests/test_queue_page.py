"""The agents' queue: who sees what, views, filters, order, pages, live changes, a constant number of queries."""

from datetime import timedelta
from html.parser import HTMLParser

import pytest
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
from outbox import clock
from tickets.desk import State
from tickets.models import Ticket
from tickets.selectors.queue import VIEWS, fingerprint, in_view, page_of
from tickets.services import conversation, moves
from tickets.tests.factories import make_ticket

pytestmark = pytest.mark.django_db
QUEUE = "/desk/"


@pytest.fixture
def team():
    return TeamFactory()


@pytest.fixture
def agent(team):
    return make_agent(team, capacity=200)


def signed_in(user) -> Client:
    client = Client()
    client.force_login(user)
    return client


def fresh(team, **fields) -> Ticket:
    """A ticket of this moment, so that its clocks run."""
    return make_ticket(team=team, now=fields.pop("now", None) or clock.now(), **fields)


def numbers(response) -> list[str]:
    return [row.number for row in response.context["page"].rows]


def test_a_stranger_is_sent_to_sign_in(client):
    response = client.get(QUEUE)
    assert response.status_code == 302
    assert reverse("account_login") in response["Location"]


@pytest.mark.parametrize("path", [QUEUE, "/desk/mine/", "/desk/changes/", "/desk/search/?q=x"])
def test_a_customer_finds_nothing(path):
    assert signed_in(make_customer()).get(path).status_code == 404


def test_an_agent_sees_the_tickets_of_the_own_teams_only(agent, team):
    mine, other = fresh(team), fresh(TeamFactory())
    assert mine.team_id != other.team_id
    assert numbers(signed_in(agent).get(QUEUE)) == [mine.number]
    assert set(numbers(signed_in(make_manager()).get(QUEUE))) == {mine.number, other.number}


def test_product_and_rnd_see_what_they_are_called_into(team):
    expert, ticket = give_role(UserFactory(), "rnd"), fresh(team)
    fresh(team)
    assert numbers(signed_in(expert).get(QUEUE)) == []
    conversation.add_note(ticket=ticket, actor=make_agent(team), body=f"@{expert.name} please look")
    assert numbers(signed_in(expert).get(QUEUE)) == [ticket.number]


def test_a_lead_sees_the_teams_below(team):
    above = TeamFactory()
    team.next_level = above
    team.save()
    ticket = fresh(team)
    assert numbers(signed_in(make_lead(above)).get(QUEUE)) == [ticket.number]


def test_views_hold_what_they_say_and_count_it(agent, team):
    colleague = make_agent(team)
    mine = fresh(team, assignee=agent)
    free = fresh(team)
    Ticket.objects.filter(pk=free.pk).update(assignee=None)
    waiting = fresh(team, assignee=colleague)
    conversation.reply(ticket=waiting, actor=colleague, body="Which version?", status="pending")
    late = fresh(team, assignee=colleague, severity="S")
    Ticket.objects.filter(pk=late.pk).update(breached_at=clock.now())
    done, owed = fresh(team, assignee=agent), fresh(team, assignee=agent, severity="S")
    for ticket in (done, owed):
        moves.resolve_ticket(ticket=ticket, actor=agent, cause="c", solution="s", verification="customer")
    client = signed_in(agent)
    expected = {
        "mine": {mine},
        "unassigned": {free},
        "waiting": {waiting},
        "handed_over": set(),
        "escalated": {late},
        "due": {mine, free, waiting, late},
        "reports": {owed},
        "all": {mine, free, waiting, late, done, owed},
    }
    assert expected.keys() == VIEWS.keys()
    for view, tickets in expected.items():
        response = client.get(QUEUE, {"view": view})
        assert set(numbers(response)) == {ticket.number for ticket in tickets}, view
        counts = {tab["href"]: tab["count"] for tab in response.context["tabs"]}
        assert counts[State(view, {}, VIEWS[view].sort).address] == (None if view == "all" else len(tickets))


def test_next_due_first_and_what_has_no_deadline_last(agent, team):
    now = clock.now()
    later, none, soon = (fresh(team) for _n in range(3))
    for ticket, due in ((later, now + timedelta(hours=2)), (none, None), (soon, now + timedelta(minutes=1))):
        Ticket.objects.filter(pk=ticket.pk).update(next_due_at=due)
    assert numbers(signed_in(agent).get(QUEUE)) == [soon.number, later.number, none.number]


def test_filters_narrow_and_stay_in_the_address(agent, team):
    organization = OrganizationFactory()
    customer = make_customer(organization)
    wanted = fresh(team, severity="A", requester=customer, assignee=agent, subject="Kafka writes twice")
    fresh(team, severity="B", subject="Printer")
    client = signed_in(agent)
    for query in (
        {"severity": "A"},
        {"organization": organization.pk},
        {"assignee": agent.pk, "severity": "A"},
        {"q": "kafka"},
        {"q": wanted.number.lower()},
        {"team": team.pk, "status": "new", "q": "kafka"},
    ):
        response = client.get(QUEUE, query)
        assert numbers(response) == [wanted.number], query
        assert {chip.name for chip, _without in response.context["chips"]} == set(query)
    nobody = fresh(team)
    Ticket.objects.filter(pk=nobody.pk).update(assignee=None)
    assert nobody.number in numbers(client.get(QUEUE, {"assignee": "none"}))


@pytest.mark.parametrize(
    "query",
    [
        "severity=X", "status=gone", "team=999999", "team=abc", "assignee=1%3B--", "category=99999999999999999999",
        "view=nothing", "sort=requester__password", "after=x", "after=~", "after=2026-13-45T00:00~5", "after=~9%00",
        "after=~99999999999999999999999", "q=%00", "q=" + "x" * 300, "organization=-1", "module=%F0%9F%92%A9",
        "after=2026-01-01T00:00:00~7", "after=%D9%A3",
    ],
)  # fmt: skip
def test_what_does_not_exist_is_400_and_finds_nothing(agent, team, query):
    fresh(team)
    response = signed_in(agent).get(f"{QUEUE}?{query}")
    assert response.status_code == 400
    assert numbers(response) == []


def test_the_number_of_queries_does_not_grow_with_the_rows(agent, team, django_assert_max_num_queries):
    client, lead_client = signed_in(agent), signed_in(make_lead(team))
    customers = [make_customer(OrganizationFactory()) for _n in range(5)]
    for n in range(50):
        fresh(team, requester=customers[n % 5], severity="SAB"[n % 3])
    with django_assert_max_num_queries(12):
        response = client.get(QUEUE)
    assert len(response.context["page"].rows) == 50
    with django_assert_max_num_queries(12):
        lead_client.get(QUEUE, {"q": "qwx"})


def test_an_open_page_learns_what_changed_without_moving(agent, team):
    stays, changes = fresh(team, assignee=agent), fresh(team, assignee=agent)
    client = signed_in(agent)
    page = client.get(QUEUE)
    shown = page.context["shown"]
    quiet = client.get("/desk/changes/", {"view": "due", "shown": shown})
    assert quiet.context["changed"] == []
    assert "queue-bar" not in quiet.content.decode()
    conversation.reply(ticket=changes, actor=agent, body="We look into it.")
    fresh(team)
    answer = client.get("/desk/changes/", {"view": "due", "shown": shown})
    assert [row.pk for row in answer.context["changed"]] == [changes.pk]
    text = answer.content.decode()
    assert f'id="t{changes.pk}"' in text
    assert f'id="t{stays.pk}"' not in text
    assert "1 change – show" in text
    again = client.get("/desk/changes/", {"view": "due", "shown": answer.context["shown"]})
    assert again.context["changed"] == []  # what was put in place is not told twice
    assert "1 change – show" in again.content.decode()  # the new one still waits to be shown


def test_one_that_comes_to_a_full_page_is_one_change(agent, team, monkeypatch):
    monkeypatch.setattr("tickets.views.queue.PAGE", 2)
    first = [fresh(team) for _n in range(3)][0]
    client = signed_in(agent)
    shown = client.get(QUEUE, {"sort": "-number"}).context["shown"]
    fresh(team)
    answer = client.get("/desk/changes/", {"view": "due", "sort": "-number", "shown": shown})
    assert answer.context["moved"] == 1
    assert f'id="t{first.pk}"' not in answer.content.decode()


def test_a_later_page_learns_of_its_own_rows(agent, team, monkeypatch):
    monkeypatch.setattr("tickets.views.queue.PAGE", 2)
    for _n in range(5):
        fresh(team)
    client = signed_in(agent)
    second = client.get(QUEUE, {"after": client.get(QUEUE).context["page"].after})
    quiet = client.get(f"/desk/changes/?{second.context['here']}&shown={second.context['shown']}")
    assert second.context["shown"]
    assert (quiet.context["changed"], quiet.context["moved"]) == ([], 0)


def test_the_fingerprint_knows_deadline_and_breach(agent, team):
    fresh(team)
    rows = in_view(user=agent, name="due")
    (ticket,) = page_of(rows, user=agent, now=clock.now(), sort="due").rows
    before = fingerprint(ticket)
    ticket.breached_at = clock.now()
    assert fingerprint(ticket) != before
    ticket.breached_at, ticket.next_due_at = None, None
    assert fingerprint(ticket) != before


@pytest.mark.parametrize("shown", ["", "x", "1.2.3.4,", ",,,", "9" * 9000, "\x00"])
def test_odd_marks_of_an_open_page_are_harmless(agent, team, shown):
    fresh(team)
    assert signed_in(agent).get("/desk/changes/", {"view": "due", "shown": shown}).status_code == 200


def test_search_opens_a_number_and_finds_words_people_and_articles(agent, team):
    customer = make_customer(name="王晓明")
    ticket = fresh(team, subject="Kafka writes twice", requester=customer)
    hidden = fresh(TeamFactory(), subject="Kafka elsewhere")
    client = signed_in(agent)
    response = client.get("/desk/search/", {"q": ticket.number.lower()})
    assert response.status_code == 302
    assert response["Location"] == reverse("workspace:ticket", args=[ticket.number])
    assert numbers(client.get("/desk/search/", {"q": "kafka"})) == [ticket.number]
    assert numbers(client.get("/desk/search/", {"q": "晓明"})) == [ticket.number]
    assert client.get("/desk/search/", {"q": hidden.number}).status_code == 200
    assert client.get("/desk/search/", {"q": "\x00"}).status_code == 200


class _Tags(HTMLParser):
    """Collects what a browser would run."""

    def __init__(self) -> None:
        super().__init__()
        self.live: list[str] = []

    def handle_starttag(self, tag, attrs):
        names = dict(attrs)
        if tag in ("script", "iframe", "object", "embed") and not str(names.get("src", "")).startswith("/static/"):
            self.live.append(tag)
        self.live += [name for name in names if name.startswith("on")]
        href = str(names.get("href") or "").strip().lower()
        if href.startswith(("javascript:", "data:", "vbscript:")):
            self.live.append(href)


def live_parts(html: str) -> list[str]:
    """Scripts, handlers and script addresses in ``html``; ours come from /static/ only."""
    parser = _Tags()
    parser.feed(html)
    return parser.live


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_the_page_speaks_both_languages_and_hostile_words_stay_words(agent, team, language):
    hostile = "<script>alert(1)</script><img src=x onerror=alert(1)>"
    fresh(team, subject=hostile, requester=make_customer(OrganizationFactory(name=hostile, name_en=""), name=hostile))
    client = signed_in(agent)
    client.cookies["django_language"] = language
    html = client.get(QUEUE).content.decode()
    assert f'lang="{language}"' in html
    assert live_parts(html) == []
