"""The ticket page in a real browser: what one types survives dialogs and news, and nothing is sent over them."""

import pytest
from django.conf import settings

from accounts.tests.factories import TeamFactory, make_agent
from outbox import clock
from tickets.services import conversation
from tickets.tests.factories import make_ticket
from tickets.tests.test_queue_page import signed_in

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def team():
    return TeamFactory()


@pytest.fixture
def agent(team):
    return make_agent(team)


@pytest.fixture
def opened(context, live_server, agent):
    """A browser in which ``agent`` is signed in, with what went wrong in it."""
    session = signed_in(agent).cookies[settings.SESSION_COOKIE_NAME].value
    context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": session, "url": live_server.url}])
    page = context.new_page()
    page.problems = []
    page.on("pageerror", lambda error: page.problems.append(str(error)))
    page.on("console", lambda line: page.problems.append(line.text) if "Content Security" in line.text else None)
    return page


def test_words_survive_a_dialog_and_news_and_are_sent_once(opened, live_server, agent, team):
    from playwright.sync_api import expect

    ticket = make_ticket(team=team, assignee=agent, now=clock.now(), subject="Kafka writes twice")
    page = opened
    page.goto(f"{live_server.url}/desk/tickets/{ticket.number}/")
    composer = page.locator("#composer textarea")
    composer.fill("Please restart the connector.")
    page.locator("#panel-props a[href$='/regrade/']").click()
    dialog = page.locator("#action-body")
    dialog.locator("input[value='A']").check()
    dialog.locator("textarea").fill("Many people wait.")
    dialog.locator("button.btn-primary").click()
    expect(page.locator("#action-dialog")).to_be_hidden()
    expect(page.locator("#ticket-head .sev-A")).to_be_visible()
    expect(composer).to_have_value("Please restart the connector.")
    # One's own change is no news; the customer's message is.
    conversation.customer_message(ticket=ticket, author=ticket.requester, body="It works again by itself!")
    page.locator("#composer button.btn-primary").click()
    expect(page.locator(".composer-stale")).to_contain_text("It works again by itself!")
    expect(composer).to_have_value("Please restart the connector.")
    assert ticket.messages.filter(kind="public").count() == 0
    composer.fill("Good to hear. We watch it until tomorrow.")
    page.locator("#composer button.btn-primary").click()
    page.locator("[data-send-now]").click()
    expect(page.locator("#conversation .message-public")).to_have_count(1)
    expect(composer).to_have_value("")
    assert [message.body for message in ticket.messages.filter(kind="public")] == [
        "Good to hear. We watch it until tomorrow."
    ]
    assert page.problems == []


def test_the_open_page_shows_what_came_and_keeps_what_is_typed(opened, live_server, agent, team):
    from playwright.sync_api import expect

    ticket = make_ticket(team=team, assignee=agent, now=clock.now())
    page = opened
    page.goto(f"{live_server.url}/desk/tickets/{ticket.number}/")
    page.locator("#composer textarea").fill("half a thought")
    conversation.customer_message(ticket=ticket, author=ticket.requester, body="One more thing.")
    page.evaluate("document.body.dispatchEvent(new CustomEvent('live:ticket'))")
    expect(page.locator("#conversation")).to_contain_text("One more thing.")
    expect(page.locator("#composer textarea")).to_have_value("half a thought")
    assert page.problems == []


def test_words_in_a_dialog_survive_esc_and_a_refusal_and_go_when_they_were_taken(opened, live_server, agent, team):
    from playwright.sync_api import expect

    ticket = make_ticket(team=team, assignee=agent, now=clock.now())
    page = opened
    page.goto(f"{live_server.url}/desk/tickets/{ticket.number}/")
    opener, dialog = page.locator("#ticket-head a[href$='/resolve/']"), page.locator("#action-body")
    opener.click()
    dialog.locator("[name=cause]").fill("The disk was full.")
    page.keyboard.press("Escape")
    opener.click()
    expect(dialog.locator("[name=cause]")).to_have_value("The disk was full.")
    expect(dialog.locator("[data-draft-note]")).to_be_visible()
    dialog.locator("[name=solution]").fill("A larger disk.")
    dialog.locator("input[name=verification][value=test]").check()
    dialog.locator("button.btn-primary").click()
    expect(dialog.locator("[name=proof][aria-invalid]")).to_be_visible()
    page.keyboard.press("Escape")
    opener.click()
    expect(dialog.locator("[name=solution]")).to_have_value("A larger disk.")
    dialog.locator("[name=proof]").fill("Filled it with copies.")
    dialog.locator("button.btn-primary").click()
    expect(page.locator("#action-dialog")).to_be_hidden()
    assert page.evaluate("Object.keys(localStorage).filter((name) => name.startsWith('draft:desk'))") == []
    assert page.problems == []


def test_the_queue_is_walked_by_keys_and_told_of_news_in_place(opened, live_server, agent, team):
    from playwright.sync_api import expect

    tickets = [make_ticket(team=team, assignee=agent, now=clock.now()) for _n in range(3)]
    page = opened
    page.goto(f"{live_server.url}/desk/")
    page.keyboard.press("j")
    page.keyboard.press("j")
    second = page.locator("a[data-row]").nth(1)
    expect(second).to_be_focused()
    conversation.reply(ticket=tickets[2], actor=agent, body="We look into it.", status="pending")
    make_ticket(team=team, now=clock.now())
    page.evaluate("document.body.dispatchEvent(new CustomEvent('live:team'))")
    expect(page.locator(f"#t{tickets[2].pk} .status-pending")).to_be_visible()
    expect(page.locator(".queue-bar")).to_be_visible()
    expect(page.locator("a[data-row]")).to_have_count(3)
    expect(second).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#composer")).to_be_visible()
    assert page.problems == []


_CLICK_WHEN_IT_COMES = """() => {
  const find = () => document.querySelector("#ticket-head a[href$='/resolve/']");
  const before = find();
  new MutationObserver((_changes, observer) => {
    if (!find() || find() === before) return;
    observer.disconnect();
    find().click();
  }).observe(document.body, { childList: true, subtree: true });
}"""


def test_what_comes_in_is_alive_at_once(opened, live_server, agent, team):
    """A click in the very moment of news: the dialog opens with its form, not empty."""
    from playwright.sync_api import expect

    ticket = make_ticket(team=team, assignee=agent, now=clock.now())
    page = opened
    page.goto(f"{live_server.url}/desk/tickets/{ticket.number}/")
    conversation.customer_message(ticket=ticket, author=ticket.requester, body="One more thing.")
    page.evaluate(_CLICK_WHEN_IT_COMES)
    page.evaluate("document.body.dispatchEvent(new CustomEvent('live:ticket'))")
    expect(page.locator("#action-body [name=cause]")).to_be_visible()
    assert page.problems == []
