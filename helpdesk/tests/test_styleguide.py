"""The style guide in a browser: accessible in both themes and widths, scripts that do what docs/styleguide.md says."""

import json
import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.urls import reverse
from playwright.sync_api import expect

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
    pytest.mark.urls("helpdesk.tests.urls_styleguide"),
]
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


@pytest.fixture
def guide(page, live_server, settings):
    """The guide, open; complaints of the console (a blocked script or style, a missing file) fail the test."""
    settings.DEBUG = True
    complaints = []
    page.on(
        "console", lambda message: complaints.append(message.text) if message.type in {"error", "warning"} else None
    )
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(live_server.url + "/styleguide/")
    yield page
    assert complaints == []


@pytest.mark.proof
@pytest.mark.parametrize(
    ("frame", "width", "theme"),
    [
        ("/styleguide/", 1440, "light"),
        pytest.param("/styleguide/portal/", 390, "dark", marks=pytest.mark.proof),
        pytest.param("/styleguide/", 1440, "dark", marks=pytest.mark.proof),
        pytest.param("/styleguide/portal/", 390, "light", marks=pytest.mark.proof),
    ],
)
def test_nothing_to_complain_of_for_assistive_technology(guide, live_server, frame, theme, width):
    guide.emulate_media(color_scheme=theme, reduced_motion="reduce")
    guide.set_viewport_size({"width": width, "height": 900})
    guide.goto(live_server.url + frame)
    found = Axe().run(guide, options={"runOnly": RULES}).response["violations"]
    assert [(item["id"], item["nodes"][0]["html"]) for item in found] == []
    assert guide.evaluate("document.documentElement.scrollWidth <= innerWidth"), "the page scrolls sideways"


def test_a_clock_counts_down_into_breach_without_a_reload(guide):
    guide.clock.install()
    guide.reload()
    chip = guide.locator("time.clock[data-state=soon]").first
    chip.evaluate("chip => chip.id = 'watched'")
    guide.clock.run_for(2_000)
    before = guide.locator("#watched .clock-text").inner_text()
    guide.clock.run_for(60_000)
    assert guide.locator("#watched .clock-text").inner_text() != before
    guide.clock.run_for(15 * 60_000)
    assert guide.locator("#watched").get_attribute("data-state") == "breached"


def test_the_theme_is_kept_by_the_server(guide):
    guide.locator("[data-theme-choice=dark]").first.evaluate("button => button.click()")
    guide.reload()
    assert guide.locator("html").get_attribute("data-theme") == "dark"
    guide.locator("[data-theme-choice=system]").first.evaluate("button => button.click()")
    guide.reload()
    assert guide.locator("html").get_attribute("data-theme") is None


def test_a_draft_survives_a_reload_and_can_be_thrown_away(guide):
    guide.fill("#plain_subject", "数据同步异常")
    guide.check("#plain_impact_1")
    guide.reload()
    assert guide.input_value("#plain_subject") == "数据同步异常"
    assert guide.is_checked("#plain_impact_1")
    guide.click("[data-draft-discard]")
    guide.reload()
    assert guide.input_value("#plain_subject") == ""


def test_files_add_up_and_can_be_dropped_again(guide):
    control = guide.locator("[data-upload] input[type=file]")
    control.set_input_files([{"name": "a.log", "mimeType": "text/plain", "buffer": b"a"}])
    guide.locator("[data-upload]").evaluate(
        """zone => {
            const pasted = new DataTransfer();
            pasted.items.add(new File(["x"], "image.png", { type: "image/png" }));
            zone.closest("form").dispatchEvent(new ClipboardEvent("paste", { clipboardData: pasted, bubbles: true }));
        }"""
    )
    names = guide.locator("[data-upload] .file-item > span").all_inner_texts()
    assert names[0] == "a.log"
    assert names[1].startswith("screenshot-")
    guide.locator("[data-upload] .file-item button").first.click()
    assert control.evaluate("input => [...input.files].map(file => file.name)") == names[1:]


def test_menu_and_dialog_close_by_escape_and_give_focus_back(guide):
    menu = guide.locator("details.menu", has_text="Move to")
    menu.locator("summary").click()
    guide.keyboard.press("ArrowDown")
    assert guide.evaluate("document.activeElement.textContent").strip() == "Waiting for customer"
    guide.keyboard.press("Escape")
    assert menu.get_attribute("open") is None
    assert guide.evaluate("document.activeElement.tagName") == "SUMMARY"
    guide.click("[data-dialog=sample-dialog]")
    assert guide.locator("#sample-dialog").is_visible()
    guide.keyboard.press("Escape")
    assert not guide.locator("#sample-dialog").is_visible()


def test_rows_are_walked_by_keys_and_the_keys_can_be_turned_off(guide):
    guide.keyboard.press("j")
    guide.keyboard.press("j")
    assert guide.evaluate("document.activeElement.getAttribute('href')") == "#t2"
    guide.keyboard.press("?")
    guide.uncheck("[data-shortcuts-switch]")
    guide.keyboard.press("Escape")
    guide.locator("#t-none, h1").first.click()
    guide.keyboard.press("/")
    assert guide.evaluate("document.activeElement.name ?? ''") != "q"


HEARD = """addEventListener("live:queue", (event) => {
    document.documentElement.dataset.heard += ` ${event.detail.id ?? event.detail.reason}`;
});"""


@pytest.fixture
def streamed(page, live_server, settings):
    """Open the guide with a stream and one listener; the test says what the stream answers."""
    settings.DEBUG = True

    def with_stream(route) -> None:
        answer = route.fetch()
        listener = '<i hx-trigger="live:queue from:body"></i></body>'
        body = answer.text().replace("<body ", '<body data-events-url="/fake-stream" ').replace("</body>", listener)
        route.fulfill(response=answer, body=body)

    def open_with(**answer) -> None:
        page.route("**/styleguide/", with_stream)
        page.route("**/fake-stream", lambda route: route.fulfill(**answer))
        page.add_init_script(HEARD)
        page.goto(live_server.url + "/styleguide/")

    return open_with


def test_hints_become_events_and_a_lost_stream_means_refetch(page, streamed):
    """The stream gives one hint and breaks; the listener hears the hint, then the reconnect."""
    hint = f"retry: 50\ndata: {json.dumps({'topic': 'queue', 'id': 42})}\n\n"
    streamed(content_type="text/event-stream", body=hint)
    expect(page.locator("html")).to_have_attribute("data-heard", re.compile(r" 42\b.* reconnect\b"))


def test_a_dropped_line_means_refetch_before_it_is_back(page, streamed):
    streamed(content_type="text/event-stream", body="retry: 600000\n\n")
    expect(page.locator("html")).to_have_attribute("data-heard", re.compile(r" dropped\b"))


def test_without_a_stream_the_page_polls(page, streamed):
    page.clock.install()
    streamed(status=503, body="")
    expect(page.locator("body")).to_have_attribute("data-live", "polling")
    page.clock.run_for(16_000)
    expect(page.locator("html")).to_have_attribute("data-heard", re.compile(r" poll\b"))


def test_it_is_not_there_without_debug(client, settings):
    settings.DEBUG = False
    assert client.get(reverse("styleguide")).status_code == 404


def test_a_whole_page_never_lands_in_a_corner(guide):
    """After the session ended, a fragment request ends at the sign-in page."""
    guide.evaluate(
        """() => {
            const part = document.createElement("div");
            part.id = "corner";
            part.setAttribute("hx-get", "/accounts/login/");
            part.setAttribute("hx-trigger", "go");
            document.querySelector("main").append(part);
            htmx.process(part);
            htmx.trigger(part, "go");
        }"""
    )
    expect(guide.locator("#toasts .alert-error")).to_be_visible()
    assert guide.locator("#corner").inner_html() == ""
