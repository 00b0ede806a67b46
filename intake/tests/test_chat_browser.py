"""The chat on a site of others: two origins, a visitor and an agent at once, a hostile page, a lost line."""

import threading
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.conf import settings as django_settings
from playwright.sync_api import expect

from accounts.models import User
from accounts.tests.factories import TeamFactory, make_agent
from intake.chat.models import ChatConversation, ChatWidget
from knowledge.tests.factories import published
from tickets.models import Message, Ticket
from tickets.services.conversation import reply
from tickets.tests.test_queue_page import signed_in

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

_SOON = 20_000  # milliseconds on a busy machine
#: As strict as a site can be: nothing but our script and our frame.
_POLICY = "default-src 'none'; script-src {ours}; frame-src {ours}"
_PAGE = """<!doctype html><html lang="{language}"><head><title>A site</title></head><body><h1>A site</h1>
<a href="#">A link</a><script src="{ours}/embed/chat.js" data-key="{token}" defer></script></body></html>"""


@pytest.fixture
def site(live_server):
    """Serves a page with the tag at an origin of its own: `site(widget)` is its address."""
    told = {}

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            body = told["page"].encode()
            self.send_response(200)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.send_header("Content-Security-Policy", _POLICY.format(ours=live_server.url))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()

    class Site:
        origin = f"http://localhost:{server.server_port}"  # another origin of the same site, as www beside help
        foreign = f"http://127.0.0.1:{server.server_port}"  # another site, to which this browser grants no storage

        def carry(self, widget, *, at=""):
            told["page"] = _PAGE.format(ours=live_server.url, token=widget.token, language="en")
            return at or self.origin

    yield Site()
    server.shutdown()
    server.server_close()


@pytest.fixture
def team(settings, live_server):
    settings.SITE_URL = live_server.url
    return TeamFactory()


@pytest.fixture
def widget(team, site):
    return ChatWidget.objects.create(name="Site", origins=[site.origin, site.foreign], team=team, language="en")


@pytest.fixture
def problems(page):
    heard = []
    page.on("pageerror", lambda error: heard.append(str(error)))
    page.on("console", lambda line: heard.append(line.text) if "Content Security Policy" in line.text else None)
    return heard


def _open(page, address):
    page.goto(address)
    button = page.get_by_role("button", name="Open the chat")
    expect(button).to_be_visible(timeout=_SOON)
    button.focus()
    page.keyboard.press("Enter")
    frame = page.frame_locator("iframe")
    expect(frame.get_by_role("searchbox")).to_be_visible(timeout=_SOON)
    return frame


def _begin(frame, words):
    frame.get_by_role("button", name="Talk to somebody").click()
    frame.locator("#begin [name=name]").fill("Ann")
    frame.locator("#begin [name=body]").fill(words)
    frame.get_by_role("button", name="Begin the chat").click()
    expect(frame.locator(".chat-line")).to_contain_text(words, timeout=_SOON)


def test_from_the_article_to_the_answer_and_back_after_a_reload(
    page, browser, live_server, site, team, widget, problems, monkeypatch
):
    monkeypatch.setattr("tickets.services.drafts.HOLD", timedelta(seconds=1))  # an answer may be taken back for so long
    agent = make_agent(team, name="Li Na")
    published(title="Printing stops", problem="The printer stops", language="en")
    frame = _open(page, site.carry(widget))
    frame.get_by_role("searchbox").fill("printer stops")
    frame.get_by_role("link", name="Printing stops").click()
    expect(frame.locator("#article")).to_contain_text("The printer stops", timeout=_SOON)
    frame.get_by_role("button", name="Back", exact=True).click()
    _begin(frame, "It prints nothing")
    ticket = Ticket.objects.get()
    assert (ticket.channel, ticket.team, ticket.assignee) == ("chat", team, agent)

    context = browser.new_context()
    session = signed_in(agent).cookies[django_settings.SESSION_COOKIE_NAME].value
    context.add_cookies([{"name": django_settings.SESSION_COOKIE_NAME, "value": session, "url": live_server.url}])
    desk = context.new_page()
    desk.goto(f"{live_server.url}/desk/tickets/{ticket.number}/")
    context.add_cookies([{"name": "django_language", "value": "en", "url": live_server.url}])
    desk.reload()
    expect(desk.locator("#panel-chat")).to_contain_text("in the chat now", timeout=_SOON)
    desk.locator("#composer textarea").press_sequentially("Switch it off")
    expect(frame.locator("#writes")).to_contain_text("Somebody is writing", timeout=_SOON)
    desk.locator("#composer textarea").fill("Switch it off <b>and</b> on.")
    desk.locator("#composer textarea").press("Control+Enter")
    expect(frame.locator(".chat-line").last).to_contain_text("Switch it off <b>and</b> on.", timeout=_SOON)
    expect(frame.locator(".chat-line").last).to_contain_text("Li Na")

    frame.locator("#words").fill("That helped")
    frame.locator("#words").press("Enter")
    expect(frame.locator(".chat-waits")).to_have_count(0, timeout=_SOON)
    frame.locator("#words").fill("half a sent")
    page.reload()
    page.get_by_role("button", name="Open the chat").click()
    frame = page.frame_locator("iframe")
    expect(frame.locator(".chat-line")).to_have_count(3, timeout=_SOON)
    assert frame.locator("#words").input_value() == "half a sent"
    assert [row.body for row in Message.objects.order_by("pk")][-1] == "That helped"

    frame.get_by_role("button", name="End the chat").click()
    frame.get_by_role("button", name="End the chat").click()
    expect(frame.locator("#over")).to_be_visible(timeout=_SOON)
    page.keyboard.press("Escape")
    expect(page.get_by_role("button", name="Open the chat")).to_be_focused()
    assert ChatConversation.objects.get().ended_at is not None
    assert problems == []
    context.close()


@pytest.mark.proof
def test_a_browser_that_grants_no_storage_talks_as_long_as_the_page_is_open(page, site, team, widget, problems):
    make_agent(team)
    frame = _open(page, site.carry(widget, at=site.foreign))
    assert page.frames[-1].evaluate("(() => { try { return !!localStorage; } catch { return false; } })()") is False
    frame.get_by_role("button", name="Talk to somebody").click()
    expect(frame.locator("#no-storage")).to_be_visible()
    frame.get_by_role("button", name="Back", exact=True).click()
    _begin(frame, "It prints nothing")
    frame.locator("#words").fill("Nothing at all")
    frame.locator("#words").press("Enter")
    expect(frame.locator(".chat-waits")).to_have_count(0, timeout=_SOON)
    assert [row.body for row in Message.objects.order_by("pk")] == ["It prints nothing", "Nothing at all"]
    assert problems == []


def test_a_site_that_is_not_on_the_list_shows_nothing_and_learns_nothing(page, site, widget):
    ChatWidget.objects.update(origins=["https://www.example.com"])
    page.goto(site.carry(widget))
    page.wait_for_timeout(3000)  # nothing is to happen; there is nothing to wait for
    assert page.get_by_role("button").count() == 0
    frame = page.frames[-1]
    assert frame.url.startswith("chrome-error:")


def test_a_hostile_page_may_read_nothing_even_with_a_sign_in(page, context, live_server, site, team, widget):
    agent = make_agent(team)
    session = signed_in(agent).cookies[django_settings.SESSION_COOKIE_NAME].value
    context.add_cookies([{"name": django_settings.SESSION_COOKIE_NAME, "value": session, "url": live_server.url}])
    read = """async (address) => {
      try {
        return await (await fetch(address, {method: "POST", credentials: "include"})).text();
      } catch { return "refused"; }
    }"""
    page.context.route(
        f"{site.foreign}/plain", lambda route: route.fulfill(body="<h1>x</h1>", content_type="text/html")
    )
    page.goto(f"{site.foreign}/plain")
    for path in ("search/", "news/", "start/"):
        assert page.evaluate(read, f"{live_server.url}/embed/chat/{widget.token}/{path}") == "refused"
    assert Ticket.objects.count() == 0
    page.goto(f"{live_server.url}/embed/demo/")  # the same question of a page of ours is answered
    assert page.evaluate(read, f"{live_server.url}/embed/chat/{widget.token}/search/") != "refused"


@pytest.mark.proof
def test_what_is_sent_without_a_line_is_sent_later_and_once(page, context, site, team, widget):
    make_agent(team)
    frame = _open(page, site.carry(widget))
    _begin(frame, "First")
    context.set_offline(True)
    frame.locator("#words").fill("Second")
    frame.locator("#words").press("Enter")
    expect(frame.locator("#offline")).to_be_visible(timeout=_SOON)
    expect(frame.locator(".chat-waits")).to_contain_text("Second")
    context.set_offline(False)
    expect(frame.locator(".chat-waits")).to_have_count(0, timeout=_SOON)
    expect(frame.locator("#offline")).to_be_hidden(timeout=_SOON)
    assert [row.body for row in Message.objects.order_by("pk")] == ["First", "Second"]


@pytest.mark.proof
def test_a_second_page_of_the_site_goes_on_with_the_chat_of_the_first(page, context, site, team, widget):
    make_agent(team)
    address = site.carry(widget)
    frame = _open(page, address)
    second = context.new_page()
    other = _open(second, address)
    other.get_by_role("button", name="Talk to somebody").click()
    _begin(frame, "First")
    other.locator("#begin [name=name]").fill("Ann")
    other.locator("#begin [name=body]").fill("Second")
    other.get_by_role("button", name="Begin the chat").click()
    expect(other.locator(".chat-line")).to_contain_text("First", timeout=_SOON)
    expect(other.locator("#words")).to_have_value("Second")
    assert Ticket.objects.count() == 1


@pytest.mark.proof
def test_every_field_that_is_wrong_is_named(page, site, team, widget):
    make_agent(team)
    frame = _open(page, site.carry(widget))
    frame.get_by_role("button", name="Talk to somebody").click()
    frame.get_by_role("button", name="Begin the chat").click()
    problem = frame.locator("#begin [data-problem]")
    expect(problem).to_contain_text("Please tell us your name.", timeout=_SOON)
    expect(problem).to_contain_text("Please write something.")


@pytest.mark.proof
def test_ending_asks_once_and_the_question_goes_away(page, site, team, widget):
    make_agent(team)
    page.clock.install()
    frame = _open(page, site.carry(widget))
    _begin(frame, "First")
    frame.get_by_role("button", name="End the chat").click()
    expect(frame.locator("#writes")).to_contain_text("Press once more")
    page.clock.run_for(8500)
    expect(frame.locator("#writes")).to_be_empty(timeout=_SOON)
    assert ChatConversation.objects.get().ended_at is None


@pytest.mark.proof
def test_an_answer_is_lost_and_the_words_come_once(page, site, team, widget):
    make_agent(team)
    frame = _open(page, site.carry(widget))
    _begin(frame, "First")
    lost = []

    def lose(route):
        if lost:
            return route.continue_()
        lost.append(route.fetch())  # it arrives; the answer does not
        return route.abort()

    page.context.route("**/say/", lose)
    frame.locator("#words").fill("Second")
    frame.locator("#words").press("Enter")
    expect(frame.locator(".chat-waits")).to_have_count(0, timeout=_SOON)
    expect(frame.locator(".chat-line")).to_have_count(2)
    assert lost and Message.objects.filter(body="Second").count() == 1


@pytest.mark.proof
def test_whoever_was_there_goes_and_the_words_leave_as_a_ticket(page, site, team, widget):
    agent = make_agent(team)
    frame = _open(page, site.carry(widget))
    frame.get_by_role("button", name="Talk to somebody").click()
    User.objects.filter(pk=agent.pk).update(on_duty=False)
    frame.locator("#begin [name=name]").fill("Ann")
    frame.locator("#begin [name=body]").fill("It stands\nsince noon")
    frame.get_by_role("button", name="Begin the chat").click()
    expect(frame.locator("#leave [data-problem]")).to_contain_text("Nobody is there", timeout=_SOON)
    assert frame.locator("#leave [name=subject]").input_value() == "It stands"
    assert frame.locator("#leave [name=description]").input_value() == "It stands\nsince noon"
    assert frame.locator("#leave [name=name]").input_value() == "Ann"
    assert Ticket.objects.count() == 0


@pytest.mark.proof
def test_a_flood_is_refused_and_loses_nothing(page, site, team, widget, monkeypatch):
    make_agent(team)
    monkeypatch.setattr("intake.chat.limits.STARTS_AN_HOUR", 0)
    frame = _open(page, site.carry(widget))
    frame.get_by_role("button", name="Talk to somebody").click()
    frame.locator("#begin [name=name]").fill("Ann")
    frame.locator("#begin [name=body]").fill("It stands")
    frame.get_by_role("button", name="Begin the chat").click()
    expect(frame.locator("#begin [data-problem]")).to_contain_text("wait a little", timeout=_SOON)
    page.reload()
    page.get_by_role("button", name="Open the chat").click()
    frame = page.frame_locator("iframe")
    frame.get_by_role("button", name="Talk to somebody").click()
    assert frame.locator("#begin [name=body]").input_value() == "It stands"


@pytest.mark.proof
def test_the_site_hears_how_many_are_unread_and_nothing_else(page, site, team, widget):
    agent = make_agent(team)
    page.add_init_script("window.heard = []; addEventListener('message', (event) => heard.push(event.data))")
    frame = _open(page, site.carry(widget))
    _begin(frame, "A secret matter")
    page.keyboard.press("Escape")
    reply(ticket=Ticket.objects.get(), actor=agent, body="A secret answer")
    frame.locator("body").evaluate("dispatchEvent(new Event('online'))")  # a closed panel asks every thirty seconds
    expect(page.get_by_role("button", name="Open the chat, 1 unread")).to_be_visible(timeout=_SOON)
    page.get_by_role("button", name="Open the chat, 1 unread").click()
    expect(frame.locator(".chat-line").last).to_contain_text("A secret answer")
    said = page.evaluate("heard")
    assert {key for one in said for key in one} <= {"helpdesk", "language", "count"}
    assert {one["helpdesk"] for one in said} == {"ready", "close", "unread"}
    assert "ecret" not in repr(said)


@pytest.mark.proof
def test_while_nobody_is_there_a_ticket_is_left(page, site, team, widget, monkeypatch):
    monkeypatch.setattr("intake.forms.LEAST_SECONDS", 0)
    TeamFactory._meta.model.objects.filter(is_fallback=True).first() or TeamFactory(is_fallback=True)
    frame = _open(page, site.carry(widget))
    expect(frame.get_by_role("button", name="Talk to somebody")).to_be_hidden()
    frame.get_by_role("button", name="Leave a ticket").click()
    frame.get_by_role("button", name="Send", exact=True).click()
    expect(frame.locator("#leave [data-problem]")).to_be_visible(timeout=_SOON)
    frame.locator("#leave [name=subject]").fill("It stands")
    frame.locator("#leave [name=description]").fill("Since noon")
    frame.locator("#leave [name=name]").fill("Ann")
    frame.locator("#leave [name=email]").fill("ann@example.org")
    frame.get_by_role("button", name="Send", exact=True).click()
    expect(frame.locator("#done-number")).not_to_be_empty(timeout=_SOON)
    ticket = Ticket.objects.get()
    assert frame.locator("#done-number").inner_text() == ticket.number
    assert (ticket.channel, ticket.requester.email) == ("chat", "ann@example.org")


@pytest.mark.proof
@pytest.mark.parametrize("language", ["zh-hans", "en"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_step_is_sound_for_everybody(page, live_server, team, language, scheme, problems):
    make_agent(team)
    published(title="Printing stops", problem="The printer stops", language=language)
    widget = ChatWidget.objects.create(name="Site", team=team, language=language)
    page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    page.set_viewport_size({"width": 390, "height": 700})
    page.goto(f"{live_server.url}/embed/chat/{widget.token}/")

    def look(step):
        assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth"), step
        found = [(one["id"], one["nodes"][0]["target"]) for one in Axe().run(page).response["violations"]]
        assert found == [], step

    look("find")
    page.click("[data-article]")
    page.wait_for_selector("#article h2")
    look("article")
    page.click("header [data-go]")
    page.click("[data-way=leave]")
    look("leave")
    page.click("header [data-go]")
    page.click("[data-way=begin]")
    look("begin")
    page.fill("#begin [name=name]", "Ann")
    page.fill("#begin [name=body]", "It stands")
    page.click("#begin button")
    page.wait_for_selector(".chat-line")
    look("talk")
    assert problems == []
