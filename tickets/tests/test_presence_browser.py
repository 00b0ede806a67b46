"""Two people on one ticket at once, each in a browser of their own."""

import pytest
from django.conf import settings

from accounts.tests.factories import TeamFactory, make_agent
from outbox import clock
from tickets.tests.factories import make_ticket
from tickets.tests.test_queue_page import signed_in

pytestmark = [pytest.mark.proof, pytest.mark.browser, pytest.mark.django_db(transaction=True)]
#: What the live stream says when somebody comes, writes or goes; here it is said again and again.
_HINTS = "setInterval(() => document.body.dispatchEvent(new CustomEvent('live:presence')), 200)"
_SOON = 20_000  # milliseconds on a busy machine; a mark of somebody who looks stays for 50 seconds by itself


@pytest.fixture
def open_as(browser, live_server):
    """Opens a page as somebody, in a browser of their own."""
    contexts = []

    def opened(person, path):
        context = browser.new_context()
        contexts.append(context)
        session = signed_in(person).cookies[settings.SESSION_COOKIE_NAME].value
        context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": session, "url": live_server.url}])
        page = context.new_page()
        page.problems = []
        page.on("pageerror", lambda error: page.problems.append(str(error)))
        page.on("console", lambda line: page.problems.append(line.text) if "Content Security" in line.text else None)
        page.goto(live_server.url + path)
        return page

    yield opened
    for context in contexts:
        context.close()


def test_each_sees_that_the_other_is_there_writes_and_leaves(open_as):
    from playwright.sync_api import expect

    team = TeamFactory()
    lina, wudi = make_agent(team, name="Li Na"), make_agent(team, name="Wu Di")
    ticket = make_ticket(team=team, assignee=lina, now=clock.now())
    address = f"/desk/tickets/{ticket.number}/"
    hers = open_as(lina, address)
    expect(hers.locator("#presence")).to_be_empty()
    his = open_as(wudi, address)
    others = his.locator("#presence")
    expect(others).to_contain_text("Li Na is looking at this too", timeout=_SOON)
    his.evaluate(_HINTS)
    hers.locator("#composer textarea").press_sequentially("Please")
    expect(others).to_contain_text("Li Na is writing a reply", timeout=_SOON)
    hers.locator("#composer textarea").fill("")
    expect(others).to_contain_text("Li Na is looking at this too", timeout=_SOON)
    queue = open_as(wudi, "/desk/")
    expect(queue.locator(f"#here-{ticket.pk}")).to_contain_text("viewing: 1")
    hers.goto(hers.url.replace(address, "/desk/"))
    expect(others).to_be_empty(timeout=_SOON)
    assert (hers.problems, his.problems, queue.problems) == ([], [], [])
