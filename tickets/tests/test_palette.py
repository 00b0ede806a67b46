"""Everything by name: what is found, for whom, where it leads, in a constant number of queries."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils.translation import override

from accounts.tests.factories import OrganizationFactory, TeamFactory, make_agent, make_customer
from knowledge.tests.factories import published
from outbox import clock
from tickets.selectors.palette import found
from tickets.tests.factories import make_ticket
from tickets.tests.test_queue_page import numbers, signed_in

pytestmark = pytest.mark.django_db
PALETTE = "/desk/palette/"


@pytest.fixture
def team():
    return TeamFactory()


@pytest.fixture
def agent(team):
    return make_agent(team)


def labels(user, text):
    with override("en"):
        return {str(group.label): [hit.label for hit in group.hits] for group in found(user=user, text=text)}


def test_tickets_are_found_by_number_and_by_words_as_far_as_one_sees_them(agent, team):
    ticket = make_ticket(team=team, subject="Kafka writes twice", now=clock.now())
    foreign = make_ticket(team=TeamFactory(), subject="Kafka sleeps", now=clock.now())
    for text in (ticket.number, ticket.number.lower(), ticket.number[1:], "kafka"):
        assert labels(agent, text)["Tickets"] == ["Kafka writes twice"]
    assert "Tickets" not in labels(agent, foreign.number)


def test_chinese_words_are_found(agent, team):
    make_ticket(team=team, subject="登录页面打不开", now=clock.now())
    assert labels(agent, "登录")["Tickets"] == ["登录页面打不开"]


def test_people_and_organizations_lead_to_their_tickets(agent, team):
    company = OrganizationFactory(name="Nordhafen", name_en="Nordhafen")
    anna, colleague = make_customer(company, name="Anna Nord"), make_agent(team, name="Norda Lin")
    hers = make_ticket(team=team, requester=anna, now=clock.now())
    his = make_ticket(team=team, assignee=colleague, now=clock.now())
    client = signed_in(agent)
    leads = {hit.label: hit.href for group in found(user=agent, text="nord") for hit in group.hits}
    assert numbers(client.get(leads["Anna Nord"])) == [hers.number]
    assert his.number in numbers(client.get(leads["Norda Lin"]))
    assert numbers(client.get(leads["Nordhafen"])) == [hers.number]
    assert "Anna Nord" in client.get(leads["Anna Nord"]).content.decode(), "the filter says whose tickets they are"


def test_a_requester_that_does_not_exist_is_told(agent):
    client = signed_in(agent)
    assert client.get("/desk/?requester=999999").status_code == 400
    assert client.get(f"/desk/?requester={'9' * 40}").status_code == 400


def test_articles_are_found(agent):
    published(agent, title="Kafka in a nutshell", problem="Kafka", language="en")
    assert labels(agent, "kafka")["Articles"] == ["Kafka in a nutshell"]


def test_nothing_typed_shows_the_recent_tickets_in_their_order(agent, team):
    rows = [make_ticket(team=team, subject=f"Number {n}", now=clock.now()) for n in range(3)]
    foreign = make_ticket(team=TeamFactory(), now=clock.now())
    asked = ",".join([rows[2].number, foreign.number, rows[0].number, "nonsense"])
    page = signed_in(agent).get(PALETTE, {"recent": asked}).content.decode()
    assert page.index("Number 2") < page.index("Number 0")
    assert "Number 1" not in page
    assert foreign.number not in page


def test_strange_questions_find_nothing_and_break_nothing(agent):
    client = signed_in(agent)
    for text in ("\0", "%", "'", "T" * 5000, "T" + "9" * 60, "²"):
        assert client.get(PALETTE, {"q": text}).status_code == 200
    assert signed_in(make_customer()).get(PALETTE).status_code == 404


def test_the_number_of_queries_is_constant(agent, team):
    def count():
        with CaptureQueriesContext(connection) as seen:
            assert signed_in(agent).get(PALETTE, {"q": "kafka"}).status_code == 200
        return len(seen)

    make_ticket(team=team, subject="Kafka writes twice", now=clock.now())
    published(agent, title="Kafka in a nutshell", problem="Kafka", language="en")
    before = count()
    for n in range(4):
        make_ticket(team=team, subject=f"Kafka {n}", requester=make_customer(name=f"Kafka {n}"), now=clock.now())
        published(agent, title=f"Kafka {n}", problem="Kafka", language="en")
    assert count() == before
