"""What the hands do in the story of `test_story`: forms, buttons, links of mails."""

import re

from playwright.sync_api import Page, expect

from accounts.models import User
from helpdesk.tests.processes import wait_until
from outbox.models import Heartbeat, MailboxMessage
from tickets.models import Ticket

POLL = 21_000  # ms: an open page has asked for news by then


def mail_to(person: User, pattern: str) -> re.Match:
    """Wait for a mail to ``person`` whose subject or text fits; the match."""
    found: list[re.Match] = []

    def came() -> bool:
        mails = MailboxMessage.objects.filter(to__icontains=person.email).order_by("-pk")
        texts = (f"{mail.subject}\n{mail.text}" for mail in mails)
        found.extend(match for text in texts if (match := re.search(pattern, text)))
        return bool(found)

    wait_until(came, f"a mail to {person.email} with {pattern}")
    return found[0]


def news(page: Page) -> None:
    """Let the open page ask for news, as it does every few seconds without a stream; it is not loaded anew."""
    page.clock.run_for(POLL)


def fill_in(customer: Page, subject: str, description: str) -> None:
    """Open the form and say what happens."""
    customer.goto("/submit/")
    customer.locator("#id_subject").fill(subject)
    customer.locator("#id_description").fill(description)


def send(customer: Page) -> Ticket:
    """Press the button; the ticket whose number the page gives."""
    customer.locator(".submit-form button.btn-primary").click()
    return Ticket.objects.get(number=customer.locator(".thanks-number").inner_text().strip())


def write(agent: Page, text: str, *, mark: str = "", status: str = "") -> None:
    """Send a reply from the open ticket page and see it in the conversation."""
    composer = agent.locator("#composer")
    composer.locator("textarea").fill(text)
    if mark:
        composer.locator(f"input[name=marks][value={mark}]").check()
    if status:
        composer.locator("select[name=status]").select_option(status)
    composer.locator("button.btn-primary").click()
    agent.locator("#composer [data-send-now]").click()  # nobody takes it back
    expect(agent.locator("#conversation")).to_contain_text(text)
    expect(agent.locator("#composer textarea")).to_have_value("")


def resolve(agent: Page, cause: str, solution: str) -> None:
    """Resolve the ticket of the open page, with a test as the proof."""
    agent.locator("#ticket-head a[href$='/resolve/']").click()
    form = agent.locator("#action-body")
    form.locator("[name=cause]").fill(cause)
    form.locator("[name=solution]").fill(solution)
    form.locator("input[name=verification][value=test]").check()
    form.locator("[name=proof]").fill("Tried it ourselves.")
    form.locator("button.btn-primary").click()
    expect(agent.locator("#ticket-notices .resolution")).to_contain_text(cause)


def open_answer_link(customer: Page, people: dict[str, User], ticket: Ticket, *, said: str) -> None:
    """Follow the link «yes» or «no» of the mail that asks whether ``ticket`` is solved."""
    link = mail_to(people["customer"], rf"{ticket.number}[\s\S]*?https?://\S+(/answer/[^\s)>\]]+answer={said})")[1]
    customer.goto(link)


def answer_survey(phone: Page, people: dict[str, User], ticket: Ticket, *, solved: str, scores: tuple) -> None:
    """Follow the link of the survey's mail and answer all questions; the width is that of a phone."""
    phone.goto(mail_to(people["customer"], rf"{ticket.number}[\s\S]*?https?://\S+(/survey/[^\s)>\]]+)")[1])
    assert phone.evaluate("document.documentElement.scrollWidth") <= 390
    phone.locator(f"label:has(input[name=is_solved][value={solved}])").click()
    for name, score in zip(("resolution_score", "speed_score", "attitude_score"), scores, strict=True):
        phone.locator(f".scale label:has(input[name={name}][value='{score}'])").click()
    phone.locator("[name=suggestion]").fill("A word on the status page would help.")
    phone.locator("form.survey button.btn-primary").click()


def every_bell_was_heard() -> None:
    """Twice the heartbeat, which beat rings as often as every other bell: each of these was answered in between."""
    for _ in range(2):
        before = Heartbeat.objects.get(name="worker").beat_at
        wait_until(lambda before=before: Heartbeat.objects.get(name="worker").beat_at > before, "a heartbeat")
