"""A real `make up`: an S ticket with a promise of seconds is escalated in the lead's open page, without a reload."""

import re

import pytest
from playwright.sync_api import Browser, Page, expect

from helpdesk.tests.conftest import FirstStart
from helpdesk.tests.real import RealUp
from intake.limits import LEAST_SECONDS

pytestmark = [pytest.mark.proof, pytest.mark.browser]
PROMISE = 15  # seconds to the first response
# The form takes nothing that was filled in quicker than people are, counted from when the server stamped the page.
_OPEN_LONG_ENOUGH = "least => performance.now() - performance.getEntriesByType('navigation')[0].responseStart > least"
FALLBACK = "SELECT u.email FROM accounts_team t JOIN accounts_user u ON u.id = t.lead_id WHERE t.is_fallback"


def test_the_escalation_comes_into_the_open_page(browser: Browser, installation: RealUp, first_start: FirstStart):
    up, printed = installation, first_start.printed
    up.start()
    up.query(
        "UPDATE sla_target SET amount = %s WHERE metric = 'first_response' AND policy_id IN "
        "(SELECT id FROM sla_policy WHERE severity = 'S')",
        PROMISE / 60,
    )
    # Everything that the form's words do not route comes to the team of the lead that the table names.
    email, password = re.findall(r"^\s*lead\s.*?(\S+@\S+)\s+(\S+)\s*$", printed, re.MULTILINE)[0]
    up.query("UPDATE accounts_team SET is_fallback = false")
    up.query(
        "UPDATE accounts_team SET is_fallback = true WHERE lead_id = (SELECT id FROM accounts_user WHERE email = %s)",
        email,
    )
    assert up.query(FALLBACK) == [(email,)]
    lead = _page(browser, up)
    _sign_in(lead, email, password)
    lead.goto("/desk/escalations/")
    expect(lead.locator("body")).to_have_attribute("data-live", "stream", timeout=30_000)
    lead.evaluate("window.notReloaded = true")
    number = _submit(_page(browser, up))
    row = lead.locator(f"#escalation-{number}[data-unacknowledged]")
    expect(row).to_be_visible(timeout=(PROMISE + 45) * 1000)
    assert lead.evaluate("window.notReloaded") is True
    assert up.query(
        "SELECT e.level, e.metric FROM tickets_escalation e JOIN tickets_ticket t ON t.id = e.ticket_id "
        "WHERE t.number = %s AND e.metric = 'first_response'",
        number,
    ) == [(1, "first_response")]
    row.get_by_role("button").first.click()
    expect(lead.locator(f"#escalation-{number}[data-unacknowledged]")).to_have_count(0)


def _page(browser: Browser, up: RealUp) -> Page:
    return browser.new_context(base_url=up.url, locale="en-GB").new_page()


def _sign_in(page: Page, email: str, password: str) -> None:
    page.goto("/accounts/login/")
    page.locator("[name=login]").fill(email)
    page.locator("[name=password]").fill(password)
    page.locator("form:has([name=password]) button").first.click()
    page.wait_for_url(lambda url: "/accounts/login" not in url)


def _submit(page: Page) -> str:
    """A stranger's problem by the public form; its number."""
    page.goto("/submit/")
    page.locator("#id_subject").fill("Zvb qwx nnm")
    page.locator("#id_description").fill("Zvb qwx nnm since this morning.")
    page.locator("label:has(input[name=impact][value=business])").click()
    page.locator("label:has(input[name=urgency][value=blocked])").click()
    page.locator("[name=name]").fill("Mei Lin")
    page.locator("[name=email]").fill("mei.lin@customer.example")
    expect(page.locator("#grade")).to_contain_text("S")
    page.wait_for_function(_OPEN_LONG_ENOUGH, arg=LEAST_SECONDS * 1000)
    page.locator(".submit-form button.btn-primary").click()
    return page.locator(".thanks-number").inner_text().strip()
