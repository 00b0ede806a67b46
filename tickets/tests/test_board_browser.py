"""The lead's pages in a real browser: a ticket dragged and the drag undone, and escalations that are seen and heard."""

from datetime import timedelta

import pytest
from django.conf import settings

from accounts.tests.factories import TeamFactory, make_agent, make_lead
from outbox import clock
from tickets.models import Ticket
from tickets.services.escalation import sweep
from tickets.tests.factories import make_ticket
from tickets.tests.test_queue_page import signed_in

pytestmark = [pytest.mark.proof, pytest.mark.browser, pytest.mark.django_db(transaction=True)]
#: Counts the tones instead of playing them.
SILENT = """
window.tones = 0;
class Node { connect(next) { return next; } start() { window.tones += 1; } stop() {} }
const ramp = { setValueAtTime() {}, exponentialRampToValueAtTime() {} };
window.AudioContext = class {
  state = "running"; currentTime = 0; destination = new Node();
  resume() { return Promise.resolve(); }
  createOscillator() { return Object.assign(new Node(), { frequency: {} }); }
  createGain() { return Object.assign(new Node(), { gain: ramp }); }
};
"""


@pytest.fixture
def team():
    return TeamFactory()


@pytest.fixture
def agent(team):
    return make_agent(team, name="Wang Wei", capacity=8)


@pytest.fixture
def lead(team, agent):
    return make_lead(team, name="Li Na")


@pytest.fixture
def opened(context, live_server, lead):
    """A browser in which ``lead`` is signed in, with what went wrong in it."""
    session = signed_in(lead).cookies[settings.SESSION_COOKIE_NAME].value
    context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": session, "url": live_server.url}])
    context.add_init_script(SILENT)
    page = context.new_page()
    page.problems = []
    page.on("pageerror", lambda error: page.problems.append(str(error)))
    page.on("console", lambda line: page.problems.append(line.text) if "Content Security" in line.text else None)
    return page


def drag(page, number, person):
    page.locator(f"[data-drag='{number}']").first.drag_to(page.locator(f"[data-drop='{person.pk}'] .lead-name"))


def test_a_ticket_is_dragged_to_a_person_and_the_drag_is_undone(opened, live_server, team, agent, lead):
    from playwright.sync_api import expect

    ticket = make_ticket(team=team, now=clock.now(), severity="S")
    Ticket.objects.filter(pk=ticket.pk).update(assignee=None)
    page = opened
    page.goto(f"{live_server.url}/desk/board/")
    load = page.locator(f"[data-drop='{agent.pk}'] [data-load-figure]")
    expect(load).to_have_text("0 / 8")
    drag(page, ticket.number, agent)
    expect(page.locator("#toasts")).to_contain_text(f"{ticket.number} is with Wang Wei now.")
    expect(load).to_have_text("1 / 8")
    expect(page.locator(f"[data-drop='{agent.pk}'] [data-drag='{ticket.number}']").first).to_be_visible()
    ticket.refresh_from_db()
    assert ticket.assignee == agent
    page.locator("#toasts").get_by_role("button", name="Undo").click()
    expect(page.locator("#toasts")).to_contain_text("Undone.")
    expect(load).to_have_text("0 / 8")
    ticket.refresh_from_db()
    assert ticket.assignee is None
    assert page.problems == []


def test_what_the_server_refuses_comes_back_and_an_undo_takes_nothing_from_others(
    opened, live_server, team, agent, lead
):
    from playwright.sync_api import expect

    ticket = make_ticket(team=team, assignee=agent, now=clock.now(), severity="S")
    other = make_agent(team, name="Chen Yu", capacity=8)
    page = opened
    page.goto(f"{live_server.url}/desk/board/")
    expect(page.locator("[data-drag-hint]")).to_be_visible()
    drag(page, ticket.number, agent)  # has it already: no place to drop it
    expect(page.locator("#toasts .alert")).to_have_count(0)
    drag(page, ticket.number, other)
    expect(page.locator("#toasts")).to_contain_text("is with Chen Yu now")
    Ticket.objects.filter(pk=ticket.pk).update(assignee=lead)
    page.locator("#toasts").get_by_role("button", name="Undo").click()
    expect(page.locator("#toasts .alert-error")).to_contain_text("Somebody else has this ticket meanwhile")
    assert Ticket.objects.get(pk=ticket.pk).assignee == lead
    expect(page.locator(f"[data-drop='{lead.pk}'] [data-drag='{ticket.number}']").first).to_be_visible()
    page.route("**/reassign/", lambda route: route.fulfill(status=422, body="<ul class=errorlist><li>No.</li></ul>"))
    drag(page, ticket.number, other)
    expect(page.locator("#toasts")).to_contain_text(f"{ticket.number} stays where it was. No.")
    expect(page.locator(f"[data-drop='{lead.pk}'] [data-drag='{ticket.number}']").first).to_be_visible()
    assert Ticket.objects.get(pk=ticket.pk).assignee == lead
    assert page.problems == []


def test_a_new_escalation_stands_in_the_title_and_sounds_only_if_wished(opened, live_server, team, agent, lead):
    from playwright.sync_api import expect

    make_ticket(team=team, assignee=agent, severity="S", now=clock.now() - timedelta(hours=1))
    sweep()
    page = opened
    page.goto(f"{live_server.url}/desk/escalations/")
    expect(page).to_have_title("(1) Escalations · Helpdesk")
    assert page.evaluate("window.tones") == 0  # what was there when the page was opened is no news

    def another():
        ticket = make_ticket(team=team, assignee=agent, severity="S", now=clock.now() - timedelta(hours=1))
        sweep()
        page.evaluate("document.body.dispatchEvent(new CustomEvent('live:team'))")
        expect(page.locator("#announcer")).to_contain_text(ticket.number)
        return ticket

    another()
    expect(page).to_have_title("(2) Escalations · Helpdesk")
    assert page.evaluate("window.tones") == 0
    page.locator("[data-sound-switch]").check()
    page.wait_for_function("window.tones > 0")  # the switch lets hear what it will sound like
    before = page.evaluate("window.tones")
    another()
    expect(page).to_have_title("(3) Escalations · Helpdesk")
    assert page.evaluate("window.tones") == before + 2
    page.emulate_media(reduced_motion="reduce")
    another()
    assert page.evaluate("window.tones") == before + 3
    page.reload()
    expect(page.locator("[data-sound-switch]")).to_be_checked()
    assert page.evaluate("window.tones") == 0
    assert page.problems == []


def test_an_acknowledgement_by_keyboard_keeps_the_focus_near_its_list(opened, live_server, team, agent, lead):
    from playwright.sync_api import expect

    make_ticket(team=team, assignee=agent, severity="S", now=clock.now() - timedelta(hours=1))
    sweep()
    page = opened
    page.goto(f"{live_server.url}/desk/escalations/")
    page.locator(".escalation button:has-text('Acknowledge')").first.press("Enter")
    expect(page.locator("#open-title .count")).to_have_text("0")
    expect(page.locator("#open-title")).to_be_focused()
    assert page.problems == []
