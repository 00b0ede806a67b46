"""The survey on a phone: accessible in both themes, and answered without a script."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from feedback.models import Survey

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
PHONE = {"width": 390, "height": 844}


@pytest.mark.proof
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_nothing_to_complain_of_on_a_phone(page, live_server, link, theme):
    page.set_viewport_size(PHONE)
    page.emulate_media(color_scheme=theme)
    page.goto(live_server.url + link)
    for _round in ("empty", "with errors"):
        found = Axe().run(page, options={"runOnly": RULES}).response["violations"]
        assert [(item["id"], item["nodes"][0]["html"]) for item in found] == []
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "the page scrolls sideways"
        page.locator("form.survey").evaluate("form => { form.noValidate = true; form.requestSubmit(); }")
        expect(page.locator(".field-invalid")).to_have_count(4)


def test_answered_without_a_script(browser, live_server, link):
    context = browser.new_context(java_script_enabled=False, viewport=PHONE, locale="en-US")
    page = context.new_page()
    page.goto(live_server.url + link)
    page.get_by_label("No, it is not").check()
    for name in ("resolution_score", "speed_score", "attitude_score"):
        page.locator(f"input[name={name}][value='2']").check()
    page.get_by_label("What should we do better?").fill("Test it first")
    page.get_by_role("button", name="Send").click()
    expect(page.get_by_text("the team lead has been told")).to_be_visible()
    survey = Survey.objects.get()
    assert (survey.is_solved, survey.speed_score, survey.suggestion) == (False, 2, "Test it first")
    page.goto(live_server.url + link)
    expect(page.get_by_role("heading", name="We have your answers")).to_be_visible()
    context.close()
