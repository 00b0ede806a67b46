"""The queue by keyboard, by dragging, and everything by name, in a real browser."""

import pytest
from playwright.sync_api import expect

from accounts.tests.factories import make_agent
from helpdesk.tests.processes import wait_until
from outbox import clock
from tickets.models import Ticket, TicketLease
from tickets.services import conversation
from tickets.tests.factories import make_ticket
from tickets.tests.test_workspace_browser import agent, opened, team  # noqa: F401  (fixtures)

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def rows(team, agent):  # noqa: F811
    made = [make_ticket(team=team, assignee=agent, now=clock.now(), subject=f"Number {n}") for n in range(3)]
    return sorted(made, key=lambda ticket: (ticket.next_due_at, ticket.pk))


def holders(rows):
    return [Ticket.objects.get(pk=row.pk).assignee for row in rows]


def test_a_walk_by_keys_assigns_two_and_takes_them_back(opened, live_server, agent, team, rows):  # noqa: F811
    colleague, page = make_agent(team), opened
    page.goto(f"{live_server.url}/desk/")
    for key in ("j", "x", "j", "x"):
        page.keyboard.press(key)
    expect(page.locator("#bulk [data-bulk-count]")).to_contain_text("2")
    # News does not lose the choice, nor the focus.
    conversation.customer_message(ticket=rows[1], author=rows[1].requester, body="One more thing.")
    with page.expect_response("**/changes/**"):
        page.evaluate("document.body.dispatchEvent(new CustomEvent('live:team'))")
    expect(page.locator("[data-pick]:checked")).to_have_count(2)
    expect(page.locator(f"#row-{rows[1].pk}")).to_be_focused()
    page.keyboard.press("a")
    dialog = page.locator("#bulk-body")
    expect(dialog.locator("[name=to]").first).to_be_focused()
    dialog.locator(f"[name=to][value=u{colleague.pk}]").check()
    page.keyboard.press("Enter")
    expect(page.locator("#bulk-dialog")).to_be_hidden()
    expect(page.locator(f"#t{rows[1].pk}")).to_contain_text(colleague.name)
    assert holders(rows) == [colleague, colleague, agent]
    expect(page.locator("[data-pick]:checked")).to_have_count(0)
    expect(page.locator(f"#row-{rows[1].pk}")).to_be_focused()
    page.keyboard.press("z")
    expect(page.locator(f"#t{rows[1].pk}")).to_contain_text(agent.name)
    expect(page.locator("#bulk-result .alert")).to_have_count(0)
    assert holders(rows) == [agent] * 3
    assert page.problems == []


def test_a_key_acts_on_the_row_in_focus_and_gives_it_back(opened, live_server, rows):  # noqa: F811
    page = opened
    page.goto(f"{live_server.url}/desk/")
    page.keyboard.press("j")
    page.keyboard.press("s")
    expect(page.locator("#bulk-body [name=t]")).to_have_value(rows[0].number)
    page.keyboard.press("Escape")
    expect(page.locator("[data-pick]:checked")).to_have_count(0)
    expect(page.locator(f"#row-{rows[0].pk}")).to_be_focused()
    page.locator(f"#pick-{rows[0].pk}").click()
    page.locator(f"#pick-{rows[2].pk}").click(modifiers=["Shift"])
    expect(page.locator("[data-pick]:checked")).to_have_count(3)
    page.keyboard.press("t")
    page.locator("#bulk-body [name=add]").fill("vpn")
    page.keyboard.press("Enter")
    expect(page.locator("#bulk-result")).to_contain_text("3 tickets changed")
    assert page.problems == []


def test_t_on_a_ticket_means_its_tags(opened, live_server, rows):  # noqa: F811
    page = opened
    page.goto(f"{live_server.url}/desk/tickets/{rows[0].number}/")
    page.keyboard.press("t")
    expect(page.locator("#action-body [name=tags]")).to_be_focused()
    page.keyboard.type("vpn")
    page.keyboard.press("Enter")
    expect(page.locator("#action-dialog")).to_be_hidden()
    assert [str(tag) for tag in rows[0].tags.all()] == ["vpn"]
    assert page.problems == []


def test_a_row_is_dragged_onto_a_person(opened, live_server, agent, team, rows):  # noqa: F811
    colleague, page = make_agent(team), opened
    page.goto(f"{live_server.url}/desk/")
    page.locator(f"#t{rows[0].pk} .ticket-no").hover()
    page.mouse.down()
    page.mouse.move(600, 500, steps=4)
    person = page.locator(f"#bulk-body .lead-person:has([value=u{colleague.pk}])")
    expect(person).to_be_visible()
    place = person.bounding_box()
    page.mouse.move(place["x"] + 40, place["y"] + 12, steps=4)
    page.mouse.up()
    expect(page.locator(f"#t{rows[0].pk}")).to_contain_text(colleague.name)
    expect(page.locator("#bulk-dialog")).to_be_hidden()
    assert holders(rows) == [colleague, agent, agent]
    assert page.problems == []


def test_everything_is_found_by_name(opened, live_server, rows):  # noqa: F811
    page = opened
    page.goto(f"{live_server.url}/desk/tickets/{rows[0].number}/")
    page.keyboard.press("Control+k")
    box, options = page.locator("#palette input"), page.locator("#palette [role=option]")
    expect(box).to_be_focused()
    box.fill("Number 2")
    expect(options.filter(has_text="Number 2")).to_have_count(1)
    page.keyboard.press("Enter")
    expect(page.locator("#ticket-head h1")).to_have_text("Number 2")
    page.keyboard.press("Control+k")
    expect(options.first).to_contain_text(rows[0].number), "the one that was open before"
    box.fill("assign")
    expect(options.first).to_contain_text("Assign")
    page.keyboard.press("Enter")
    expect(page.locator("#action-body [name=assignee]")).to_be_visible()
    page.keyboard.press("Escape")
    page.keyboard.press("g")
    expect(page.locator("#action-body [name=severity]").first).to_be_visible()
    assert page.problems == []


def test_next_holds_the_ticket_and_leaving_lets_go(opened, live_server, agent, rows):  # noqa: F811
    page = opened
    page.goto(f"{live_server.url}/desk/")
    page.keyboard.press("p")
    expect(page.locator("#lease")).to_contain_text("You hold this ticket until")
    page.wait_for_load_state()  # keys are heard from then on
    page.keyboard.press("d")
    page.locator("#action-body [value=too_hard]").check()
    page.locator("#action-body .btn-primary").click()
    expect(page.locator("#ticket-head")).to_contain_text(rows[1].number)
    expect(page.locator("#lease")).to_contain_text("You hold this ticket until")
    page.goto(f"{live_server.url}/desk/")
    wait_until(lambda: not TicketLease.objects.exists(), "leaving lets go")
    assert page.problems == []
