"""Merging a duplicate: what the clocks of both say, what moves and what stays, what is refused."""

import threading
from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError, connections, transaction

from accounts.tests.factories import OrganizationFactory, TeamFactory, make_agent, make_customer, make_lead
from catalog.models import Tag
from knowledge.tests.factories import published
from outbox.models import Intent
from sla.models import Clock
from tickets.models import ArticleLink, Escalation, Ticket, TicketEvent
from tickets.services import assigning, conversation, grades, lead, links, moves, urging
from tickets.services.articles import link_article
from tickets.services.locking import MergedTicket
from tickets.services.merging import merge_ticket
from tickets.services.properties import set_properties
from tickets.tests.factories import MONDAY, make_ticket
from tickets.tests.test_assignment import _until_waiting
from tickets.transitions import IllegalMove

pytestmark = pytest.mark.django_db
MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)
FOUND = {"cause": "c", "solution": "s", "verification": "customer"}


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
    """A ticket of the one customer, made so many minutes after Monday ten o'clock."""

    def ticket(minute=0, severity="A", **fields):
        fields = {"requester": customer, "assignee": agent, "team": team, **fields}
        return make_ticket(severity=severity, now=MONDAY + minute * MINUTE, **fields)

    return ticket


@pytest.fixture
def merge(agent):
    def merge(source, target, minute, actor=None):
        words = f"{source.number} goes on here."
        merge_ticket(ticket=source, into=target, actor=actor or agent, words=words, now=MONDAY + minute * MINUTE)
        source.refresh_from_db()
        target.refresh_from_db()

    return merge


def clock_of(ticket, metric) -> Clock:
    return Clock.objects.filter(ticket=ticket, metric=metric).latest("cycle", "revision")


def after(minute):
    return MONDAY + minute * MINUTE


# ---- responses ------------------------------------------------------------------------------------------------------


def test_the_words_answer_both_tickets(make, merge):
    source, target = make(0), make(10)
    merge(source, target, 20)
    for ticket in (source, target):
        assert (clock_of(ticket, "first_response").state, ticket.first_response_at) == ("met", after(20))
        assert ticket.waiting_since is None
    assert (target.status, source.status) == ("open", "closed")
    assert source.resolved_at == source.closed_at == after(20)
    assert source.merged_into == target
    assert not source.clocks.filter(state__in=["running", "paused"]).exists()
    assert clock_of(source, "solution_path").state == "cancelled"
    # No round of updates was begun on the duplicate by the very answer that ended it.
    assert source.clocks.filter(metric="progress_update").count() == 1
    assert target.clocks.filter(metric="progress_update", state="running").count() == 1


def test_what_was_answered_before_keeps_its_verdict(make, merge, agent):
    source, target = make(0), make(10)
    conversation.reply(ticket=source, actor=agent, body="We are on it", now=after(11))
    conversation.reply(ticket=target, actor=agent, body="We are on it too", now=after(12))
    merge(source, target, 300)
    assert [(row.state, row.ended_at) for row in source.clocks.filter(metric="first_response")] == [("met", after(11))]
    assert [(row.state, row.ended_at) for row in target.clocks.filter(metric="first_response")] == [("met", after(12))]


def test_a_first_response_that_is_late_on_the_duplicate_stays_late(make, merge):
    source, target = make(0, "S"), make(10, "B")
    merge(source, target, 45)
    late = clock_of(source, "first_response")
    assert (late.state, late.due_at, late.breached_at) == ("missed", after(30), after(45))
    assert clock_of(target, "first_response").state == "met"
    assert source.breached_at is None
    rung = Escalation.objects.get(ticket=source, metric="first_response")
    assert (rung.level, rung.climbs_at) == (1, None)
    # The reason is still asked for and can be given.
    lead.give_breach_reason(escalation=rung, reason="Lunch", actor=source.assignee, now=after(50))
    rung.refresh_from_db()
    assert rung.reason == "Lunch"


# ---- milestones -----------------------------------------------------------------------------------------------------


def test_the_longer_waiting_counts(make, merge):
    source, target = make(0), make(60)
    merge(source, target, 90)
    first, second = target.clocks.filter(metric="solution_path").order_by("revision")
    assert (first.state, first.ended_at) == ("superseded", after(90))
    assert (second.state, second.revision, second.carried) == ("running", 2, 90 * MINUTE)
    assert (second.started_at, second.due_at, second.warn_at) == (after(90), after(240), after(180))
    assert target.next_due_at == clock_of(target, "progress_update").due_at


def test_a_younger_duplicate_changes_no_promise(make, merge):
    source, target = make(60), make(0)
    merge(source, target, 90)
    kept = target.clocks.get(metric="solution_path")
    assert (kept.state, kept.due_at, kept.carried) == ("running", after(240), timedelta(0))


def test_what_the_longer_waiting_uses_up_is_missed_at_once(make, merge, agent):
    """A has four hours for its path, S two for its way round: of these the duplicate's 130 minutes leave nothing."""
    source, target = make(0, "A"), make(100, "S")
    for row, minute in ((source, 5), (target, 105)):
        conversation.reply(ticket=row, actor=agent, body="We are on it", now=after(minute))
    merge(source, target, 130)
    assert clock_of(source, "solution_path").state == "cancelled"
    broken = clock_of(target, "workaround")
    assert (broken.state, broken.due_at, broken.breached_at) == ("running", after(130), after(130))
    assert target.breached_at == after(130)
    assert Escalation.objects.get(ticket=target, metric="workaround").climbs_at == after(130) + 15 * MINUTE


def test_what_the_duplicate_missed_is_not_missed_again(make, merge, agent):
    source, target = make(0, "S"), make(100, "S")
    for row, minute in ((source, 5), (target, 105)):
        conversation.reply(ticket=row, actor=agent, body="We are on it", now=after(minute))
    merge(source, target, 130)
    assert (clock_of(source, "workaround").state, clock_of(source, "workaround").due_at) == ("missed", after(120))
    going_on = clock_of(target, "workaround")
    assert (going_on.state, going_on.due_at, going_on.breached_at) == ("running", after(220), None)
    assert Escalation.objects.get(metric="workaround").climbs_at is None  # that of the duplicate


def test_a_pause_of_the_duplicate_is_no_waiting(make, merge, agent):
    source, target = make(0, "S"), make(290, "S")
    conversation.reply(ticket=source, actor=agent, body="Which version?", status="pending", now=after(20))
    merge(source, target, 300)
    assert clock_of(source, "workaround").state == "cancelled"
    assert not source.clocks.filter(pauses__ended_at=None, pauses__isnull=False).exists()
    carried = clock_of(target, "workaround")
    assert (carried.carried, carried.due_at) == (20 * MINUTE, after(300 + 100))


def test_a_promise_that_stands_still_goes_on_with_less_left(make, merge, agent, customer):
    source, target = make(0, "S"), make(60, "S")
    conversation.reply(ticket=target, actor=agent, body="Which version?", status="pending", now=after(70))
    merge(source, target, 90)
    assert (target.status, clock_of(target, "workaround").state) == ("pending", "paused")
    conversation.customer_message(ticket=target, author=customer, body="The newest", now=after(200))
    assert clock_of(target, "workaround").due_at == after(230)  # ninety of its 120 minutes were used up


def test_a_milestone_that_was_reached_is_not_promised_again(make, merge, agent):
    source, target = make(0, "S"), make(10, "S")
    conversation.reply(ticket=target, actor=agent, body="Restart it", marks=["workaround"], now=after(20))
    merge(source, target, 130)
    assert [row.state for row in target.clocks.filter(metric="workaround")] == ["met"]
    assert clock_of(source, "workaround").state == "missed"


def test_waiting_is_handed_on_from_duplicate_to_duplicate(make, merge):
    oldest, middle, last = make(0), make(60), make(30)
    merge(oldest, middle, 90)
    merge(middle, last, 110)
    assert clock_of(last, "solution_path").due_at == after(240)
    oldest.refresh_from_db()
    assert oldest.merged_into == last


# ---- severity -------------------------------------------------------------------------------------------------------


def test_the_graver_severity_counts(make, merge):
    source, target = make(0, "S"), make(10, "B")
    merge(source, target, 25)
    assert target.severity == "S"
    event = TicketEvent.objects.get(ticket=target, code="ticket.regraded")
    assert (event.data["source"], event.data["target"]) == ("B", "S")
    assert source.number in target.messages.get(pk=event.data["message"]).body
    assert clock_of(target, "workaround").due_at == after(120)
    assert Intent.objects.filter(kind="ticket.regraded", payload__ticket=target.pk).count() == 1


def test_a_milder_duplicate_changes_no_grade(make, merge):
    source, target = make(0, "B"), make(10, "A")
    merge(source, target, 25)
    assert target.severity == "A"
    assert not TicketEvent.objects.filter(code="ticket.regraded").exists()


def test_a_grade_that_was_asked_for_is_decided_on_the_target(make, merge, team, customer):
    source, target, third = make(0), make(5), make(6)
    row = grades.contest(ticket=source, actor=customer, wanted="S", reason="All stand still", now=after(7))
    merge(source, target, 10)
    row.refresh_from_db()
    assert (row.ticket, row.state) == (target, "open")
    again = grades.contest(ticket=third, actor=customer, wanted="S", reason="All stand still", now=after(11))
    merge(third, target, 12)
    again.refresh_from_db()
    assert (again.ticket, again.state) == (third, "lapsed")  # one is being decided already
    grades.decide_contest(row=row, actor=make_lead(team), accept=True, answer="Right", now=after(13))
    target.refresh_from_db()
    assert target.severity == "S"


# ---- what moves and what stays --------------------------------------------------------------------------------------


def test_nothing_is_lost(make, merge, agent, customer, settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    source, target, friend, other = make(0), make(1), make_agent(TeamFactory()), make_agent(TeamFactory())
    file = SimpleUploadedFile("log.txt", b"words")
    conversation.customer_message(ticket=source, author=customer, body="See the log", files=[file], now=after(2))
    conversation.customer_message(ticket=target, author=customer, body="It is urgent", now=after(3))
    conversation.add_note(ticket=source, actor=agent, body="Looks like the disk", now=after(4))
    lead.call_in(ticket=source, people=[friend, other], actor=agent, now=after(5))
    lead.call_in(ticket=target, people=[friend], actor=agent, now=after(5))
    set_properties(ticket=source, actor=agent, tags=["disk", "export"], now=after(6))
    set_properties(ticket=target, actor=agent, tags=["disk"], now=after(6))
    article = published(agent)
    link_article(ticket=source, article=article, actor=agent, now=after(7))
    link_article(ticket=target, article=article, actor=agent, now=after(7))
    said = list(source.messages.all()) + list(target.messages.all())
    happened = list(source.events.values_list("pk", flat=True))
    merge(source, target, 20)
    assert not source.messages.exists()
    assert list(target.messages.all())[:-1] == sorted(said, key=lambda row: row.pk)
    assert target.messages.get(body="See the log").attachments.get().name == "log.txt"
    assert target.messages.get(kind="note").body == "Looks like the disk"
    assert sorted(target.participants.values_list("user", flat=True)) == sorted([friend.pk, other.pk])
    assert sorted(Tag.objects.filter(tickets=target).values_list("name", flat=True)) == ["disk", "export"]
    assert ArticleLink.objects.filter(ticket=target).count() == 1
    assert list(source.events.values_list("pk", flat=True))[: len(happened)] == happened
    assert source.events.get(code="ticket.merged").data["number"] == target.number
    assert target.events.get(code="ticket.merged_from").data["number"] == source.number


def test_the_customer_is_told_once(make, merge):
    source, target = make(0), make(10)
    Intent.objects.all().delete()
    merge(source, target, 20)
    told = Intent.objects.get(kind__in=["ticket.reply", "ticket.closed", "ticket.resolved"])
    assert (told.kind, told.payload["ticket"]) == ("ticket.reply", target.pk)
    assert target.messages.get(pk=told.payload["message"]).body == f"{source.number} goes on here."


def test_a_ticket_that_nobody_has_becomes_that_of_who_merges(make, merge, agent):
    source, target = make(0), make(10)
    Ticket.objects.filter(pk=target.pk).update(assignee=None)
    merge(source, target, 20)
    assert target.assignee == agent


# ---- afterwards -----------------------------------------------------------------------------------------------------


def test_messages_to_a_merged_ticket_reach_the_target_by_its_own_rules(make, merge, agent, customer):
    source, target = make(0), make(10)
    merge(source, target, 20)

    def write(instant):
        return conversation.customer_message(ticket=source, author=customer, body="And now?", now=instant).ticket

    conversation.reply(ticket=target, actor=agent, body="Which version?", status="pending", now=after(30))
    assert write(after(40)) == target
    target.refresh_from_db()
    assert (target.status, target.waiting_since) == ("open", after(40))
    moves.resolve_ticket(ticket=target, actor=agent, **FOUND, now=after(50))
    assert write(after(60)) == target
    target.refresh_from_db()
    assert (target.status, target.cycle) == ("open", 2)
    moves.resolve_ticket(ticket=target, actor=agent, **FOUND, now=after(70))
    moves.confirm_solution(ticket=target, actor=customer, now=after(80))
    assert write(after(80) + 20 * DAY).follow_up_of == target


def test_a_message_that_meets_the_merge_reaches_the_target(make, merge, customer, monkeypatch):
    """It was read that the ticket is not merged, and then it was."""
    source, target = make(0), make(10)
    merge(source, target, 20)
    find, stale = conversation._goes_on_in, [source]
    monkeypatch.setattr(conversation, "_goes_on_in", lambda ticket: stale.pop() if stale else find(ticket))
    assert conversation.customer_message(ticket=source, author=customer, body="And?", now=after(30)).ticket == target


@pytest.mark.parametrize(
    "act",
    [
        lambda row, agent: conversation.reply(ticket=row, actor=agent, body="Hello"),
        lambda row, agent: conversation.add_note(ticket=row, actor=agent, body="Hello"),
        lambda row, agent: moves.reopen_ticket(ticket=row, actor=agent, reason="Again"),
        lambda row, agent: moves.set_status(ticket=row, actor=agent, status="open"),
        lambda row, agent: moves.resolve_ticket(ticket=row, actor=agent, **FOUND),
        lambda row, agent: moves.refute_solution(ticket=row, actor=row.requester),
        lambda row, agent: moves.confirm_solution(ticket=row, actor=row.requester),
        lambda row, agent: grades.regrade(ticket=row, actor=agent, severity="S", reason="So"),
        lambda row, agent: grades.contest(ticket=row, actor=row.requester, wanted="S", reason="So"),
        lambda row, agent: urging.urge(ticket=row, actor=row.requester),
        lambda row, agent: assigning.take(ticket=row, actor=agent),
        lambda row, agent: lead.call_in(ticket=row, people=[agent], actor=agent),
        lambda row, agent: links.revoke_status_links(ticket=row, actor=agent),
        lambda row, agent: merge_ticket(ticket=row, into=row.follow_ups.get(), actor=agent, words="Again"),
    ],
)
def test_nothing_else_is_done_with_a_merged_ticket(act, make, merge, agent):
    source, target, third = make(0), make(10), make(11)
    Ticket.objects.filter(pk=third.pk).update(follow_up_of=source)
    merge(source, target, 20)
    before = (source.revision, source.events.count(), target.events.count())
    with pytest.raises(MergedTicket) as refused:
        act(source, agent)
    assert target.number in refused.value.messages[0]
    source.refresh_from_db()
    assert (source.revision, source.events.count(), target.events.count()) == before


# ---- refusals -------------------------------------------------------------------------------------------------------


def test_what_does_not_fit_is_refused_and_changes_nothing(make, merge, agent, customer):
    source, target, resolved, merged = make(0), make(1), make(2), make(3)
    merge(merged, target, 4)
    moves.resolve_ticket(ticket=resolved, actor=agent, **FOUND, now=after(5))
    moved = make(6)
    Ticket.objects.filter(pk=moved.pk).update(organization=OrganizationFactory())
    stranger = make(7, requester=make_customer())
    before = (source.events.count(), source.messages.count(), Intent.objects.count())
    for into in (source, resolved, merged, moved, stranger):
        with pytest.raises(ValidationError) as refused:
            merge(source, into, 10)
        assert list(refused.value.message_dict) == ["into"], into
    with pytest.raises(ValidationError) as refused:
        merge_ticket(ticket=source, into=target, actor=agent, words=" ")
    assert list(refused.value.message_dict) == ["words"]
    with pytest.raises(ValidationError):
        merge(resolved, target, 10)
    source.refresh_from_db()
    assert source.status == "new"
    assert (source.events.count(), source.messages.count(), Intent.objects.count()) == before


def test_nobody_closes_a_ticket_by_hand(make, agent):
    with pytest.raises(IllegalMove):
        moves.set_status(ticket=make(0), actor=agent, status="closed", now=after(1))


@pytest.mark.parametrize("wrong", [{"merged_into": "itself"}, {"status": "open", "closed_at": None}])
def test_the_database_holds_what_a_merged_ticket_is(wrong, make, merge):
    source, target = make(0), make(1)
    merge(source, target, 2)
    if "merged_into" in wrong:
        wrong = {"merged_into": source}
    else:
        wrong = {**wrong, "resolved_at": None}
    with pytest.raises(IntegrityError, match="ticket_merged"), transaction.atomic():
        Ticket.objects.filter(pk=source.pk).update(**wrong)


# ---- at once --------------------------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("pairs", ["crosswise", "same source", "in a row"])
def test_of_two_merges_at_once_one_wins(pairs):
    team, customer = TeamFactory(), make_customer()
    agent = make_agent(team)
    a, b, c = (make_ticket(team=team, requester=customer) for _each in range(3))
    wanted = {"crosswise": [(a, b), (b, a)], "same source": [(a, b), (a, c)], "in a row": [(a, b), (b, c)]}[pairs]
    outcomes: list[str] = []

    def try_it(source, target) -> None:
        try:
            merge_ticket(ticket=source, into=target, actor=agent, words="Goes on there")
            outcomes.append("merged")
        except Exception as error:  # noqa: BLE001 - its name is told to the main thread
            outcomes.append(type(error).__name__)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=try_it, args=pair) for pair in wanted]
    with transaction.atomic():
        list(Ticket.objects.filter(pk__in=[a.pk, b.pk]).select_for_update())
        for thread in threads:
            thread.start()
        _until_waiting(2)
    for thread in threads:
        thread.join(10)
    merged = Ticket.objects.filter(merged_into__isnull=False)
    if pairs == "in a row":  # whichever comes first, both stand or the second is told; never two hops
        assert "merged" in outcomes and set(outcomes) <= {"merged", "ValidationError"}
    else:
        assert outcomes.count("merged") == 1 and set(outcomes) <= {"merged", "MergedTicket", "ValidationError"}
        assert merged.count() == 1
    assert not merged.filter(merged_into__merged_into__isnull=False).exists()
