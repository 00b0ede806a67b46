"""From alerts to tickets: one for what fires, counted when it is told again, noted when it is over, few in a storm."""

from datetime import UTC, datetime, timedelta

import pytest

from accounts.models import Team
from accounts.tests.factories import TeamFactory, make_agent
from catalog.models import Module, Product
from intake.alerts import retention
from intake.alerts.models import Alert, AlertGrade, AlertPost, AlertStorm
from intake.alerts.signals import instant
from intake.alerts.taking_in import retry, take_in, take_in_due
from intake.tests.monitoring import alert, hear, make_source, message
from outbox import delivery
from outbox.models import Delivery, Intent
from tickets.models import Ticket
from tickets.services.conversation import reply
from tickets.services.merging import merge_ticket
from tickets.services.moves import confirm_solution, resolve_ticket
from tickets.timeline import entries

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 27, 9, 0, tzinfo=UTC)
SOLVED = {"cause": "Full.", "solution": "Emptied.", "verification": "monitoring", "proof": "Seen."}


@pytest.fixture
def source():
    return make_source(now=NOW)


def codes(ticket):
    return list(ticket.events.order_by("id").values_list("code", flat=True))


def later(**units):
    return NOW + timedelta(**units)


def test_one_alert_is_one_incident_ticket_of_the_sources_team(source):
    post = hear(source, message(alert(severity="critical")), now=NOW)
    ticket = Ticket.objects.get()
    assert post.outcome["made"] == [ticket.number]
    assert (ticket.channel, ticket.team, ticket.requester) == ("alert", source.team, source.person)
    assert ticket.subject == "DiskFull on db-1"
    assert ticket.severity == "S"  # critical: business, blocked
    assert ticket.began_at == datetime(2026, 11, 27, 8, 0, tzinfo=UTC)
    assert "Look at it." in ticket.messages.get().body
    assert ticket.clocks.exists()
    row = Alert.objects.get()
    assert (row.ticket, row.state, row.count) == (ticket, "firing", 1)
    assert any(reason["code"] == "routing.door" for reason in ticket.routing)


def test_nobody_can_sign_in_as_a_source_and_no_mail_goes_to_it(source):
    hear(source, message(alert()), now=NOW)
    assert not source.person.is_active
    assert not source.person.has_usable_password()
    make_agent(source.team)
    delivery.run(read_clock=lambda: NOW)
    assert not Delivery.objects.filter(user=source.person).exists()


def test_what_is_told_again_is_counted_and_nobody_is_messaged(source):
    hear(source, message(alert()), now=NOW)
    ticket, before = Ticket.objects.get(), Intent.objects.count()
    for turn in range(1, 6):
        post = hear(source, message(alert()), now=later(minutes=5 * turn))
    assert post.outcome["repeated"] == 1
    assert Ticket.objects.count() == 1
    assert Alert.objects.get().count == 6
    assert ticket.messages.count() == 1
    assert Intent.objects.count() == before
    assert not [code for code in codes(ticket) if code.startswith("ticket.alert.")]


def test_what_is_over_is_noted_and_closes_nothing(source):
    hear(source, message(alert()), now=NOW)
    hear(source, message(alert(status="resolved")), now=later(minutes=9))
    ticket = Ticket.objects.get()
    assert ticket.is_unresolved
    assert codes(ticket)[-1] == "ticket.alert.over"
    assert Alert.objects.get().state == "resolved"
    line = entries(ticket.events.order_by("id"))[-1]
    assert "Monitor alertmanager" in line.text
    assert line.detail
    hear(source, message(alert(status="resolved")), now=later(minutes=10))  # told twice
    assert codes(ticket).count("ticket.alert.over") == 1


def test_a_source_may_resolve_by_itself_once_all_is_over_and_no_promise_counts_as_kept(source):
    source.resolves = True
    source.save()
    source.storm_above = 1
    source.save()
    hear(source, message(alert("A"), alert("B"), alert("C")), now=NOW)  # A alone, B and C in a storm
    storm = AlertStorm.objects.get().ticket
    hear(source, message(alert("B", status="resolved")), now=later(minutes=5))
    storm.refresh_from_db()
    assert storm.is_unresolved
    hear(source, message(alert("C", status="resolved")), now=later(minutes=6))
    storm.refresh_from_db()
    assert storm.status == "resolved"
    resolution = storm.resolutions.get()
    assert (resolution.verification, resolution.resolved_by) == ("monitoring", source.person)
    assert storm.first_response_at is None
    assert not storm.clocks.filter(state="met").exists()


def test_a_person_who_worked_on_it_finds_it_resolved_not_closed(source):
    source.resolves = True
    source.save()
    agent = make_agent(source.team)
    hear(source, message(alert()), now=NOW)
    ticket = Ticket.objects.get()
    resolve_ticket(ticket=ticket, actor=agent, now=later(minutes=3), **SOLVED)
    hear(source, message(alert(status="resolved")), now=later(minutes=9))
    assert ticket.resolutions.get().resolved_by == agent


def test_it_fires_again_while_the_ticket_is_open(source):
    hear(source, message(alert()), now=NOW)
    hear(source, message(alert(status="resolved")), now=later(minutes=9))
    hear(source, message(alert(starts="2026-11-27T09:30:00Z")), now=later(minutes=31))
    ticket = Ticket.objects.get()
    assert ticket.messages.count() == 1
    assert codes(ticket)[-1] == "ticket.alert.again"


def test_it_fires_again_after_the_solution_and_opens_the_ticket_again(source):
    agent = make_agent(source.team)
    hear(source, message(alert()), now=NOW)
    ticket = Ticket.objects.get()
    hear(source, message(alert(status="resolved")), now=later(minutes=9))
    resolve_ticket(ticket=ticket, actor=agent, now=later(minutes=20), **SOLVED)
    hear(source, message(alert()), now=later(minutes=25))  # an old message that comes late opens nothing
    ticket.refresh_from_db()
    assert ticket.status == "resolved"
    hear(source, message(alert(starts="2026-11-27T09:30:00Z")), now=later(minutes=31))
    ticket.refresh_from_db()
    assert (ticket.status, ticket.cycle) == ("open", 2)
    assert "fires again" in ticket.messages.latest("pk").body


def test_long_after_closing_a_new_ticket_is_linked_to_the_old_one(source):
    agent = make_agent(source.team)
    hear(source, message(alert()), now=NOW)
    ticket = Ticket.objects.get()
    hear(source, message(alert(status="resolved")), now=later(minutes=9))
    resolve_ticket(ticket=ticket, actor=agent, now=later(minutes=20), **SOLVED)
    confirm_solution(ticket=ticket, actor=None, now=later(minutes=30))
    hear(source, message(alert(starts="2026-12-20T09:30:00Z")), now=later(days=24))
    new = Ticket.objects.exclude(pk=ticket.pk).get()
    assert new.follow_up_of == ticket
    assert Alert.objects.get().ticket == new


def test_a_repeat_does_not_undo_what_a_person_resolved(source):
    """Who resolved saw that it still fires; only a new occurrence opens the ticket again."""
    agent = make_agent(source.team)
    hear(source, message(alert()), now=NOW)
    ticket = Ticket.objects.get()
    resolve_ticket(ticket=ticket, actor=agent, now=later(minutes=3), **SOLVED)
    hear(source, message(alert()), now=later(minutes=5))
    ticket.refresh_from_db()
    assert ticket.status == "resolved"
    assert Alert.objects.get().count == 2


def test_order_does_not_matter(source):
    """The end overtakes the beginning: nothing is opened for what was over before it was heard."""
    hear(source, message(alert(status="resolved")), now=NOW)
    post = hear(source, message(alert()), now=later(seconds=2))
    assert post.outcome["late"] == 1
    assert not Ticket.objects.exists()
    hear(source, message(alert(starts="2026-11-27T09:30:00Z")), now=later(minutes=31))
    assert Ticket.objects.count() == 1
    hear(source, message(alert(status="resolved")), now=later(minutes=32))  # the end of the first occurrence
    assert Alert.objects.get().state == "firing"


def test_a_message_that_begins_and_ends_makes_nothing(source):
    hear(source, message(alert(), alert(status="resolved")), now=NOW)
    assert not Ticket.objects.exists()


def test_after_a_merge_it_goes_on_in_the_other_ticket(source):
    agent = make_agent(source.team)
    hear(source, message(alert("A")), now=NOW)
    hear(source, message(alert("B"), group="h"), now=NOW)
    first, second = Ticket.objects.order_by("id")
    merge_ticket(ticket=second, into=first, actor=agent, words="One fault.", now=later(minutes=1))
    hear(source, message(alert("B", status="resolved"), group="h"), now=later(minutes=9))
    hear(source, message(alert("B", starts="2026-11-27T09:30:00Z"), group="h"), now=later(minutes=31))
    assert Alert.objects.get(name="B on db-1").ticket == first
    assert codes(first)[-1] == "ticket.alert.again"


# --- Storms ----------------------------------------------------------------------------------------------------------


def test_a_thousand_alerts_make_few_tickets_and_all_are_listed(source, client, django_assert_max_num_queries):
    alerts = [alert(f"A{number}", instance=f"host-{number}") for number in range(1000)]
    with django_assert_max_num_queries(700):
        post = hear(source, message(*alerts), now=NOW)
    assert post.state == "done"
    assert Ticket.objects.count() == source.storm_above + 1
    storm = AlertStorm.objects.get()
    assert Alert.objects.filter(ticket=storm.ticket).count() == 995
    assert Alert.objects.filter(ticket=None).count() == 0
    assert storm.ticket.events.filter(code="ticket.alert.joined").get().data["count"] == 995
    client.force_login(make_agent(source.team))
    fragment = client.get(f"/desk/tickets/{storm.ticket.number}/alerts/", HTTP_HX_REQUEST="true").content.decode()
    assert "995" in fragment
    page = client.get(f"/desk/tickets/{storm.ticket.number}/alerts/").content.decode()
    assert page.count("<li>") >= 995


@pytest.mark.parametrize("many", [100, pytest.param(1000, marks=pytest.mark.proof)])
def test_each_in_a_message_and_a_group_of_its_own_they_make_few_tickets_and_few_lines(source, many):
    for number in range(many):
        one = alert(f"A{number}")
        hear(source, message(one, group=one["fingerprint"]), now=NOW)
    assert Alert.objects.count() == many
    assert Ticket.objects.count() == 4 * source.storm_above + 1
    storm = AlertStorm.objects.get().ticket
    assert codes(storm).count("ticket.alert.joined") <= 11
    for row in list(Alert.objects.filter(ticket=storm)):
        hear(source, message(alert(row.labels["alertname"], status="resolved")), now=later(minutes=1))
    assert codes(storm).count("ticket.alert.over") <= 11
    assert storm.events.filter(code="ticket.alert.over").latest("pk").data["left"] == 0


def test_what_flaps_fills_no_history(source):
    for minute in range(0, 20, 2):
        starts = (NOW + timedelta(minutes=minute)).isoformat()
        hear(source, message(alert(starts=starts)), now=later(minutes=minute))
        hear(source, message(alert(starts=starts, status="resolved")), now=later(minutes=minute + 1))
    ticket = Ticket.objects.get()
    assert Alert.objects.get().count == 10
    assert len([code for code in codes(ticket) if code.startswith("ticket.alert.")]) <= 5


def test_a_storm_ends_when_it_was_quiet_and_an_ended_one_is_not_joined(source):
    hear(source, message(*[alert(f"A{n}") for n in range(7)]), now=NOW)
    assert Ticket.objects.count() == 6
    hear(source, message(alert("late")), now=later(minutes=9))
    assert Ticket.objects.count() == 6
    hear(source, message(alert("after")), now=later(minutes=20))
    assert Ticket.objects.count() == 7
    assert Alert.objects.get(name="after on db-1").opened_at is not None


def test_a_storm_is_as_grave_as_its_gravest_alert(source):
    hear(source, message(*[alert(f"A{n}", severity="info") for n in range(7)]), now=NOW)
    storm = AlertStorm.objects.get().ticket
    assert storm.severity == "B"
    hear(source, message(alert("bad", severity="critical")), now=later(minutes=1))
    storm.refresh_from_db()
    assert storm.severity == "S"
    assert "ticket.regraded" in codes(storm)


# --- Formats ---------------------------------------------------------------------------------------------------------


def test_grafana_says_the_same_with_more_around_it():
    source = make_source("grafana", now=NOW)
    payload = {
        **message(alert(panelURL="https://grafana.example.com/d/1?viewPanel=2", values={"B": 96})),
        "version": "1",
        "orgId": 1,
        "title": "[FIRING:1]",
        "state": "alerting",
        "message": "**Firing**",
    }
    hear(source, payload, now=NOW)
    assert Alert.objects.get().url == "https://grafana.example.com/d/1?viewPanel=2"
    assert Ticket.objects.get().severity == "A" or Ticket.objects.get().severity == "B"


def test_zabbix_by_the_script_of_the_docs():
    source = make_source("zabbix", now=NOW)
    problem = {
        "event_id": "48211", "event_value": "1", "event_name": "High CPU", "event_severity": "Disaster",
        "host": "app-2", "trigger_id": "17711", "event_time": "2026-11-27T16:00:00+08:00", "message": "Load 14",
    }  # fmt: skip
    hear(source, problem, now=NOW)
    ticket = Ticket.objects.get()
    assert ticket.severity == "S"
    assert ticket.subject == "High CPU · app-2"
    hear(source, {**problem, "event_update_status": "1"}, now=later(minutes=1))  # somebody commented in Zabbix
    hear(source, {**problem, "event_value": "0"}, now=later(minutes=5))
    assert codes(ticket)[-1] == "ticket.alert.over"
    hear(source, problem, now=later(minutes=6))  # the first one once more, late
    assert Alert.objects.get().state == "resolved"
    hear(source, {**problem, "event_id": "48500"}, now=later(minutes=9))
    assert Alert.objects.get().state == "firing"
    assert Ticket.objects.count() == 1


def test_a_drawn_mapping_reads_anything():
    module = Module.objects.create(product=Product.objects.create(code="line", name="Line"), code="plc", name="PLC")
    mapping = {
        "items": "data.events", "subject": "{host.name}: {text}", "description": "details[0].line", "fingerprint": "id",
        "state": "status", "resolved": "CLEARED", "severity": "prio", "module": "part",
        "url": "href",
    }  # fmt: skip
    source = make_source("generic", now=NOW, mapping=mapping)
    AlertGrade.objects.create(source=source, word="P1", impact="business", urgency="blocked")
    row = {
        "id": 77, "host": {"name": "plc-7"}, "text": "Line 3 stopped", "details": [{"line": "Motor."}], "prio": "p1",
        "status": "RAISED", "part": module.code, "t": 1795766400, "href": "javascript:alert(1)",
    }  # fmt: skip
    hear(source, {"data": {"events": [row, {**row, "id": 78, "host": None}]}}, now=NOW)
    ticket = Ticket.objects.order_by("id").first()
    assert ticket.subject == "plc-7: Line 3 stopped"
    assert (ticket.severity, ticket.module) == ("S", module)
    assert "Motor." in ticket.messages.get().body
    assert Alert.objects.get(fingerprint="77").url == ""
    assert Alert.objects.count() == 2
    hear(source, {"data": {"events": [{**row, "status": "cleared"}]}}, now=later(minutes=3))
    assert Alert.objects.get(fingerprint="77").state == "resolved"
    hear(source, {"data": {"events": [row]}}, now=later(minutes=5))  # no occurrence is told apart: the state decides
    assert Alert.objects.get(fingerprint="77").state == "firing"


HOSTILE = [
    "", "x", "[]", "null", "NaN", '{"alerts": NaN}', "[" * 100_000, '{"alerts": 1}', '{"alerts": [1]}', "{}",
    '{"alerts": [{"status": "maybe"}]}', '{"alerts":[{"status":"firing","labels":"x","annotations":[]', "9" * 5000,
]  # fmt: skip


@pytest.mark.parametrize("body", HOSTILE)
def test_what_is_not_understood_is_kept_with_its_reason_and_can_be_tried_again(source, body):
    post = hear(source, body, now=NOW)
    assert post.state == "failed"
    assert post.error
    assert not Ticket.objects.exists()
    assert retry(post_id=post.pk, now=NOW)
    assert not retry(post_id=post.pk, now=NOW)


def test_hostile_values_make_a_plain_ticket(source):
    bad = alert(fingerprint="f" * 5000, generatorURL="javascript:alert(1)")
    bad["labels"] = {"alertname": "x\u0000\ud800<script>" + "y" * 3000, "severity": "z" * 500} | {
        f"l{number}": "v" * 10_000 for number in range(500)
    }
    bad["annotations"] = {"summary": "a\nb\r\n" * 500, "description": "d" * 100_000}
    bad["startsAt"] = "9999-99-99T00:00:00Z"
    assert hear(source, message(bad), now=NOW).state == "done"
    ticket = Ticket.objects.get()
    assert len(ticket.subject) <= 200
    assert "\n" not in ticket.subject
    assert ticket.began_at is None


@pytest.mark.parametrize(
    "when", ["9999-12-31T23:59:59Z", "9999-12-31T23:59:59-12:00", 253402300799, "0001-01-01T00:00:00Z"]
)
def test_an_instant_that_no_calendar_shows_is_none(when):
    assert instant(when) is None
    assert instant("2026-11-27T08:00:00Z").year == 2026


def test_one_bad_message_holds_up_no_other(source):
    AlertPost.objects.create(source=source, body="x", received_at=NOW, next_attempt_at=NOW)
    hear(source, message(alert()), now=NOW)
    assert Ticket.objects.count() == 1


def test_a_message_is_taken_in_once(source):
    post = hear(source, message(alert()), now=NOW)
    take_in(post=post, now=NOW)
    assert Alert.objects.get().count == 1


def test_a_fault_of_ours_is_tried_again_and_then_given_up_visibly(source, monkeypatch):
    def broken(*_args, **_kwargs):
        raise RuntimeError("ours")

    monkeypatch.setattr("intake.alerts.taking_in.read", broken)
    post = hear(source, message(alert()), now=NOW)
    assert (post.state, post.attempts) == ("pending", 1)
    at = NOW
    for _attempt in range(8):
        at = max(at + timedelta(seconds=1), AlertPost.objects.get().next_attempt_at)
        take_in_due(now=at)
    post.refresh_from_db()
    assert (post.state, post.attempts) == ("failed", 6)
    assert "ours" in post.error


def test_what_is_old_is_forgotten_within_bounds(source, monkeypatch):
    hear(source, message(alert()), now=NOW)
    bad = hear(source, "x", now=NOW)
    waiting = AlertPost.objects.create(source=source, body="{}", received_at=NOW, next_attempt_at=later(days=90))
    assert retention.prune(now=later(days=6)) == {"posts": 0, "alerts": 0, "storms": 0}
    assert retention.prune(now=later(days=8))["posts"] == 1
    assert set(AlertPost.objects.values_list("pk", flat=True)) == {bad.pk, waiting.pk}
    assert retention.prune(now=later(days=31))["posts"] == 1
    assert Alert.objects.count() == 1  # it fires
    monkeypatch.setattr(retention, "MOST_POSTS", 3)
    for _number in range(6):
        hear(source, message(alert()), now=later(days=32))
    retention.prune(now=later(days=32))
    assert AlertPost.objects.filter(state="done").count() == 3
    assert AlertPost.objects.filter(pk=waiting.pk).exists()


def test_a_team_that_is_gone_leaves_the_way_to_the_rules(source):
    fallback = TeamFactory(is_fallback=True) if not Team.objects.filter(is_fallback=True).exists() else None
    source.team.delete()
    source.refresh_from_db()
    hear(source, message(alert()), now=NOW)
    assert Ticket.objects.get().team == (fallback or Team.objects.get(is_fallback=True))


def test_an_agent_answers_and_the_clock_is_met(source):
    agent = make_agent(source.team)
    hear(source, message(alert()), now=NOW)
    ticket = Ticket.objects.get()
    reply(ticket=ticket, actor=agent, body="I look.", now=later(minutes=2))
    assert ticket.clocks.filter(metric="first_response", state="met").exists()
