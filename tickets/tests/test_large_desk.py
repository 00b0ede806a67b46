"""What a large desk changes: counts that end at a bound, rare words looked up first, answers found part by part."""

import pytest

from accounts.tests.factories import TeamFactory, make_agent, make_customer, make_manager
from outbox import clock
from search import vectors
from search.vectors import best, query
from tickets import filters
from tickets.filters import text_condition
from tickets.models import Ticket
from tickets.selectors import queue
from tickets.tests.factories import make_ticket

pytestmark = pytest.mark.django_db


@pytest.fixture
def agent():
    return make_agent(TeamFactory(), capacity=200)


def subjects(rows) -> list[str]:
    return [row.subject for row in rows]


def test_no_view_is_counted_beyond_the_bound(agent, monkeypatch):
    for _ in range(3):
        make_ticket(team=agent.grants[0].team, now=clock.now())
    assert queue.counts(user=agent)["due"] == 3
    monkeypatch.setattr(queue, "COUNTED", 2)
    assert queue.counts(user=agent)["due"] == 2


def test_the_newest_and_what_has_all_words_are_answered_first(monkeypatch):
    boss = make_manager()
    whole = ["grey kettle", "grey pot", "green kettle", "grey lamp", "grey chair"]
    for words in whole:
        make_ticket(subject=words, description="of the house")
    seen = Ticket.objects.workable_by(boss)
    assert set(subjects(best(seen, query("grey kettle"), limit=5))) == set(whole)
    monkeypatch.setattr(vectors, "WINDOW", 2)
    found = subjects(best(seen, query("grey kettle"), limit=3))
    assert found[0] == "grey kettle", "the oldest, because it alone has both words"
    assert set(found[1:]) == {"grey chair", "grey lamp"}, "of the others the newest"
    assert set(subjects(best(seen, query("grey kettle"), limit=9))) == set(whole), "all where there is room"
    assert best(seen, query("teapot"), limit=3).count() == 0


def test_of_a_large_desk_only_what_one_may_see_is_answered(agent, monkeypatch):
    monkeypatch.setattr(vectors, "WINDOW", 2)
    for team in (agent.grants[0].team, TeamFactory()):
        for words in ("grey kettle", "grey pot"):
            make_ticket(team=team, subject=words, description="of the house")
    mine = Ticket.objects.workable_by(agent)
    assert subjects(best(mine, query("grey kettle"), limit=9)) == ["grey kettle", "grey pot"]
    assert subjects(best(mine, query("grey"), limit=9)) == ["grey pot", "grey kettle"], "one word, the newest first"
    assert subjects(best(mine.none(), query("grey kettle"), limit=9)) == []


def test_a_rare_and_a_common_word_find_the_same(monkeypatch):
    rows = [make_ticket(subject=f"the kettle {n}", description="of the house") for n in range(3)]
    wanted = {row.pk for row in rows}
    found = set(Ticket.objects.filter(text_condition("kettle")).values_list("pk", flat=True))
    assert found == wanted
    monkeypatch.setattr(filters, "_FEW", 1)
    found = set(Ticket.objects.filter(text_condition("kettle")).values_list("pk", flat=True))
    assert found == wanted
    assert Ticket.objects.get(text_condition(rows[0].number.lower())) == rows[0]
    assert not Ticket.objects.filter(text_condition("teapot")).exists()


def test_people_are_found_by_name_and_address(agent):
    lin, other = make_customer(name="Lin Yue"), make_customer(name="Wu Shan")
    team = agent.grants[0].team
    first, last, _another = (make_ticket(team=team, requester=who) for who in (lin, lin, other))
    make_ticket(team=TeamFactory(), requester=lin)
    seen = Ticket.objects.workable_by(agent)
    assert queue.of_people_named("lin yue", seen=seen, limit=9) == [last.pk, first.pk]
    assert queue.of_people_named(lin.email.upper(), seen=seen, limit=1) == [last.pk]
    assert queue.of_people_named("nobody", seen=seen, limit=9) == []


def test_whom_somebody_called_in_sees_the_ticket(agent):
    outsider = make_agent(TeamFactory())
    row = make_ticket(team=agent.grants[0].team)
    assert row not in Ticket.objects.visible_to(outsider)
    row.participants.create(user=outsider, kind="called_in", added_at=clock.now())
    assert row in Ticket.objects.visible_to(outsider)
