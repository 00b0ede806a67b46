"""Splitting and telling all in a real browser, by keyboard."""

import pytest
from django.conf import settings

from accounts.tests.factories import TeamFactory, make_agent
from outbox import clock
from tickets.models import Ticket
from tickets.services.conversation import customer_message
from tickets.services.linking import set_parent
from tickets.tests.factories import make_ticket
from tickets.tests.test_queue_page import signed_in

pytestmark = [pytest.mark.proof, pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def team():
    return TeamFactory()


@pytest.fixture
def agent(team):
    return make_agent(team)


@pytest.fixture
def page(context, live_server, agent):
    session = signed_in(agent).cookies[settings.SESSION_COOKIE_NAME].value
    context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": session, "url": live_server.url}])
    page = context.new_page()
    page.problems = []
    page.on("pageerror", lambda error: page.problems.append(str(error)))
    page.on("console", lambda line: page.problems.append(line.text) if "Content Security" in line.text else None)
    return page


def test_a_message_is_split_and_the_incident_told_by_keyboard(page, live_server, agent, team):
    from playwright.sync_api import expect

    incident, case = (make_ticket(team=team, assignee=agent, now=clock.now(), subject=f"t{n}") for n in range(2))
    set_parent(tickets=[case], parent=incident, actor=agent)
    asked = customer_message(ticket=incident, author=incident.requester, body="The printer smokes")
    page.goto(f"{live_server.url}/desk/tickets/{incident.number}/")
    page.locator("#composer textarea").fill("half a thought")
    menu = page.locator(f"#m{asked.pk} .message-menu summary")
    menu.focus()
    page.keyboard.press("Enter")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    dialog = page.locator("#action-body")
    expect(dialog.locator("input[name=subject]")).to_have_value("The printer smokes")
    dialog.locator("input[name=subject]").fill("Printer")
    page.keyboard.press("Enter")
    expect(page.locator("#action-dialog")).to_be_hidden()
    new = Ticket.objects.latest("pk")
    expect(page.locator(f"#m{asked.pk}")).to_contain_text(new.number)
    expect(page.locator("#composer textarea")).to_have_value("half a thought")
    page.locator("#panel-family a[href$='/tell-children/']").click()
    dialog.locator("textarea").fill("We found it.")
    page.keyboard.press("Control+Enter")
    expect(page.locator("#action-dialog")).to_be_hidden()
    expect(page.locator("#panel-family .family-told")).to_be_visible()
    assert case.messages.filter(kind="public", body__endswith="We found it.").count() == 1
    assert page.problems == []
