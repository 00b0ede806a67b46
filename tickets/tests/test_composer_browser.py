"""The composer in a real browser: no word is lost, nothing goes to the wrong reader, all of it works by keyboard."""

import re

import pytest

from accounts.tests.factories import make_agent
from outbox import clock
from tickets.models import Draft
from tickets.services import drafts
from tickets.services.canned import save_canned
from tickets.tests.factories import make_ticket
from tickets.tests.test_workspace_browser import agent, opened, team  # noqa: F401

#: A picture of one pixel.
PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
pytestmark = [pytest.mark.proof, pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def ticket(team, agent):  # noqa: F811
    return make_ticket(team=team, assignee=agent, now=clock.now(), language="en")


@pytest.fixture
def page(opened, live_server, ticket):  # noqa: F811
    """The ticket's page."""
    opened.goto(f"{live_server.url}/desk/tickets/{ticket.number}/")
    return opened


def text(page):
    return page.locator("#composer textarea")


def public(ticket):
    return list(ticket.messages.filter(kind="public").values_list("body", flat=True))


def test_a_killed_tab_loses_no_word(page, context, ticket):
    from playwright.sync_api import expect

    address = page.url
    text(page).press_sequentially("Every word of this")
    page.close(run_before_unload=False)
    again = context.new_page()
    again.goto(address)
    expect(text(again)).to_have_value("Every word of this")
    expect(again.locator("[data-draft-note]")).to_be_visible()
    assert public(ticket) == []


def test_a_killed_browser_loses_no_word_that_it_called_saved(page, context, browser, ticket):
    from playwright.sync_api import expect

    page.locator("#composer .segment-note").click()
    text(page).press_sequentially("For colleagues only")
    expect(page.locator("[data-draft-status]")).to_have_attribute("data-state", "kept")
    address, cookies = page.url, context.cookies()
    context.close()
    other = browser.new_context()
    other.add_cookies(cookies)
    again = other.new_page()
    again.goto(address)
    expect(text(again)).to_have_value("For colleagues only")
    expect(again.locator("input[name=kind][value=note]")).to_be_checked()
    again.locator("[data-draft-discard]").click()
    expect(text(again)).to_have_value("")
    assert not Draft.objects.exists()
    other.close()


def test_offline_the_browser_keeps_the_words_and_the_newer_ones_win(page, context, ticket, agent):  # noqa: F811
    from playwright.sync_api import expect

    text(page).fill("On the server")
    expect(page.locator("[data-draft-status]")).to_have_attribute("data-state", "kept")
    context.set_offline(True)
    text(page).fill("Written in a tunnel")
    expect(page.locator("[data-draft-status]")).to_contain_text(re.compile("offline|离线"))
    address = page.url
    page.close(run_before_unload=False)
    context.set_offline(False)
    again = context.new_page()
    again.goto(address)
    expect(text(again)).to_have_value("Written in a tunnel")
    expect(again.locator("[data-draft-status]")).to_have_attribute("data-state", "kept")
    assert Draft.objects.get().body == "Written in a tunnel"
    again.close()
    words = drafts.Words(kind="public", body="Typed on the phone", seen=ticket.messages.last().pk)
    drafts.save_draft(ticket=ticket, actor=agent, words=words, now=clock.now())
    third = context.new_page()
    third.goto(address)
    expect(text(third)).to_have_value("Typed on the phone")


def test_undo_by_keyboard_and_then_send(page, ticket):
    from playwright.sync_api import expect

    text(page).fill("Please restart it.")
    page.keyboard.press("Control+Enter")
    expect(page.locator("#held-undo")).to_be_focused()
    assert public(ticket) == []
    page.keyboard.press("Enter")
    expect(text(page)).to_have_value("Please restart it.")
    expect(text(page)).to_be_focused()
    assert public(ticket) == []
    page.keyboard.press("Control+Enter")
    page.locator("[data-send-now]").click()
    expect(page.locator("#conversation .message-public")).to_have_count(1)
    expect(text(page)).to_have_value("")
    assert public(ticket) == ["Please restart it."]
    assert page.problems == []


def test_on_the_next_page_it_counts_down_and_is_sent(opened, live_server, ticket, team, agent):  # noqa: F811
    from playwright.sync_api import expect

    opened.clock.install()
    below = make_ticket(team=team, assignee=agent, severity="B", now=clock.now())
    opened.goto(f"{live_server.url}/desk/?view=mine")
    opened.locator(f"a[data-row][href*='{ticket.number}']").click()
    opened.locator("select[name=then]").select_option("next")
    text(opened).fill("Please restart it.")
    opened.locator("#composer-send").click()
    opened.wait_for_url(f"**/{below.number}/")
    toast = opened.locator(".held-toast")
    expect(toast).to_contain_text(ticket.number)
    assert public(ticket) == []
    with opened.expect_response(lambda answer: answer.url.endswith("/draft/send/")):
        opened.clock.fast_forward(11_000)
    expect(toast).to_have_count(0)
    assert public(ticket) == ["Please restart it."]


def test_a_canned_answer_by_keyboard(page, ticket, agent):  # noqa: F811
    from playwright.sync_api import expect

    save_canned(actor=agent, name="Hello", shortcut="hello", text_zh="", text_en="Dear {{ customer }}, we look.")
    save_canned(actor=agent, name="Logs", shortcut="logs", text_zh="", text_en="Please send the logs of {{ number }}.")
    area, menu = text(page), page.locator("#composer-list")
    area.press_sequentially("::")
    expect(menu.locator("[role=option]")).to_have_count(2)
    expect(area).to_have_attribute("aria-activedescendant", "composer-list-0")
    page.keyboard.press("ArrowDown")
    expect(menu.locator("[aria-selected=true]")).to_contain_text("Logs")
    page.keyboard.press("Escape")
    expect(menu).to_be_hidden()
    expect(area).to_have_value("::")
    area.press_sequentially("lo")
    expect(menu).to_be_visible()
    expect(menu.locator("[role=option]")).to_have_count(2)  # «hello» holds it too
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(area).to_have_value(f"Please send the logs of {ticket.number}.")
    expect(page.locator("[data-canned]")).to_be_visible()
    area.press_sequentially(" The newest is enough.")
    expect(page.locator("[data-canned]")).to_be_hidden()
    assert page.problems == []


def test_a_colleague_is_called_in_a_note_only_also_by_a_chinese_at(page, team):  # noqa: F811
    from playwright.sync_api import expect

    make_agent(team, name="赵敏")
    area, menu = text(page), page.locator("#composer-list")
    area.press_sequentially("@赵")
    expect(menu).to_be_hidden()
    area.fill("")
    page.locator("#composer .segment-note").click()
    area.press_sequentially("请看＠赵")
    expect(menu.locator("[role=option]")).to_have_text(["赵敏"], use_inner_text=False)
    page.keyboard.press("Tab")
    expect(area).to_have_value("请看@赵敏 ")


def test_public_and_internal_cannot_be_confused(page, ticket):
    from playwright.sync_api import expect

    area, button, said = text(page), page.locator("#composer-send"), page.locator("#announcer")
    area.fill("The same words")
    expect(button).to_contain_text(ticket.requester.name)
    box = page.locator("#composer")
    before = box.evaluate("(e) => [getComputedStyle(e).backgroundColor, getComputedStyle(e).borderStyle]")
    page.locator("#composer .segment-note").click()
    after = box.evaluate("(e) => [getComputedStyle(e).backgroundColor, getComputedStyle(e).borderStyle]")
    assert before[0] != after[0]
    assert before[1] != after[1]
    expect(area).to_have_value("The same words")
    assert ticket.requester.name not in button.inner_text()
    expect(said).not_to_be_empty()
    button.click()
    expect(page.locator("#conversation .message-note")).to_have_count(1)
    assert public(ticket) == []


def test_the_toolbar_and_the_preview_work_by_keyboard(page):
    from playwright.sync_api import expect

    area = text(page)
    area.fill("urgent")
    area.press("Control+a")
    area.press("Control+b")
    expect(area).to_have_value("**urgent**")
    area.press("Control+z")
    expect(area).to_have_value("urgent")
    page.locator("[data-md=bold]").focus()
    page.keyboard.press("ArrowRight")
    expect(page.locator("[data-md=code]")).to_be_focused()
    page.locator("[data-preview-toggle]").press("Enter")
    area.fill("**bold** words")
    expect(page.locator("[data-preview] strong")).to_have_text("bold")
    assert page.problems == []


def test_a_pasted_screenshot_has_a_name_and_is_seen_before_it_is_sent(page):
    from playwright.sync_api import expect

    text(page).evaluate(
        """(area, image) => {
          const bytes = Uint8Array.from(atob(image), (c) => c.charCodeAt(0));
          const data = new DataTransfer();
          data.items.add(new File([bytes], "image.png", { type: "image/png" }));
          area.dispatchEvent(new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true }));
        }""",
        PIXEL,
    )
    item = page.locator("#composer .file-item")
    expect(item).to_contain_text(re.compile(r"screenshot-\d{4}-\d\d-\d\d-\d\d-\d\d-\d\d\.png"))
    expect(item.locator("img")).to_be_visible()
    assert item.locator("img").evaluate("(image) => image.decode().then(() => image.naturalWidth)") == 1
    assert page.problems == []


def test_a_session_that_ends_takes_no_word_and_no_page_away(page, context, ticket):
    from playwright.sync_api import expect

    (session,) = [cookie for cookie in context.cookies() if cookie["name"] == "sessionid"]
    context.clear_cookies(name="sessionid")
    text(page).press_sequentially("Typed after the end")
    expect(page.locator("[data-draft-status]")).to_have_attribute("data-state", "out")
    expect(page.locator("#toasts")).to_contain_text(
        "You were signed out"
    )  # said to the beat of presence, which stays here
    expect(text(page)).to_have_value("Typed after the end")
    page.locator("#composer-send").click()
    expect(page).to_have_url(re.compile(r"/accounts/login/\?next="))
    context.add_cookies([session])
    page.goto(page.url.split("/accounts/")[0] + f"/desk/tickets/{ticket.number}/")
    expect(text(page)).to_have_value("Typed after the end")
    assert public(ticket) == []


def test_words_are_sent_from_a_page_that_was_open_before_the_sign_in_elsewhere(page, context, ticket):
    from playwright.sync_api import expect

    (token,) = [cookie for cookie in context.cookies() if cookie["name"] == "csrftoken"]
    page.locator("#composer .segment-note").click()
    text(page).press_sequentially("Older than the sign-in")
    context.add_cookies([token | {"value": token["value"][::-1]}])  # as a sign-in in another tab does
    page.locator("#composer-send").click()
    expect(page.locator("article", has_text="Older than the sign-in")).to_be_visible()
    assert ticket.messages.filter(body="Older than the sign-in").count() == 1
