"""Two people on one ticket at once, each in a browser of their own."""

import pytest
from django.conf import settings

from accounts.tests.factories import TeamFactory, make_agent
from outbox import clock
from tickets.tests.factories import make_ticket
from tickets.tests.test_queue_page import signed_in

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
_HINT = "document.body.dispatchEvent(new CustomEvent('live:presence'))"  # as the live stream says it


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
    his.evaluate(f"setInterval(() => {_HINT}, 200)")  # hints may be lost and may come twice
    expect(his.locator("#presence")).to_contain_text("Li Na is looking at this too")
    with hers.expect_response(f"**{address}here/"):
        hers.locator("#composer textarea").press_sequentially("Please")
    expect(his.locator("#presence")).to_contain_text("Li Na is writing a reply")
    with hers.expect_response(f"**{address}here/"):
        hers.locator("#composer textarea").fill("")
    expect(his.locator("#presence")).to_contain_text("Li Na is looking at this too")
    queue = open_as(wudi, "/desk/")
    expect(queue.locator(f"#here-{ticket.pk}")).to_contain_text("viewing: 1")
    hers.goto(hers.url.replace(address, "/desk/"))
    # The word of a page that goes is no request that could be waited for; a mark would stay for 50 seconds without it.
    expect(his.locator("#presence")).to_be_empty()
    assert (hers.problems, his.problems, queue.problems) == ([], [], [])
