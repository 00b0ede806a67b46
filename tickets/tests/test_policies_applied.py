"""Applying changed policies to running clocks: what was foretold happens, once, whatever dies in between."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import translation

from accounts.tests.factories import TeamFactory, make_administrator, make_agent, make_lead
from helpdesk.audit import changes_page
from outbox import clock as database_clock
from sla.models import Calendar, Clock, Policy, Target
from sla.policies import policy_digest
from tickets.models import Escalation, PolicyRun, Ticket, TicketEvent
from tickets.selectors.policies import outlooks, preview
from tickets.services import conversation, escalation, moves, policies
from tickets.tests.factories import MONDAY, make_ticket
from tickets.tests.test_queue_page import live_parts, signed_in
from tickets.timeline import entries

pytestmark = pytest.mark.django_db
MINUTE = timedelta(minutes=1)
PAGE = "/desk/setup/policies/"


@pytest.fixture
def team():
    team = TeamFactory()
    make_lead(team)
    return team


@pytest.fixture
def agent(team):
    return make_agent(team)


@pytest.fixture
def boss():
    return make_administrator(name="Ada")


@pytest.fixture
def at(monkeypatch):
    """Set the database's clock as every process reads it."""

    def move(instant):
        monkeypatch.setattr(database_clock, "now", lambda: instant)

    move(MONDAY)
    return move


def set_target(severity, metric, **values):
    assert Target.objects.filter(policy__severity=severity, metric=metric).update(**values)


def apply(boss, **options):
    return policies.apply_policies(actor=boss, digest=policy_digest(), **options)


def open_dues(ticket) -> dict:
    return dict(Clock.objects.filter(ticket=ticket, state__in=["running", "paused"]).values_list("metric", "due_at"))


@pytest.fixture
def many(team, agent, at):
    """Tickets of every grade in every condition that a clock can be in, two hours after they began."""
    rows = [make_ticket(team=team, severity=severity) for severity in "SSSAAABBB"]
    for number, ticket in enumerate(rows):
        if number % 3 == 1:  # answered, then waiting for the customer
            conversation.reply(
                ticket=ticket, actor=agent, body="Which one?", status="pending", now=MONDAY + 20 * MINUTE
            )
        elif number % 3 == 2:  # paused and resumed once
            conversation.reply(ticket=ticket, actor=agent, body="Which one?", status="pending", now=MONDAY + 5 * MINUTE)
            said = {"author": ticket.requester, "body": "This one", "now": MONDAY + 50 * MINUTE}
            conversation.customer_message(ticket=ticket, **said)
    at(MONDAY + 121 * MINUTE)
    escalation.sweep()
    return rows


def shake_the_policies():
    set_target("S", "workaround", amount=Decimal(360))
    set_target("S", "progress_update", calendar=Calendar.objects.first())
    set_target("A", "first_response", amount=Decimal(90))
    Target.objects.filter(policy__severity="A", metric="solution_path").delete()
    set_target("B", "progress_report", amount=Decimal(2))
    Target.objects.filter(policy__severity="B", metric="progress_update").update(warn_share=Decimal("0.5"))


def test_what_was_foretold_happens_and_nothing_else(many, boss, at):
    shake_the_policies()
    now = database_clock.now()
    foretold = {row.ticket.pk: row.steps for row in outlooks(now=now)}
    figures = preview(now=now)
    untouched = {ticket.pk: open_dues(ticket) for ticket in many if ticket.pk not in foretold}
    closed = list(Clock.objects.exclude(state__in=["running", "paused"]).order_by("pk").values())
    wanted = {}
    for pk, steps in foretold.items():
        dues = open_dues(pk)
        for step in steps:
            dues.pop(step.old.metric, None) if step.old else None
            if step.new and not step.is_overdue(now):
                dues[step.new.metric] = step.new.due_at
        wanted[pk] = dues

    run = apply(boss)

    assert (run.state, run.failed, run.actor) == ("done", 0, boss)
    assert (run.tickets, run.clocks, run.overdue) == (figures.tickets, figures.clocks, figures.overdue)
    assert figures.clocks == sum(len(steps) for steps in foretold.values()) == sum(g.clocks for g in figures.groups)
    assert figures.clocks > 8
    for pk, dues in wanted.items():
        found = open_dues(pk)
        assert dues.items() <= found.items()
    for pk, dues in untouched.items():
        assert open_dues(pk) == dues
    assert list(Clock.objects.filter(pk__in=[row["id"] for row in closed]).order_by("pk").values()) == closed
    assert preview(now=now).tickets == 0
    assert set(TicketEvent.objects.filter(code="ticket.policies_applied").values_list("ticket", flat=True)) == {
        *foretold
    }


def test_a_tighter_promise_that_is_used_up_is_breached_and_escalated_at_once(team, agent, boss, at):
    ticket = make_ticket(team=team, severity="A")
    set_target("A", "first_response", amount=Decimal(30))
    at(MONDAY + 45 * MINUTE)
    with translation.override("en"):
        foretold = preview(now=database_clock.now())
    assert (foretold.clocks, foretold.overdue) == (1, 1)
    assert [(g.source.time, g.target.time, g.sooner, g.overdue) for g in foretold.groups] == [
        ("2 hours", "30 minutes", 1, 1)
    ]
    run = apply(boss)
    assert (run.tickets, run.clocks, run.overdue) == (1, 1, 1)
    row = Escalation.objects.get(ticket=ticket)
    assert (row.metric, row.created_at) == ("first_response", MONDAY + 45 * MINUTE)
    old, new = ticket.clocks.filter(metric="first_response").order_by("revision")
    assert (old.state, old.breached_at, new.breached_at) == ("superseded", None, MONDAY + 45 * MINUTE)
    event = ticket.events.get(code="ticket.policies_applied")
    assert event.actor == boss
    with translation.override("en"):
        line = entries([event])[0]
    assert (line.text, line.detail) == ("Ada: applied the present policies", "first response: 2 hours → 30 minutes")


def test_a_looser_promise_gives_more_time_but_undoes_no_miss(team, agent, boss, at):
    late, early = make_ticket(team=team, severity="S"), make_ticket(team=team, severity="S", now=MONDAY + 20 * MINUTE)
    at(MONDAY + 31 * MINUTE)
    escalation.sweep()
    set_target("S", "first_response", amount=Decimal(60))
    apply(boss)
    missed, running = (ticket.clocks.get(metric="first_response", state="running") for ticket in (late, early))
    assert (missed.due_at, missed.breached_at) == (MONDAY + 60 * MINUTE, MONDAY + 31 * MINUTE)
    assert (running.due_at, running.breached_at) == (MONDAY + 80 * MINUTE, None)
    at(MONDAY + 61 * MINUTE)
    escalation.sweep()
    assert Escalation.objects.filter(ticket=late, metric="first_response").count() == 1


def test_a_paused_clock_keeps_what_is_left_of_the_new_target(team, agent, boss, at):
    ticket = make_ticket(team=team, severity="A")
    conversation.reply(ticket=ticket, actor=agent, body="Which?", status="pending", now=MONDAY + 60 * MINUTE)
    set_target("A", "solution_path", amount=Decimal(120))
    at(MONDAY + 500 * MINUTE)
    assert preview(now=database_clock.now()).overdue == 0
    apply(boss)
    clock = ticket.clocks.get(metric="solution_path", state="paused")
    said = {"author": ticket.requester, "body": "This", "now": MONDAY + 600 * MINUTE}
    conversation.customer_message(ticket=ticket, **said)
    clock.refresh_from_db()
    assert (clock.state, clock.due_at) == ("running", MONDAY + 660 * MINUTE)


def test_another_policy_that_fits_first_wins(team, agent, boss, at):
    ticket = make_ticket(team=team, severity="B")
    quick = Policy.objects.create(name="For this team", position=1, team=team)
    Target.objects.create(policy=quick, metric="first_response", amount=10)
    with translation.override("en"):
        foretold = preview(now=MONDAY + MINUTE)
    assert sorted((g.metric, g.target and g.target.note) for g in foretold.groups) == [
        ("first response", "For this team"),
        ("progress report", None),
        ("progress update", None),
    ]
    apply(boss, now=MONDAY + MINUTE)
    assert open_dues(ticket) == {"first_response": MONDAY + 10 * MINUTE}


def test_who_may_not_configure_and_what_was_not_seen_changes_nothing(team, agent, boss, at):
    make_ticket(team=team, severity="S")
    seen = policy_digest()
    set_target("S", "workaround", amount=Decimal(30))
    with pytest.raises(PermissionDenied):
        policies.apply_policies(actor=make_lead(team), digest=policy_digest())
    with pytest.raises(ValidationError) as refused:
        policies.apply_policies(actor=boss, digest=seen)
    assert refused.value.code == "stale"
    assert not PolicyRun.objects.exists()
    apply(boss)
    with pytest.raises(ValidationError) as refused:
        apply(boss)
    assert refused.value.code == "nothing"


def test_one_order_is_one_line_of_the_audit(client, team, agent, boss, at):
    make_ticket(team=team, severity="S")
    set_target("S", "workaround", amount=Decimal(30))
    client.force_login(boss)
    assert client.post(PAGE, {"digest": policy_digest()}).status_code == 302
    with translation.override("en"):
        lines = [row for row in changes_page(size=100)[0] if row.table == str(PolicyRun._meta.verbose_name)]
    assert [(line.kind, line.who) for line in lines] == [("insert", boss)]
    assert ("tickets", "", "1") in lines[0].fields
    assert ("clocks", "", "1") in lines[0].fields
    assert not any(name in ("digest", "after", "state") for name, _old, _new in lines[0].fields)


@pytest.fixture
def order(many, boss, monkeypatch):
    """An order that is left to a worker."""
    rung = []
    monkeypatch.setattr(policies, "AT_ONCE", 0)
    monkeypatch.setattr(policies, "_ring", lambda: rung.append(1))
    shake_the_policies()
    run = apply(boss)
    assert (run.state, run.tickets) == ("running", 0)
    run.rung = rung
    return run


def test_many_tickets_are_a_workers_and_go_on_ring_by_ring(order, boss, django_capture_on_commit_callbacks):
    with pytest.raises(ValidationError) as refused:
        apply(boss)
    assert refused.value.code == "running"
    rings = 0
    while order.state == "running":
        policies.continue_run(limit=2)
        order.refresh_from_db()
        rings += 1
    assert rings == order.planned_tickets // 2 + 1
    assert (order.state, order.tickets, order.clocks) == ("done", order.planned_tickets, order.planned_clocks)
    policies.continue_run()  # a late ring finds nothing
    changed = TicketEvent.objects.filter(code="ticket.policies_applied")
    assert changed.count() == changed.values("ticket").distinct().count() == order.planned_tickets


def test_a_worker_that_dies_leaves_whole_tickets_and_another_goes_on(order, at, monkeypatch):
    class Killed(BaseException):
        pass

    done = []

    def dies(**arguments):
        done.append(arguments)
        if len(done) == 3:
            raise Killed
        return real(**arguments)

    real = policies.record
    monkeypatch.setattr(policies, "record", dies)
    with pytest.raises(Killed):
        policies.continue_run()
    order.refresh_from_db()
    assert (order.state, order.tickets) == ("running", 2)
    assert TicketEvent.objects.filter(code="ticket.policies_applied").count() == 2
    monkeypatch.setattr(policies, "record", real)
    policies.continue_run()  # somebody seems to be at it
    order.refresh_from_db()
    assert order.tickets == 2
    at(database_clock.now() + policies.ABANDONED + MINUTE)
    policies.continue_run()
    order.refresh_from_db()
    assert (order.state, order.failed) == ("done", 0)
    assert order.tickets == TicketEvent.objects.filter(code="ticket.policies_applied").count()
    assert preview(now=database_clock.now()).tickets == 0


def test_policies_that_change_meanwhile_stop_the_order(order):
    policies.continue_run(limit=2)
    set_target("S", "workaround", amount=Decimal(361))
    policies.continue_run()
    order.refresh_from_db()
    assert (order.state, order.tickets) == ("stopped", 2)
    assert preview(now=database_clock.now()).tickets > 0


def test_a_ticket_that_refuses_keeps_no_other_from_its_promise(order, monkeypatch):
    unlucky = next(outlooks(now=database_clock.now())).ticket.pk
    real = policies.regrade_clocks

    def refuses(*, facts, now):
        if facts.ticket_id == unlucky:
            raise RuntimeError("no")
        return real(facts=facts, now=now)

    monkeypatch.setattr(policies, "regrade_clocks", refuses)
    policies.continue_run()
    order.refresh_from_db()
    assert (order.state, order.failed, order.tickets) == ("done", 1, order.planned_tickets - 1)
    assert order.problem == f"{unlucky}: no"


def test_a_ticket_solved_in_between_is_left_alone(order, agent):
    row = next(outlooks(now=database_clock.now())).ticket
    found = {"cause": "c", "solution": "s", "verification": "customer"}
    moves.resolve_ticket(ticket=row, actor=agent, **found)
    revision = Ticket.objects.get(pk=row.pk).revision
    policies._deal_with(order, row.pk)
    assert Ticket.objects.get(pk=row.pk).revision == revision
    assert not row.events.filter(code="ticket.policies_applied").exists()


def test_the_preview_asks_no_more_for_many_than_for_few(team, agent, boss, at):
    asked = []
    shake_the_policies()
    for count in (2, 10):
        for number in range(count):
            ticket = make_ticket(team=team, severity="SAB"[number % 3])
            conversation.reply(ticket=ticket, actor=agent, body="Which?", status="pending", now=MONDAY + MINUTE)
        Target.objects.filter(metric="progress_update").update(amount=Decimal(100 + count))
        preview(now=MONDAY + 2 * MINUTE)
        with CaptureQueriesContext(connection) as queries:
            foretold = preview(now=MONDAY + 2 * MINUTE)
        asked.append(len(queries))
    assert foretold.tickets >= 8
    assert asked[0] == asked[1] <= 12


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_the_page_shows_order_preview_and_result(language, many, boss):
    client = signed_in(boss)
    client.cookies["django_language"] = language
    quiet = client.get(PAGE)
    assert quiet.context["preview"].tickets == 0
    assert 'name="digest"' not in quiet.content.decode()
    shake_the_policies()
    Ticket.objects.filter(pk=many[0].pk).update(subject="<script>alert(1)</script>")
    page = client.get(PAGE)
    html = page.content.decode()
    assert page["Content-Language"] == language
    assert live_parts(html) == []
    for row in page.context["preview"].rows:
        assert f"/desk/tickets/{row[0].number}/" in html
    assert [row["row"].position for row in page.context["policies"]] == sorted(
        row["row"].position for row in page.context["policies"]
    )
    done = client.post(PAGE, {"digest": page.context["preview"].digest}, follow=True)
    assert done.redirect_chain
    assert done.context["preview"].tickets == 0
    assert 'id="policy-runs"' in done.content.decode()


def test_the_page_refuses_what_was_not_previewed_and_says_so(many, boss):
    client = signed_in(boss)
    shake_the_policies()
    page = client.post(PAGE, {"digest": "x\x00"})
    assert page.status_code == 422
    assert "The policies changed since this preview was made." in page.content.decode()
    assert page.context["preview"].tickets > 0


def test_the_page_says_when_nothing_can_be_reckoned(many, boss):
    client = signed_in(boss)
    office = Calendar.objects.create(code="never", name="never")
    office.snapshots.create(number=1, definition={"zone": "UTC", "weekly": {}, "days": {}}, created_at=MONDAY)
    set_target("S", "progress_update", calendar=office)
    page = client.get(PAGE)
    assert page.context["preview"].problems
    assert 'name="digest"' not in page.content.decode()
    refused = client.post(PAGE, {"digest": policy_digest()})
    assert refused.status_code == 422
    assert not PolicyRun.objects.exists()


def test_the_page_follows_an_order_and_looks_again_when_it_is_done(order, boss):
    client = signed_in(boss)
    html = client.get(PAGE).content.decode()
    assert 'hx-trigger="every 3s"' in html
    assert 'name="digest"' not in html
    fragment = client.get(PAGE, headers={"HX-Request": "true"})
    assert fragment.content.decode().startswith('<section id="policy-runs"')
    policies.continue_run()
    assert client.get(PAGE, headers={"HX-Request": "true"})["HX-Refresh"] == "true"


def test_without_any_policy_the_page_says_what_to_do(boss, at):
    Policy.objects.all().delete()
    assert "/admin/sla/policy/add/" in signed_in(boss).get(PAGE).content.decode()
