"""The escalation queue: who gets in, whose tickets stand there, what each act does, how it lives without a reload."""

import re
from datetime import timedelta

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.conf import settings
from django.urls import reverse
from playwright.sync_api import expect

from accounts.models import Absence
from accounts.tests.factories import (
    TeamFactory,
    make_administrator,
    make_agent,
    make_customer,
    make_lead,
    make_manager,
)
from outbox import clock
from outbox.resolving import resolve_due
from outbox.services import heard
from sla.engine import HEART
from sla.models import Clock
from tickets.models import Message, Ticket
from tickets.services import escalation, grades
from tickets.services.lead import acknowledge
from tickets.tests.factories import make_ticket

pytestmark = pytest.mark.django_db
PAGE = "/desk/escalations/"
MINUTE = timedelta(minutes=1)
SECOND = timedelta(seconds=1)
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


@pytest.fixture
def team():
    return TeamFactory()


@pytest.fixture
def agent(team):
    return make_agent(team, name="Wang Wei")


@pytest.fixture
def lead(team, agent):
    return make_lead(team, name="Li Na")


@pytest.fixture
def signed_in(client, lead):
    client.force_login(lead)
    return client


@pytest.fixture
def late(team, agent):
    """An S ticket whose first response was due ten minutes ago, as the sweep recorded it."""
    ticket = make_ticket(team=team, severity="S", subject="Orders cannot be saved", now=clock.now() - 40 * MINUTE)
    escalation.sweep()
    ticket.refresh_from_db()
    return ticket


def address(ticket, action) -> str:
    return reverse("workspace:escalation_act", args=[ticket.number, action])


def live(client, **parameters):
    """What htmx fetches while the page is open."""
    return client.get(PAGE, parameters, headers={"HX-Request": "true"})


def test_anonymous_people_are_sent_to_sign_in(client):
    answer = client.get(PAGE)
    assert answer.status_code == 302
    assert "/accounts/login/" in answer.url


@pytest.mark.parametrize("make", [make_agent, lambda team: make_customer()])
def test_for_others_there_is_no_such_page(client, team, late, make):
    client.force_login(make(team))
    assert client.get(PAGE).status_code == 404
    assert client.post(address(late, "acknowledge")).status_code == 404
    assert client.post(reverse("workspace:escalations_acknowledge"), {"tickets": late.number}).status_code == 404
    late.refresh_from_db()
    assert late.breached_at is not None


@pytest.mark.parametrize("make", [make_manager, make_administrator])
def test_managers_and_administrators_see_every_team(client, late, make):
    client.force_login(make())
    assert late.number in client.get(PAGE).text


def test_a_manager_acknowledges_but_does_not_work_on_tickets(client, late):
    client.force_login(make_manager())
    text = client.get(PAGE).text
    assert address(late, "acknowledge") in text
    assert address(late, "take-over") not in text
    assert client.post(address(late, "take-over")).status_code == 404
    assert client.post(address(late, "reassign"), {"to": "u1"}).status_code == 404


def test_the_lead_of_another_team_sees_and_does_nothing(client, late):
    client.force_login(make_lead(TeamFactory()))
    assert late.number not in client.get(PAGE).text
    for action in ("acknowledge", "take-over", "reassign", "call-in", "comment"):
        assert client.post(address(late, action)).status_code == 404
    client.post(reverse("workspace:escalations_acknowledge"), {"tickets": late.number})
    late.refresh_from_db()
    assert late.breached_at is not None


def test_a_team_out_of_reach_cannot_be_chosen(signed_in):
    assert signed_in.get(PAGE, {"team": TeamFactory().pk}).status_code == 404
    assert signed_in.get(PAGE, {"team": "x"}).status_code == 404


def test_the_row_says_what_was_missed_who_has_it_and_who_hears_next(signed_in, late):
    resolve_due(now=clock.now())
    text = signed_in.get(PAGE).text
    row = text[text.index(f'id="escalation-{late.number}"') :]
    assert "Orders cannot be saved" in row
    assert "First response" in row
    assert "level 1" in row
    assert "Wang Wei" in row
    assert "Li Na (1)" in row
    assert "Next: deputy lead" in row
    assert "<title>(1) Escalations" in text.replace("\n", "")


def test_the_chip_of_a_miss_is_its_clock(signed_in, late):
    missed = Clock.objects.get(ticket=late, metric="first_response")
    assert signed_in.get(PAGE).context["desk"].open.rows[0].misses[0].clock == missed


def test_what_is_about_to_be_missed_stands_below(signed_in, team, agent):
    now = clock.now()
    warned = make_ticket(team=team, severity="S", now=now - 25 * MINUTE)
    fresh = make_ticket(team=team, severity="S", now=now)
    desk = signed_in.get(PAGE).context["desk"]
    assert [row.ticket.pk for row in desk.soon.rows] == [warned.pk]
    assert fresh.pk not in [row.ticket.pk for row in desk.open.rows]


def test_acknowledging_moves_the_row_and_does_nothing_twice(signed_in, late, lead):
    answer = signed_in.post(address(late, "acknowledge"), follow=True)
    desk = answer.context["desk"]
    assert desk.open.total == 0
    assert [row.ticket.pk for row in desk.acknowledged.rows] == [late.pk]
    assert desk.acknowledged.rows[0].acknowledged.acknowledged_by == lead
    assert "Acknowledged by Li Na" in answer.text
    again = signed_in.post(address(late, "acknowledge"), follow=True)
    assert "was acknowledged already" in again.text
    assert late.events.filter(code="ticket.escalation.acknowledged").count() == 1


def test_selected_rows_are_acknowledged_together_once(signed_in, late, team):
    other = make_ticket(team=team, severity="S", now=clock.now() - 45 * MINUTE)
    escalation.sweep()
    both = {"tickets": [late.number, other.number, "T999999"]}
    answer = signed_in.post(reverse("workspace:escalations_acknowledge"), both, follow=True)
    assert "2 tickets acknowledged" in answer.text
    assert answer.context["desk"].open.total == 0
    again = signed_in.post(reverse("workspace:escalations_acknowledge"), both, follow=True)
    assert "Nothing was left to acknowledge" in again.text
    assert "Tick the tickets first" in signed_in.post(reverse("workspace:escalations_acknowledge"), follow=True).text


def test_taking_over(signed_in, late, lead):
    assert signed_in.post(address(late, "take-over")).url == PAGE
    late.refresh_from_db()
    assert late.assignee == lead


def test_reassigning_shows_load_and_duty_and_refuses_nobody(signed_in, late, team, agent):
    free = make_agent(team, name="Zhao Min", capacity=7)
    away = make_agent(team, name="Sun Yu")
    now = clock.now()
    Absence.objects.create(user=away, starts_at=now - MINUTE, ends_at=now + timedelta(days=1))
    elsewhere = make_agent(TeamFactory())
    form = signed_in.get(address(late, "reassign")).text
    assert "0 of 7" in form
    assert "away until" in form
    assert "has it now" in form
    assert f'value="u{elsewhere.pk}"' not in form
    refused = signed_in.post(address(late, "reassign"))
    assert refused.status_code == 422
    assert "Choose a person." in refused.text
    assert signed_in.post(address(late, "reassign"), {"to": f"u{elsewhere.pk}"}).status_code == 422
    signed_in.post(address(late, "reassign"), {"to": f"u{free.pk}"})
    late.refresh_from_db()
    assert late.assignee == free


def test_handing_over_to_a_team_lets_it_choose(signed_in, late):
    other = TeamFactory()
    chosen = make_agent(other)
    assert address(late, "hand-over") in signed_in.get(address(late, "reassign")).text
    note = {"symptom": "It stands still.", "tried": "Restarted it.", "asked": "Read the dump."}
    assert signed_in.post(address(late, "hand-over"), note | {"to": f"t{other.pk}"}).url == PAGE
    late.refresh_from_db()
    assert (late.team, late.assignee) == (other, chosen)


def test_calling_in_and_commenting(signed_in, late):
    helper = make_agent(TeamFactory(), name="Helper")
    signed_in.post(address(late, "call-in"), {"people": [helper.pk]})
    assert late.participants.get().user == helper
    assert signed_in.post(address(late, "comment"), {"body": " "}).status_code == 422
    signed_in.post(address(late, "comment"), {"body": "I called the customer."})
    note = Message.objects.get(ticket=late, kind="note")
    assert note.body == "I called the customer."


@pytest.mark.parametrize(("verdict", "severity"), [("accept", "S"), ("decline", "B")])
def test_a_contested_severity_is_decided_here(signed_in, team, agent, verdict, severity):
    ticket = make_ticket(team=team, severity="B", now=clock.now())
    grades.contest(ticket=ticket, actor=ticket.requester, wanted="S", reason="All orders are lost")
    page = signed_in.get(PAGE).text
    assert "All orders are lost" in page
    assert signed_in.post(address(ticket, "decide"), {"verdict": verdict}).status_code == 422
    signed_in.post(address(ticket, "decide"), {"verdict": verdict, "answer": "We looked at it."})
    ticket.refresh_from_db()
    assert ticket.severity == severity
    assert "All orders are lost" not in signed_in.get(PAGE).text
    again = signed_in.post(address(ticket, "decide"), {"verdict": verdict, "answer": "Again."}, follow=True)
    assert "decided already" in again.text


def test_an_unknown_act_is_not_there(signed_in, late):
    assert signed_in.get(address(late, "explode")).status_code == 404


def test_acts_by_script_tell_and_let_the_page_fetch_itself(signed_in, late):
    answer = signed_in.post(address(late, "acknowledge"), headers={"HX-Request": "true"})
    assert answer.status_code == 204
    assert "lead:changed" in answer.headers["HX-Trigger"]
    assert late.number in answer.headers["HX-Trigger"]


def test_the_live_part_comes_only_when_something_changed(signed_in, late):
    first = live(signed_in)
    assert first.status_code == 200
    assert "<html" not in first.text
    shown = first.context["desk"].fingerprint
    assert live(signed_in, shown=shown).status_code == 204
    acknowledge(ticket=late, actor=late.team.lead)
    assert live(signed_in, shown=shown).status_code == 200


def checked(*, ago: timedelta) -> None:
    """The last sweep ended so long ago; nobody needs to run for the page to know."""
    heard(HEART, now=clock.now() - ago)


@pytest.mark.parametrize("page", [PAGE, "/desk/board/"])
def test_the_pages_say_when_deadlines_are_checked_late(signed_in, team, agent, page):
    assert "no check has run here yet" in signed_in.get(page).text
    checked(ago=50 * SECOND)
    assert "is mended" not in signed_in.get(page).text
    checked(ago=3 * MINUTE + 5 * SECOND)
    text = signed_in.get(page).text
    assert "Deadlines are checked late: the last check was 3\xa0minutes ago." in text
    assert re.search(r'role="status">.{0,200}Deadlines are checked late', text, re.DOTALL)
    make_ticket(team=team, severity="S", now=clock.now() - 32 * MINUTE - 5 * SECOND)
    assert "not recorded yet passed 2\xa0minutes ago" in signed_in.get(page).text
    checked(ago=0 * MINUTE)
    assert "Deadlines are recorded late: one that passed 2\xa0minutes ago" in signed_in.get(page).text
    escalation.sweep()
    assert "is mended" not in signed_in.get(page).text
    signed_in.cookies[settings.LANGUAGE_COOKIE_NAME] = "zh-hans"
    checked(ago=3 * MINUTE)
    assert "3\xa0分钟" in signed_in.get(page).text


def test_an_open_page_hears_that_deadlines_are_late(signed_in, late):
    checked(ago=0 * MINUTE)
    shown = live(signed_in).context["desk"].fingerprint
    assert live(signed_in, shown=shown).status_code == 204
    checked(ago=3 * MINUTE)
    assert "is mended" in live(signed_in, shown=shown).text


def test_queries_do_not_grow_with_tickets(signed_in, late, team, django_assert_max_num_queries):
    signed_in.get(PAGE)
    with django_assert_max_num_queries(25) as few:
        signed_in.get(PAGE)
    for _each in range(4):
        make_ticket(team=team, severity="S", now=clock.now() - 50 * MINUTE)
        make_ticket(team=team, severity="S", now=clock.now() - 25 * MINUTE)
    escalation.sweep()
    with django_assert_max_num_queries(len(few)):
        text = signed_in.get(PAGE).text
    assert text.count("data-unacknowledged") == 5


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_both_languages(signed_in, team, late, language):
    TeamFactory(next_level=team)
    signed_in.cookies[settings.LANGUAGE_COOKIE_NAME] = language
    text = signed_in.get(PAGE).text
    assert f'lang="{language}"' in text
    assert (team.name if language == "zh-hans" else team.name_en) in text


@pytest.fixture
def open_page(page, live_server, client, transactional_db):
    """The escalation page of a lead in a browser, without push, its timers in our hands."""
    team = TeamFactory()
    make_agent(team)
    lead = make_lead(team)
    client.force_login(lead)
    session = {"name": settings.SESSION_COOKIE_NAME, "value": client.cookies[settings.SESSION_COOKIE_NAME].value}
    language = {"name": settings.LANGUAGE_COOKIE_NAME, "value": "en"}
    page.context.add_cookies([{**cookie, "url": live_server.url} for cookie in (session, language)])
    complaints = []
    page.on("console", lambda said: complaints.append(said.text) if said.type in {"error", "warning"} else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.clock.install()
    page.goto(live_server.url + PAGE)
    yield page, team
    assert complaints == []


@pytest.mark.browser
@pytest.mark.django_db(transaction=True)
def test_a_row_appears_in_the_open_page_and_is_acknowledged_there(open_page):
    page, team = open_page
    expect(page.locator("body")).to_have_attribute("data-live", "polling")
    ticket = make_ticket(team=team, severity="S", subject="Nothing can be printed", now=clock.now() - 40 * MINUTE)
    row = page.locator(f"#escalation-{ticket.number}")
    expect(row).to_have_count(0)
    escalation.sweep()
    page.clock.run_for(16_000)  # one round of polling
    expect(row).to_be_visible()
    expect(row).to_have_class("escalation is-new")
    expect(page).to_have_title("(1) Escalations · Helpdesk")
    expect(page.locator("#announcer")).to_contain_text(ticket.number)
    assert [item["id"] for item in Axe().run(page, options={"runOnly": RULES}).response["violations"]] == []
    page.locator("[data-all]").check()
    row.get_by_role("link", name="Reassign").click()
    expect(page.locator("#lead-dialog")).to_contain_text(ticket.number)
    expect(page.locator("#lead-dialog input[name=to]:enabled").first).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.locator("#lead-dialog")).not_to_contain_text(ticket.number)
    assert page.locator("[name=tickets]").is_checked()
    row.get_by_role("button", name="Acknowledge").click()
    expect(page.locator("[data-unacknowledged]")).to_have_count(0)
    expect(page).to_have_title("Escalations · Helpdesk")
    assert Ticket.objects.get(pk=ticket.pk).breached_at is None
