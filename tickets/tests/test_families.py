"""Splitting, links, incidents and what is told to all tickets below them."""

import threading
from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError, OperationalError, connections, transaction
from django.db.models import Count
from django.test import TestCase

from accounts.tests.factories import OrganizationFactory, TeamFactory, give_role, make_agent, make_customer, make_lead
from outbox import clock
from outbox.models import Intent
from sla.models import Clock
from tickets.models import AnnouncementPart, Escalation, Message, Ticket, TicketEvent, TicketLink
from tickets.services import announcing, conversation, moves
from tickets.services.announcing import go_on, resolve_children, tell_again, tell_children
from tickets.services.linking import link_tickets, set_parent, unlink_tickets
from tickets.services.locking import MergedTicket, StaleTicket
from tickets.services.merging import merge_ticket
from tickets.services.splitting import split_ticket
from tickets.tests.factories import MONDAY, make_ticket

pytestmark = pytest.mark.django_db
MINUTE = timedelta(minutes=1)
FOUND = {"cause": "The disk", "solution": "A larger disk", "verification": "customer"}


def after(minute):
    return MONDAY + minute * MINUTE


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
def make(team, agent, customer):
    def ticket(minute=0, severity="A", **fields):
        fields = {"requester": customer, "assignee": agent, "team": team, **fields}
        return make_ticket(severity=severity, now=after(minute), **fields)

    return ticket


@pytest.fixture
def ring(monkeypatch):
    """The worker's door; nothing is rung for but noted."""
    rung = []
    monkeypatch.setattr(announcing, "_ring", lambda: rung.append(1))
    return rung


def codes(ticket) -> list[str]:
    return list(ticket.events.order_by("pk").values_list("code", flat=True))


def code_of(error) -> str:
    return error.value.code if hasattr(error.value, "code") else next(iter(error.value.error_dict))


# ---- split ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def write(customer):
    def write(ticket, minute, body="Another problem", **more):
        return conversation.customer_message(ticket=ticket, author=customer, body=body, now=after(minute), **more)

    return write


def test_a_message_becomes_a_ticket_and_stays(make, write, agent, customer, settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    ticket = make(0)
    first = write(ticket, 10, "The printer too", files=[SimpleUploadedFile("log.txt", b"words")])
    second = write(ticket, 12, "It smokes")
    Intent.objects.all().delete()
    new = split_ticket(ticket=ticket, messages=[second, first], subject="Printer", actor=agent, now=after(15))
    copies = list(new.messages.all())
    assert [(row.body, row.author, row.created_at) for row in copies] == [
        ("The printer too", customer, after(10)), ("It smokes", customer, after(12)),
    ]  # fmt: skip
    assert [row.copy_of for row in copies] == [first, second]
    assert (new.requester, new.subject, new.follow_up_of, new.status) == (customer, "Printer", ticket, "new")
    assert copies[0].attachments.get().file.read() == b"words"
    assert first.attachments.get().file.name == copies[0].attachments.get().file.name  # stored once
    assert ticket.messages.count() == 3
    assert ticket.events.get(code="ticket.split").data["number"] == new.number
    assert new.events.get(code="ticket.created").data["split_from"] == ticket.number
    told = Intent.objects.get(kind="ticket.split")
    assert (told.payload["ticket"], told.payload["origin"]) == (new.pk, ticket.pk)


def test_its_promises_count_from_the_receipt(make, write, agent):
    ticket = make(0)
    message = write(ticket, 10)
    new = split_ticket(ticket=ticket, messages=[message], subject="s", actor=agent, now=after(25))
    first = new.clocks.get(metric="first_response")
    assert (new.created_at, new.waiting_since, first.carried) == (after(10), after(10), 15 * MINUTE)
    target = timedelta(minutes=float(first.target_amount))
    assert Clock.objects.filter(ticket=new, due_at__lt=after(25)).count() == 0
    assert first.due_at - first.started_at == target - 15 * MINUTE


def test_what_is_past_is_due_now_and_missed(make, write, agent, team):
    ticket = make(0)
    message = write(ticket, 10, "系统全部瘫痪，所有业务都停了，数据丢失")  # words of grade S
    new = split_ticket(ticket=ticket, messages=[message], subject="s", actor=agent, now=after(300))
    assert new.severity == "S"
    first = new.clocks.get(metric="first_response")
    assert (first.due_at, first.breached_at) == (after(300), after(300))
    assert Escalation.objects.filter(ticket=new, metric="first_response").exists()
    new.refresh_from_db()
    assert new.breached_at == after(300)


def test_what_was_answered_meanwhile_owes_no_first_response(make, write, agent):
    ticket = make(0)
    message = write(ticket, 10)
    conversation.reply(ticket=ticket, actor=agent, body="We look at both", now=after(20))
    new = split_ticket(ticket=ticket, messages=[message], subject="s", actor=agent, now=after(300))
    assert (new.first_response_at, new.waiting_since) == (after(20), None)
    assert not new.clocks.filter(metric="first_response").exists()
    assert new.clocks.exists()


def test_only_messages_of_the_customer_are_split_and_once(make, write, agent):
    ticket, other = make(0), make(1)
    asked = write(ticket, 10)
    wrong = [
        conversation.reply(ticket=ticket, actor=agent, body="We look", now=after(11)),
        conversation.add_note(ticket=ticket, actor=agent, body="note", now=after(12)),
        Message.objects.create(ticket=ticket, kind="automatic", body="a", channel="portal", created_at=after(13)),
        write(other, 14),
    ]

    def refused(messages, subject="s") -> str:
        with pytest.raises(ValidationError) as error:
            split_ticket(ticket=ticket, messages=messages, subject=subject, actor=agent, now=after(20))
        return code_of(error)

    for message in wrong:
        assert refused([asked, message]) == "messages"
    assert refused([]) == "messages"
    assert refused([asked], subject=" ") == "subject"
    assert refused(list(ticket.messages.filter(kind="customer"))) == "messages"  # nothing would be left
    split_ticket(ticket=ticket, messages=[asked], subject="s", actor=agent, now=after(20))
    assert refused([asked]) == "messages"
    assert Ticket.objects.count() == 3


def test_the_database_holds_one_copy_of_a_message(make, write, agent):
    ticket = make(0)
    message = write(ticket, 10)
    new = split_ticket(ticket=ticket, messages=[message], subject="s", actor=agent, now=after(20))
    with pytest.raises(IntegrityError), transaction.atomic():
        Message.objects.create(
            ticket=new, kind="customer", body="b", channel="portal", created_at=after(21), copy_of=message
        )


# ---- links ----------------------------------------------------------------------------------------------------------


def test_a_link_is_said_on_both_sides(make, agent):
    one, two = make(), make()
    [link] = link_tickets(ticket=one, others=[two], kind="blocks", actor=agent, now=after(1))
    assert one.events.get(code="ticket.linked").data == {"kind": "blocks", "inward": False, "number": two.number}
    assert two.events.get(code="ticket.linked").data == {"kind": "blocks", "inward": True, "number": one.number}
    unlink_tickets(link=link, actor=agent, now=after(2))
    unlink_tickets(link=link, actor=agent, now=after(3))
    assert not TicketLink.objects.exists()
    assert codes(two).count("ticket.unlinked") == 1


@pytest.mark.parametrize("kind", ["related", "duplicate", "blocks"])
def test_a_pair_has_each_kind_once(make, agent, kind):
    one, two = make(), make()
    link_tickets(ticket=one, others=[two], kind=kind, actor=agent)
    for source, target in ((one, two), (two, one)):
        with pytest.raises(ValidationError) as error:
            link_tickets(ticket=source, others=[target], kind=kind, actor=agent)
        assert error.value.code == "linked"
        with pytest.raises(IntegrityError), transaction.atomic():
            TicketLink.objects.create(source=source, target=target, kind=kind, created_at=after(1))
    with pytest.raises(IntegrityError), transaction.atomic():
        TicketLink.objects.create(source=one, target=one, kind=kind, created_at=after(1))
    with pytest.raises(ValidationError):
        link_tickets(ticket=one, others=[one], kind=kind, actor=agent)


def test_a_merged_ticket_is_linked_to_nothing(make, agent):
    one, two, three = make(), make(), make()
    merge_ticket(ticket=one, into=two, actor=agent, words="w")
    with pytest.raises(MergedTicket):
        link_tickets(ticket=three, others=[one], kind="related", actor=agent)


# ---- parents --------------------------------------------------------------------------------------------------------


def test_a_parent_has_no_parent(make, agent):
    incident, case, other = make(), make(), make()
    set_parent(tickets=[case], parent=incident, actor=agent)
    for child, parent in ((incident, other), (incident, case), (other, case), (case, case)):
        with pytest.raises(ValidationError):
            set_parent(tickets=[child], parent=parent, actor=agent)
    with pytest.raises(IntegrityError), transaction.atomic():
        Ticket.objects.filter(pk=other.pk).update(parent=other)
    with pytest.raises(ValidationError) as error:
        merge_ticket(ticket=incident, into=other, actor=agent, words="w")
    assert error.value.code == "parent"
    set_parent(tickets=[case], parent=other, actor=agent)
    set_parent(tickets=[case], parent=other, actor=agent)  # nothing new
    case.refresh_from_db()
    assert case.parent == other
    assert codes(incident)[-2:] == ["ticket.child_added", "ticket.child_left"]
    assert codes(other).count("ticket.child_added") == 1
    set_parent(tickets=[case], parent=None, actor=agent)
    assert codes(case)[-1] == "ticket.parent_left"


@pytest.mark.django_db(transaction=True)
def test_of_two_who_make_each_other_parents_one_wins(make, agent):
    one, two = make(), make()
    results = []

    def adopt(child, parent):
        try:
            set_parent(tickets=[child], parent=parent, actor=agent)
            results.append("done")
        except ValidationError:
            results.append("refused")
        finally:
            connections.close_all()

    threads = [threading.Thread(target=adopt, args=pair) for pair in ((one, two), (two, one))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(results) == ["done", "refused"]


# ---- telling all ----------------------------------------------------------------------------------------------------


@pytest.fixture
def incident(make, agent, monkeypatch):
    """An incident with three open tickets below of two languages; nobody has them."""
    monkeypatch.setattr(clock, "now", lambda: after(10))
    parent = make()
    people = [make_customer(language=language) for language in ("zh-hans", "zh-hans", "en")]
    children = [make(1, requester=person, assignee=None) for person in people]
    Ticket.objects.filter(pk__in=[child.pk for child in children]).update(assignee=None)
    set_parent(tickets=children, parent=parent, actor=agent, now=after(2))
    return parent, children


def test_every_open_ticket_below_is_told_in_its_language(incident, agent, ring):
    parent, children = incident
    done = moves.resolve_ticket(ticket=children[1], actor=agent, **FOUND, now=after(3))
    row = tell_children(ticket=parent, actor=agent, words="We found it.", marks=["progress"], now=after(10))
    assert dict(row.parts.values_list("ticket", "state")) == {children[0].pk: "done", children[2].pk: "done"}
    said = [child.messages.filter(kind="public").last() for child in (parent, children[0], children[2])]
    assert said[0].body == "We found it."
    assert all(message.body.endswith("\n\nWe found it.") for message in said[1:])
    assert said[2].body.startswith("There is news of the wider problem")
    assert all(message.marks == ["progress"] for message in said)
    children[0].refresh_from_db()
    assert (children[0].assignee, children[0].status) == (None, "open")  # told, not taken over
    assert children[0].clocks.get(metric="first_response").state == "met"
    assert children[1].messages.filter(kind="public").count() == 1
    assert done.cycle == 1
    assert parent.events.get(code="ticket.children_told").data["count"] == 2
    assert not ring


def test_done_twice_it_tells_once(incident, agent, ring):
    parent, children = incident
    parent.refresh_from_db()
    given = {"ticket": parent, "actor": agent, "words": "News", "revision": parent.revision}
    row = tell_children(**given)
    with pytest.raises(StaleTicket):
        tell_children(**given)  # the same form again
    assert go_on() == go_on(announcement=row) == 0
    assert Message.objects.filter(body__endswith="News").count() == 4


def test_the_solution_is_that_of_all(incident, agent, ring, make):
    parent, children = incident
    with pytest.raises(ValidationError) as error:
        resolve_children(ticket=parent, actor=agent)
    assert error.value.code == "open"
    moves.resolve_ticket(ticket=parent, actor=agent, **FOUND, now=after(5))
    row = resolve_children(ticket=parent, actor=agent, words="It runs.", now=after(6))
    for child in children:
        child.refresh_from_db()
        found = child.resolutions.get()
        assert (child.status, found.cause, found.solution, found.resolved_by) == (
            "resolved", "The disk", "A larger disk", agent,
        )  # fmt: skip
    assert children[2].messages.last().body.endswith("is solved.\n\nIt runs.")
    # What is still open later, or came below since, is taken up by the same order.
    moves.refute_solution(ticket=children[0], actor=children[0].requester, now=after(7))
    late = make(8)
    set_parent(tickets=[late], parent=parent, actor=agent, now=after(8))
    again = resolve_children(ticket=parent, actor=agent, words="again", now=after(9))
    assert again == row
    assert dict(row.parts.values_list("state").annotate(n=Count("pk")).order_by()) == {"done": 4}
    children[0].refresh_from_db()
    assert children[0].status == "open"  # refuted: it was told once, the rest is a person's work
    with pytest.raises(ValidationError) as error:
        resolve_children(ticket=parent, actor=agent, words="again", now=after(10))
    assert error.value.code == "told"


def test_what_failed_is_tried_again_by_who_may(incident, agent, monkeypatch):
    parent, children = incident
    theirs = TeamFactory()
    with monkeypatch.context() as later:
        later.setattr(announcing, "AT_ONCE", 0)
        later.setattr(announcing, "_ring", lambda: None)
        row = tell_children(ticket=parent, actor=agent, words="News", now=after(5))
        Ticket.objects.filter(pk=children[1].pk).update(team=theirs)
        go_on()
    assert row.parts.get(state="failed").ticket == children[1]
    both = give_role(make_lead(parent.team), "lead", theirs)
    assert tell_again(ticket=parent, actor=both, now=after(6)) == row
    assert set(row.parts.values_list("state", flat=True)) == {"done"}
    said = children[1].messages.get(kind="public")
    assert (said.author, said.body.endswith("News")) == (both, True)
    assert children[0].messages.filter(kind="public").count() == 1, "what was told is not told twice"
    assert parent.events.filter(code="ticket.children_told").last().data["count"] == 1
    with pytest.raises(ValidationError):
        tell_again(ticket=parent, actor=both, now=after(7))


@pytest.mark.proof
def test_two_hundred_are_told_once_each_in_as_few_rings_as_needed(incident, agent, make, ring):
    parent, children = incident
    more = [make(1, assignee=None) for _ in range(197)]
    set_parent(tickets=more, parent=parent, actor=agent, now=after(3))
    row = tell_children(ticket=parent, actor=agent, words="News", now=after(5))
    assert row.parts.filter(state="waiting").count() == 200, "a worker's, not the page's"
    assert go_on(limit=150) == 150
    assert go_on(limit=150) == 50
    assert go_on() == 0
    told = Message.objects.filter(ticket__parent=parent, kind="public", body__endswith="News")
    assert told.count() == told.values("ticket").distinct().count() == 200


def test_what_changed_meanwhile_is_left_and_what_is_not_ours_is_said(incident, agent, monkeypatch):
    parent, children = incident
    monkeypatch.setattr(announcing, "AT_ONCE", 0)
    monkeypatch.setattr(announcing, "_ring", lambda: None)
    row = tell_children(ticket=parent, actor=agent, words="News", now=after(5))
    assert set(row.parts.values_list("state", flat=True)) == {"waiting"}
    set_parent(tickets=[children[0]], parent=None, actor=agent, now=after(6))
    Ticket.objects.filter(pk=children[1].pk).update(team=TeamFactory())
    go_on()
    assert list(row.parts.values_list("state", flat=True)) == ["left", "failed", "done"]
    assert row.parts.get(state="failed").problem
    assert not children[1].messages.filter(kind="public").exists()


def test_one_that_refuses_keeps_no_other_from_the_news(incident, agent, monkeypatch, ring):
    parent, children = incident
    tell = announcing._tell

    def broken(announcement, child, actor):
        tell(announcement, child, actor)
        if child.pk == children[1].pk:
            raise RuntimeError("no room")

    monkeypatch.setattr(announcing, "_tell", broken)
    row = tell_children(ticket=parent, actor=agent, words="News", now=after(5))
    assert list(row.parts.values_list("state", flat=True)) == ["done", "failed", "done"]
    assert row.parts.get(state="failed").problem == "no room"
    assert not children[1].messages.filter(kind="public").exists()  # nothing of it is kept


def test_a_worker_that_dies_loses_nothing_and_repeats_nothing(incident, agent, monkeypatch):
    parent, children = incident
    monkeypatch.setattr(announcing, "AT_ONCE", 0)
    monkeypatch.setattr(announcing, "_ring", lambda: None)
    tell_children(ticket=parent, actor=agent, words="News", now=after(5))
    tell = announcing._tell

    def dies(announcement, child, actor):
        tell(announcement, child, actor)
        if child.pk == children[1].pk:
            raise OperationalError("the server closed the connection")

    monkeypatch.setattr(announcing, "_tell", dies)
    with pytest.raises(OperationalError), transaction.atomic():
        go_on()
    monkeypatch.setattr(announcing, "_tell", tell)
    go_on()
    assert [child.messages.filter(kind="public").count() for child in children] == [1, 1, 1]


def test_many_are_a_workers_matter(make, agent, monkeypatch, ring):
    parent = make()
    children = [make(1) for _ in range(announcing.AT_ONCE + 1)]
    set_parent(tickets=children, parent=parent, actor=agent)
    with TestCase.captureOnCommitCallbacks(execute=True):
        row = tell_children(ticket=parent, actor=agent, words="News")
    assert set(row.parts.values_list("state", flat=True)) == {"waiting"}
    assert ring == [1]
    assert go_on(limit=4) == 4
    assert ring == [1, 1]  # the rest is rung for
    assert go_on() == len(children) - 4
    assert not AnnouncementPart.objects.filter(state="waiting").exists()


def test_the_database_holds_one_part_of_a_ticket(incident, agent, ring):
    parent, _children = incident
    row = tell_children(ticket=parent, actor=agent, words="News")
    with pytest.raises(IntegrityError), transaction.atomic():
        AnnouncementPart.objects.create(announcement=row, ticket=row.parts.first().ticket)


def test_without_an_open_ticket_below_nothing_is_said(make, agent):
    parent = make()
    with pytest.raises(ValidationError) as error:
        tell_children(ticket=parent, actor=agent, words="News")
    assert error.value.code == "none"
    assert not parent.messages.filter(kind="public").exists()
    assert not TicketEvent.objects.filter(code="ticket.children_told").exists()
