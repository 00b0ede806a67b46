"""Undoing a merge: what returns, what the clocks of both say then, what is refused."""

import threading
from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError
from django.db import connections

from accounts.tests.factories import OrganizationFactory, TeamFactory, make_agent, make_customer
from outbox import clock
from outbox.models import Intent
from sla.models import Clock
from tickets.models import Escalation, TicketEvent, TicketMerge
from tickets.services import conversation, grades, moves
from tickets.services.merging import merge_ticket
from tickets.services.unmerging import UNDO_WITHIN, undo_merge
from tickets.tests.factories import MONDAY, make_ticket

pytestmark = pytest.mark.django_db
MINUTE = timedelta(minutes=1)


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
def merge(agent):
    def merge(source, target, minute):
        merge_ticket(ticket=source, into=target, actor=agent, words="Both go on here.", now=after(minute))

    return merge


@pytest.fixture
def undo(agent):
    def undo(source, minute, *others):
        undo_merge(ticket=source, actor=agent, words="It goes on by itself.", now=after(minute))
        for row in (source, *others):
            row.refresh_from_db()

    return undo


def clock_of(ticket, metric) -> Clock:
    return Clock.objects.filter(ticket=ticket, metric=metric).latest("cycle", "revision")


def bodies(ticket) -> list[str]:
    return list(ticket.messages.order_by("pk").values_list("body", flat=True))


# ---- what returns ---------------------------------------------------------------------------------------------------


def test_the_duplicate_lives_again_with_its_words(make, merge, undo, agent, customer):
    source, target = make(0, description="first"), make(10, description="second")
    conversation.add_note(ticket=source, actor=agent, body="note", now=after(5))
    merge(source, target, 20)
    conversation.customer_message(ticket=source, author=customer, body="to the old one", now=after(25))
    conversation.customer_message(ticket=target, author=customer, body="to the new one", now=after(26))
    undo(source, 30, target)
    assert bodies(source) == ["first", "note", "to the old one", "It goes on by itself."]
    assert bodies(target) == ["second", "Both go on here.", "to the new one"]
    assert not source.messages.exclude(written_to=None).exists()
    assert (source.status, source.merged_into, source.resolved_at, source.closed_at) == ("open", None, None, None)
    assert source.messages.latest("pk").kind == "automatic"
    assert source.events.get(code="ticket.unmerged").data["number"] == target.number
    assert target.events.get(code="ticket.unmerged_from").data["number"] == source.number
    row = TicketMerge.objects.get(ticket=source)
    assert (row.undone_by, row.undone_at) == (agent, after(30))
    # It may be merged again, and that may be undone again.
    merge(source, target, 40)
    undo(source, 41)
    assert source.merged_into is None


def test_the_customer_and_the_assignee_are_told(make, merge, team, customer):
    source, target = make(0), make(10)
    merge(source, target, 20)
    Intent.objects.all().delete()
    undo_merge(ticket=source, actor=make_agent(team), words="By itself.", now=after(30))
    told = {intent.kind: intent.payload for intent in Intent.objects.filter(payload__ticket=source.pk)}
    assert set(told) == {"ticket.unmerged", "ticket.assigned"}
    assert source.messages.get(pk=told["ticket.unmerged"]["message"]).body == "By itself."


@pytest.mark.parametrize(("status", "reason"), [("on_hold", "the vendor"), ("pending", "")])
def test_it_waits_for_whom_it_waited_for(make, merge, undo, agent, status, reason):
    source, target = make(0), make(10)
    conversation.reply(ticket=source, actor=agent, body="?", status=status, hold_reason=reason, now=after(5))
    merge(source, target, 20)
    undo(source, 30)
    assert (source.status, source.hold_reason) == (status, reason)


def test_its_own_duplicates_come_along(make, merge, undo):
    oldest, middle, last = make(0, description="oldest"), make(1, description="middle"), make(2, description="last")
    merge(oldest, middle, 10)
    merge(middle, last, 20)
    undo(middle, 30, oldest, last)
    assert oldest.merged_into == middle
    assert bodies(middle) == ["oldest", "middle", "Both go on here.", "It goes on by itself."]
    assert bodies(last) == ["last", "Both go on here."]
    undo(oldest, 40)
    assert bodies(oldest) == ["oldest", "It goes on by itself."]


def test_a_duplicate_of_a_duplicate_can_be_taken_out_alone(make, merge, undo):
    oldest, middle, last = make(0, description="oldest"), make(1, description="middle"), make(2, description="last")
    merge(oldest, middle, 10)
    merge(middle, last, 20)
    undo(oldest, 30, middle)
    assert bodies(oldest) == ["oldest", "It goes on by itself."]
    undo(middle, 40, oldest)
    assert oldest.merged_into is None


def test_a_grade_that_was_asked_for_is_decided_here_again(make, merge, undo, customer):
    source, target = make(0), make(5)
    row = grades.contest(ticket=source, actor=customer, wanted="S", reason="All stand still", now=after(7))
    merge(source, target, 10)
    undo(source, 20)
    row.refresh_from_db()
    assert (row.ticket, row.state) == (source, "open")


# ---- clocks ---------------------------------------------------------------------------------------------------------


def test_promises_go_on_with_the_time_that_passed(make, merge, undo):
    source, target = make(0), make(10)
    merge(source, target, 60)
    undo(source, 100)
    first, second = source.clocks.filter(metric="solution_path").order_by("revision")
    assert (first.state, second.state, second.carried) == ("superseded", "running", 100 * MINUTE)
    assert second.due_at == after(240)  # as if it had never been merged
    assert clock_of(source, "first_response").state == "met"  # the words of the merge answered it
    assert clock_of(source, "progress_update").state == "running"
    assert clock_of(target, "solution_path").due_at == after(240)  # nothing is loosened there


def test_what_is_used_up_meanwhile_and_was_not_answered_is_missed_at_once(make, merge, undo):
    source, target = make(0, "S"), make(10, "A")
    merge(source, target, 60)
    undo(source, 200)
    broken = clock_of(source, "workaround")
    assert (broken.due_at, broken.breached_at, broken.state) == (after(200), after(200), "running")
    assert source.breached_at == after(60)  # the first response was late already; nobody acknowledged it
    assert Escalation.objects.get(ticket=source, metric="workaround").climbs_at is not None


def test_what_was_answered_meanwhile_is_kept_here_too(make, merge, undo, agent):
    source, target = make(0, "S"), make(10, "S")
    merge(source, target, 60)
    conversation.reply(ticket=target, actor=agent, body="Restart", marks=["workaround"], now=after(70))
    undo(source, 200)
    assert clock_of(source, "workaround").state == "cancelled"
    assert not Escalation.objects.filter(ticket=source, metric="workaround").exists()


def test_what_was_missed_before_goes_on_as_one_miss(make, merge, undo):
    source, target = make(0, "S"), make(130, "S")
    merge(source, target, 150)
    assert clock_of(source, "workaround").state == "missed"
    undo(source, 160)
    rows = list(source.clocks.filter(metric="workaround").order_by("revision"))
    assert [row.state for row in rows] == ["superseded", "running"]
    assert (rows[1].due_at, rows[1].breached_at) == (after(120), rows[0].breached_at)
    assert Escalation.objects.filter(ticket=source, metric="workaround", level=1).count() == 1
    assert source.breached_at is not None  # its place in the lead's queue, until acknowledged


def test_waiting_for_the_customer_is_no_waiting_of_theirs(make, merge, undo, agent):
    source, target = make(0, "S"), make(10, "S")
    conversation.reply(ticket=source, actor=agent, body="Which version?", status="pending", now=after(20))
    merge(source, target, 60)
    undo(source, 600)
    again = clock_of(source, "workaround")
    assert (again.state, again.carried, again.breached_at) == ("paused", 20 * MINUTE, None)


def test_when_the_other_ticket_waited_for_the_customer_nothing_counts(make, merge, undo, agent):
    source, target = make(0, "S"), make(10, "S")
    merge(source, target, 30)
    conversation.reply(ticket=target, actor=agent, body="Which version?", status="pending", now=after(40))
    undo(source, 600)
    assert clock_of(source, "workaround").carried == 40 * MINUTE


def test_a_message_that_waits_takes_its_clock_along(make, merge, undo, agent, customer):
    from decimal import Decimal

    from sla.models import Policy, Target

    for severity in "SA":
        policy = Policy.objects.get(severity=severity)
        Target.objects.create(policy=policy, metric="next_response", amount=Decimal(30), unit="minutes")
    source, target = make(0), make(10)
    merge(source, target, 20)
    conversation.customer_message(ticket=source, author=customer, body="And this?", now=after(25))
    undo(source, 40, target)
    assert (source.waiting_since, target.waiting_since) == (after(25), None)
    waits = clock_of(source, "next_response")
    assert (waits.state, waits.started_at, waits.due_at) == ("running", after(25), after(55))
    assert not target.clocks.filter(metric="next_response").exists()


def test_a_waiting_ticket_whose_customer_wrote_is_open(make, merge, undo, agent, customer):
    source, target = make(0, "S"), make(10, "S")
    conversation.reply(ticket=source, actor=agent, body="Which version?", status="pending", now=after(20))
    merge(source, target, 30)
    conversation.customer_message(ticket=source, author=customer, body="The newest", now=after(90))
    undo(source, 100)
    assert (source.status, clock_of(source, "workaround").carried) == ("open", 30 * MINUTE)  # 20 before, 10 since


# ---- refused --------------------------------------------------------------------------------------------------------


def refused(source, agent, minute=30, words="w") -> str:
    with pytest.raises(ValidationError) as error:
        undo_merge(ticket=source, actor=agent, words=words, now=after(minute))
    return error.value.code if hasattr(error.value, "code") else next(iter(error.value.error_dict))


def test_what_was_solved_for_both_is_split_and_not_undone(make, merge, agent):
    source, target = make(0), make(10)
    merge(source, target, 20)
    moves.resolve_ticket(ticket=target, actor=agent, cause="c", solution="s", verification="customer", now=after(25))
    assert refused(source, agent) == "resolved"
    moves.reopen_ticket(ticket=target, actor=agent, reason="r", now=after(26))
    assert refused(source, agent) == "resolved"


def test_without_words_too_late_and_of_a_ticket_that_is_not_merged(make, merge, agent):
    source, target = make(0), make(10)
    assert refused(source, agent) == "not_merged"
    merge(source, target, 20)
    assert refused(source, agent, words=" ") == "words"
    late = 20 + UNDO_WITHIN // MINUTE + 1
    assert refused(source, agent, minute=late) == "late"
    TicketMerge.objects.all().delete()  # merged before this was remembered
    assert refused(source, agent) == "not_merged"


@pytest.mark.django_db(transaction=True)
def test_of_two_undos_at_once_one_happens(make, merge, agent):
    source, target = make(0), make(10)
    merge(source, target, 20)
    now = clock.now()
    TicketMerge.objects.update(merged_at=now)
    results = []

    def undo():
        try:
            undo_merge(ticket=source, actor=agent, words="w", now=now)
            results.append("done")
        except ValidationError as error:
            results.append(error.code)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=undo) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(results) == ["done", "not_merged"]
    assert TicketEvent.objects.filter(code="ticket.unmerged").count() == 1
