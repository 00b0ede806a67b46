"""The queue in a real browser: views kept from the dialog, columns chosen by keys, what was read no longer bold."""

import pytest

from accounts.tests.factories import TeamFactory, make_agent
from outbox import clock
from tickets.models import SavedView
from tickets.services import conversation
from tickets.tests.factories import make_ticket
from tickets.tests.test_workspace_browser import opened  # noqa: F401  (a fixture, found by its name)

# ruff: noqa: F811
pytestmark = [pytest.mark.proof, pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def team():
    return TeamFactory()


@pytest.fixture
def agent(team):
    return make_agent(team)


def test_a_view_is_kept_from_the_dialog_and_narrowed_by_its_chips(opened, live_server, agent, team):
    from playwright.sync_api import expect

    make_ticket(team=team, assignee=agent, now=clock.now(), severity="S")
    make_ticket(team=team, assignee=agent, now=clock.now(), severity="B")
    page = opened
    page.goto(f"{live_server.url}/desk/")
    page.locator("select[name=severity]").select_option("S")
    expect(page.locator("a[data-row]")).to_have_count(1)
    page.locator("a[href*='/views/save/']").click()
    name = page.locator("#view-dialog [name=name]")
    expect(name).to_be_focused()
    name.fill("Only S")
    page.keyboard.press("Enter")
    tab = page.locator("#queue-tabs a[aria-current]")
    expect(tab).to_contain_text("Only S")
    expect(tab.locator(".count")).to_have_text("1")
    page.locator(".queue-chips a").click()
    expect(page.locator("a[data-row]")).to_have_count(2)
    page.locator("form[action*='/replace/'] button").click()
    expect(tab.locator(".count")).to_have_text("2")
    assert SavedView.objects.get().filters == {}
    assert page.problems == []


def test_columns_are_chosen_by_keys(opened, live_server, agent, team):
    from playwright.sync_api import expect

    make_ticket(team=team, assignee=agent, now=clock.now())
    page = opened
    page.goto(f"{live_server.url}/desk/?view=mine")
    page.locator(".queue-keeping summary").last.focus()
    page.keyboard.press("Enter")
    page.locator("[name=column][value=team]").focus()
    page.keyboard.press("Space")
    page.keyboard.press("Enter")
    expect(page.locator("thead")).to_contain_text("Team")
    expect(page.locator("#queue-tabs a[aria-current]")).to_contain_text("Mine")
    assert page.problems == []


def test_what_was_read_is_no_longer_bold_when_one_comes_back(opened, live_server, agent, team):
    from playwright.sync_api import expect

    ticket = make_ticket(team=team, assignee=agent, now=clock.now())
    page = opened
    page.goto(f"{live_server.url}/desk/")
    row = page.locator(f"#t{ticket.pk}")
    expect(row.locator(".unread-dot")).to_be_visible()
    row.locator("a[data-row]").click()
    expect(page.locator("#composer")).to_be_visible()
    page.go_back()
    page.evaluate("document.body.dispatchEvent(new CustomEvent('live:team'))")
    expect(row.locator(".unread-dot")).to_have_count(0)
    conversation.customer_message(ticket=ticket, author=ticket.requester, body="One more thing.")
    # A second hint within two seconds is one too many for the page: it asks again at the next.
    page.evaluate("setInterval(() => document.body.dispatchEvent(new CustomEvent('live:team')), 200)")
    expect(row.locator(".unread-dot")).to_be_visible()
    assert page.problems == []
