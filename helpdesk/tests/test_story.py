"""The whole story with three people signed in: from the form to the figure, on a real worker and a real beat.

Time is moved by the test clock, one database row that every process reads; nothing is called that delivers, escalates
or sends: the test only waits for what worker and beat do. Beat rings the product's own table, each bell every second.
"""

import re
from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from django.conf import settings
from django.test import Client
from playwright.sync_api import Browser, Locator, Page, expect

from accounts.models import Team, User
from accounts.tests.factories import OrganizationFactory, UserFactory, give_role, make_agent, make_customer, make_lead
from feedback.models import Survey
from helpdesk.tests.processes import Processes, processes, wait_until
from helpdesk.tests.story_pages import (
    answer_survey,
    every_bell_was_heard,
    fill_in,
    mail_to,
    news,
    open_answer_link,
    resolve,
    send,
    write,
)
from knowledge.models import Article
from outbox import clock
from outbox.models import Delivery, Heartbeat
from sla.models import Clock
from tickets.models import Escalation, Resolution, Ticket

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def house(tmp_path, live_server, monkeypatch, settings) -> Iterator[Processes]:
    """A worker and a beat that are at work; their mails lead to the live server."""
    settings.SITE_URL = live_server.url
    monkeypatch.setenv("SITE_URL", live_server.url)
    with processes(tmp_path) as running:
        running.beat(quick=True)
        running.worker()
        yield running


@pytest.fixture
def people() -> dict[str, User]:
    team = Team.objects.get(is_fallback=True)  # no rule routes the words of this story
    return {
        "customer": make_customer(OrganizationFactory(), name="Mei Lin"),
        "agent": make_agent(team, name="Ann Agent"),
        "lead": make_lead(team, name="Leo Lead"),
        "rnd": give_role(UserFactory(name="Ray Rnd"), "rnd"),
    }


@pytest.fixture
def enter(browser: Browser, live_server) -> Iterator[Callable[..., Page]]:
    """Open a browser of its own for a person (None: nobody), with every complaint of its console kept."""
    expect.set_options(timeout=20_000)
    contexts, complaints = [], []

    def open_for(person: User | None, **options: object) -> Page:
        context = browser.new_context(base_url=live_server.url, locale="en-GB", **options)
        contexts.append(context)
        if person is not None:
            client = Client()
            client.force_login(person, backend="django.contrib.auth.backends.ModelBackend")
            name = settings.SESSION_COOKIE_NAME
            context.add_cookies([{"name": name, "value": client.cookies[name].value, "url": live_server.url}])
        page = context.new_page()
        page.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.clock.install()
        return page

    yield open_for
    for context in contexts:
        context.close()
    expect.set_options(timeout=5_000)
    assert complaints == []


def row_of(page: Page, ticket: Ticket) -> Locator:
    return page.locator(f"#escalation-{ticket.number}")


def test_from_the_form_to_the_figure(house, people, enter):
    customer, agent, lead = enter(people["customer"]), enter(people["agent"]), enter(people["lead"])
    ticket = submit(customer, people)
    look_in(agent, lead, ticket)
    escalate(lead, people, ticket)
    answer(agent, customer, people, ticket)
    resolve_and_confirm(agent, customer, people, ticket)
    publish(agent, lead, customer, ticket)
    second = refute(agent, customer, people)
    phone = enter(None, viewport={"width": 390, "height": 844}, is_mobile=True, has_touch=True)
    follow_up(lead, phone, people, ticket)
    not_solved(phone, people, second)


def submit(customer: Page, people: dict[str, User]) -> Ticket:
    """The grade is shown with its promise before sending; number and mail come at once; somebody has it."""
    fill_in(customer, "Nothing can be shipped", "The warehouse screens stay white since this morning.")
    customer.locator("label.choice-card", has=customer.locator("input[name=impact][value=business]")).click()
    customer.locator("label.choice-card", has=customer.locator("input[name=urgency][value=blocked]")).click()
    customer.clock.run_for(2_000)
    expect(customer.locator("#grade .sev-promise-S")).to_contain_text("30 minutes")
    ticket = send(customer)
    mail_to(people["customer"], ticket.number)
    assert (ticket.severity, ticket.team.is_fallback, ticket.assignee) == ("S", True, people["agent"])
    running = Clock.objects.filter(ticket=ticket, state="running")
    assert set(running.values_list("metric", flat=True)) >= {"first_response", "workaround"}
    return ticket


def look_in(agent: Page, lead: Page, ticket: Ticket) -> None:
    """Agent and lead open the pages that stay open from now on."""
    wait_until(lambda: Heartbeat.objects.exists(), "beat and worker are at work")
    agent.goto(f"/desk/tickets/{ticket.number}/")
    expect(agent.locator("#ticket-head")).to_contain_text("Nothing can be shipped")
    lead.goto("/desk/escalations/")
    expect(row_of(lead, ticket)).to_have_count(0)


def escalate(lead: Page, people: dict[str, User], ticket: Ticket) -> None:
    """Warned at 75 %, missed at 30 minutes: the row comes into the open page; the lead calls in and acknowledges."""
    first = Clock.objects.filter(ticket=ticket, metric="first_response")
    clock.shift(timedelta(minutes=25))
    wait_until(lambda: first.filter(warned_at__isnull=False).exists(), "the warning")
    assert not first.filter(breached_at__isnull=False).exists()
    news(lead)
    expect(row_of(lead, ticket)).to_have_class(re.compile("escalation-soon"))
    clock.shift(timedelta(minutes=31))
    wait_until(lambda: Escalation.objects.filter(ticket=ticket, level=1).exists(), "the escalation")
    mail_to(people["lead"], ticket.number)
    news(lead)
    row = row_of(lead, ticket)
    expect(row).to_have_attribute("data-unacknowledged", "")
    row.locator("summary").click()
    row.locator("a[href$='/call-in/']").click()
    lead.locator("#lead-dialog").get_by_label("Ray Rnd").check()
    lead.locator("#lead-dialog button.btn-primary").click()
    mail_to(people["rnd"], ticket.number)
    row_of(lead, ticket).get_by_role("button", name="Acknowledge").click()
    expect(lead.locator("[data-unacknowledged]")).to_have_count(0)
    done = Escalation.objects.get(ticket=ticket, level=1)
    assert done.acknowledged_by == people["lead"]


def answer(agent: Page, customer: Page, people: dict[str, User], ticket: Ticket) -> None:
    """The agent sees the breach live, says why, gives the workaround, asks back; the customer answers in the portal."""
    news(agent)
    notice = agent.locator("#ticket-notices")
    expect(notice).to_contain_text("Missed")
    notice.locator("a[href$='/breach-reason/']").click()
    agent.locator("#action-body textarea").fill("The alert went to a phone that was off.")
    agent.locator("#action-body button.btn-primary").click()
    expect(notice).not_to_contain_text("Missed")
    assert Escalation.objects.get(ticket=ticket, level=1).reason_by == people["agent"]
    write(agent, "Please use the old screens at /classic meanwhile.", mark="workaround")
    metrics = dict(Clock.objects.filter(ticket=ticket, cycle=1, subject="").values_list("metric", "state"))
    assert (metrics["first_response"], metrics["workaround"]) == ("missed", "met")
    write(agent, "Which browser do you use?", status="pending")
    expect(agent.locator("#ticket-head .status-pending")).to_be_visible()
    assert Clock.objects.filter(ticket=ticket, state="paused").exists()
    assert not Clock.objects.filter(ticket=ticket, state="running").exists()
    customer.goto(f"/tickets/{ticket.number}/")
    expect(customer.locator("#story")).to_contain_text("Which browser do you use?")
    customer.locator("#write textarea").fill("Firefox 140 on all of them.")
    customer.locator("#write button.btn-primary").click()
    expect(customer.locator("#story")).to_contain_text("Firefox 140")
    news(agent)
    expect(agent.locator("#conversation")).to_contain_text("Firefox 140")
    expect(agent.locator("#ticket-head .status-open")).to_be_visible()


def resolve_and_confirm(agent: Page, customer: Page, people: dict[str, User], ticket: Ticket) -> None:
    """Cause, solution and proof; the link of the mail asks, and only the answer closes."""
    resolve(agent, "The new font service refused Firefox.", "The service takes Firefox again.")
    open_answer_link(customer, people, ticket, said="yes")
    assert Ticket.objects.get(pk=ticket.pk).status == "resolved"
    customer.locator("button[value=solved]").click()
    expect(customer.locator("h1")).to_contain_text("Thank you")
    assert Ticket.objects.get(pk=ticket.pk).status == "closed"
    assert Resolution.objects.get(ticket=ticket).confirmed_at


def publish(agent: Page, lead: Page, customer: Page, ticket: Ticket) -> None:
    """One step to a draft, a review, a public page."""
    news(agent)
    agent.locator("#ticket-head form[action$='/draft-article/'] button").click()
    expect(agent.locator("#id_cause")).to_have_value("The new font service refused Firefox.")
    agent.locator("button[name=then][value=submit]").click()
    agent.wait_for_url("**/desk/articles/*/")
    article = Article.objects.get(ticket_links__ticket=ticket)
    assert article.state == "in_review"
    assert customer.request.get(f"/articles/{article.slug}/").status == 404
    lead.goto(f"/desk/articles/{article.pk}/")
    lead.locator("form:has(input[name=move][value=publish]) button").click()
    wait_until(lambda: Article.objects.get(pk=article.pk).state == "published", "the lead publishes")
    customer.goto(f"/articles/{article.slug}/")
    expect(customer.locator("main")).to_contain_text("The new font service refused Firefox.")


def refute(agent: Page, customer: Page, people: dict[str, User]) -> Ticket:
    """A second problem: the mail's link says «not solved», the lead is told, the agent resolves once more."""
    fill_in(customer, "The printer is silent", "It takes the paper and prints nothing.")
    ticket = send(customer)
    agent.goto(f"/desk/tickets/{ticket.number}/")
    resolve(agent, "No paper.", "Paper added.")
    open_answer_link(customer, people, ticket, said="no")
    customer.locator("[name=comment]").fill("It is still silent.")
    customer.locator("button[value=unsolved]").click()
    expect(customer.locator("h1")).to_contain_text("sorry")
    is_open_again(people, ticket, cycle=2)
    news(agent)
    expect(agent.locator("#conversation")).to_contain_text("It is still silent.")
    resolve(agent, "A torn cable.", "Cable replaced.")
    return ticket


def is_open_again(people: dict[str, User], ticket: Ticket, *, cycle: int) -> None:
    """A new cycle with clocks of its own, and a mail that reached the lead."""
    ticket.refresh_from_db()
    assert (ticket.status, ticket.cycle) == ("open", cycle)
    assert Clock.objects.filter(ticket=ticket, cycle=cycle, state="running").exists()
    about = {"intent__payload__ticket": ticket.pk, "intent__payload__cycle": cycle}
    told = Delivery.objects.filter(user=people["lead"], intent__kind="ticket.reopened", channel="mail", **about)
    wait_until(lambda: told.filter(state="accepted").exists(), "the lead is told")


def follow_up(lead: Page, phone: Page, people: dict[str, User], ticket: Ticket) -> None:
    """48 hours later the survey comes by mail, is answered on a phone without sign-in, and is a figure."""
    clock.shift(timedelta(hours=47, minutes=31))
    every_bell_was_heard()
    assert not Survey.objects.exists()
    clock.shift(timedelta(hours=50))
    answer_survey(phone, people, ticket, solved="yes", scores=(5, 3, 4))
    expect(phone.locator("h1")).to_contain_text("Thank you!")
    survey = Survey.objects.get(ticket=ticket)
    assert (survey.resolution_score, survey.speed_score, survey.attitude_score) == (5, 3, 4)
    assert survey.is_solved
    lead.goto("/desk/reports/")
    said = lead.locator(".card", has=lead.get_by_role("heading", name="What customers say"))
    expect(said.locator("tbody tr .strong")).to_contain_text(["5.00", "3.00", "4.00"])


def not_solved(phone: Page, people: dict[str, User], ticket: Ticket) -> None:
    """The other answer: «No» in the survey opens the ticket again, with new clocks, and tells the lead."""
    assert Ticket.objects.get(pk=ticket.pk).status == "resolved"
    answer_survey(phone, people, ticket, solved="no", scores=(1, 3, 4))
    expect(phone.locator("h1")).to_contain_text("sorry")
    is_open_again(people, ticket, cycle=3)
    assert Survey.objects.get(ticket=ticket).is_solved is False
