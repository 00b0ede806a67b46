"""Unread tickets: what somebody else did since one looked, and what concerns one and was never opened."""

import pytest

from accounts.models import Absence
from accounts.tests.factories import TeamFactory, make_agent, make_lead, make_manager
from outbox import clock
from tickets.models import Draft, Ticket, TicketSeen
from tickets.services import conversation, drafts, moves
from tickets.tests.test_queue_page import QUEUE, fresh, signed_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def team():
    return TeamFactory()


@pytest.fixture
def agent(team):
    return make_agent(team, capacity=200)


@pytest.fixture
def client(agent):
    return signed_in(agent)


def unread(client, **query) -> set[str]:
    return {row.number for row in client.get(QUEUE, query).context["page"].rows if row.is_unread}


def opened(client, ticket: Ticket) -> None:
    assert client.get(f"/desk/tickets/{ticket.number}/").status_code == 200


def test_what_the_customer_or_a_colleague_adds_is_unread_until_it_is_opened(client, agent, team):
    ticket = fresh(team, assignee=agent)
    opened(client, ticket)
    assert unread(client) == set()
    for say in (
        lambda: conversation.customer_message(ticket=ticket, author=ticket.requester, body="And now?"),
        lambda: conversation.add_note(ticket=ticket, actor=make_agent(team), body="Look at the log."),
    ):
        say()
        assert unread(client) == {ticket.number}
        page = client.get(QUEUE).content.decode()
        assert "row-unread" in page
        assert "unread" in page.partition(f'id="row-{ticket.pk}"')[2].partition("</a>")[0]
        opened(client, ticket)
        assert unread(client) == set()


def test_what_one_does_oneself_is_read_through_whatever_door(client, agent, team):
    ticket = fresh(team, assignee=agent)
    opened(client, ticket)
    conversation.reply(ticket=ticket, actor=agent, body="We look into it.")  # by a program, say
    assert unread(client) == set()
    client.post(f"/desk/tickets/{ticket.number}/messages/", {"kind": "note", "body": "Hm.", "revision": 9, "seen": 0})
    conversation.customer_message(ticket=ticket, author=ticket.requester, body="And now?")
    assert unread(client) == {ticket.number}


def test_never_opened_is_unread_for_those_whom_it_concerns(client, agent, team):
    ours = fresh(team)
    done = fresh(team, assignee=agent)
    moves.resolve_ticket(ticket=done, actor=make_lead(team), cause="c", solution="s", verification="customer")
    assert unread(client) == {ours.number}
    assert unread(client, view="all") == {ours.number}  # an archive is no news
    assert unread(signed_in(make_manager())) == set()


def test_every_reader_has_a_mark_of_their_own(client, agent, team):
    ticket = fresh(team, assignee=agent)
    colleague = signed_in(make_agent(team))
    opened(client, ticket)
    opened(client, ticket)
    assert unread(client) == set()
    assert unread(colleague) == {ticket.number}
    assert TicketSeen.objects.get().user == agent


def test_only_a_page_in_sight_reads_what_comes_in(client, agent, team):
    ticket = fresh(team, assignee=agent)
    opened(client, ticket)
    conversation.customer_message(ticket=ticket, author=ticket.requester, body="And now?")
    live = f"/desk/tickets/{ticket.number}/live/"
    client.get(live)
    assert unread(client) == {ticket.number}
    client.get(live, {"seen": "1"})
    assert unread(client) == set()


def test_what_was_read_elsewhere_is_told_to_an_open_queue(client, agent, team):
    ticket = fresh(team, assignee=agent)
    shown = client.get(QUEUE).context["shown"]
    opened(client, ticket)
    answer = client.get("/desk/changes/", {"view": "due", "shown": shown})
    assert [row.pk for row in answer.context["changed"]] == [ticket.pk]


def test_the_row_says_whether_the_assignee_is_there(client, agent, team):
    from datetime import timedelta

    now = clock.now()
    fresh(team, assignee=agent)

    def there() -> bool:
        (row,) = client.get(QUEUE).context["page"].rows
        return row.is_assignee_there

    assert there()
    absence = Absence.objects.create(user=agent, starts_at=now, ends_at=now + timedelta(days=1))
    assert not there()
    assert "away" in client.get(QUEUE).content.decode().partition("<tbody>")[2]
    absence.delete()
    agent.on_duty = False
    agent.save()
    assert not there()


def test_a_begun_answer_shows_in_the_row_of_its_writer_alone(client, agent, team):
    ticket, other = fresh(team, assignee=agent), fresh(team, assignee=agent)
    now = clock.now()
    drafts.save_draft(ticket=ticket, actor=agent, words=drafts.Words(kind="public", body="We are"), now=now)
    drafts.save_draft(ticket=other, actor=make_agent(team), words=drafts.Words(kind="note", body="Hm"), now=now)

    def begun(person) -> dict[str, bool]:
        rows = signed_in(person).get(QUEUE, {"view": "due"}).context["page"].rows
        return {row.number: row.is_begun for row in rows}

    assert begun(agent) == {ticket.number: True, other.number: False}
    assert begun(make_lead(team)) == {ticket.number: False, other.number: False}
    Draft.objects.filter(ticket=ticket).update(returned=True)
    page = client.get(QUEUE).content.decode()
    assert "your reply came back" in page.partition(f'id="row-{ticket.pk}"')[2].partition("</tr>")[0]
