"""Every page in chromium, in both languages, light and dark, wide and on a phone.

The pages are those of the access matrix (`helpdesk/tests/access/`), so that a new page is looked at as soon as it has
its row there. No console error, nothing blocked by the policy, nothing wider than the window, no finding of axe with
all of its rules, no English word of ours on a Chinese page.
"""

import re
from collections.abc import Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.conf import settings as django_settings
from django.urls import reverse
from playwright.sync_api import Browser, ConsoleMessage, Error, Page

from helpdesk.tests.access.scene import Scene
from helpdesk.tests.access.table import ANONYMOUS
from helpdesk.tests.test_access_matrix import ADMIN, ROUTES, ROWS

pytestmark = [pytest.mark.proof, pytest.mark.browser, pytest.mark.django_db(transaction=True)]

#: Who looks at a page, the first of these who may.
READERS = ("requester", "agent", "lead", "administrator", ANONYMOUS)
WIDE, PHONE = {"width": 1440, "height": 900}, {"width": 390, "height": 844}
#: Saved by a browser, for programs, or a stranger's page in a sandbox.
FILES = frozenset(
    {
        "attachment",
        "portal:status_file",
        "reports:export",
        "api-schema",
        "healthz",
        "readyz",
        "workspace:original",
        "intake:mail-original",
        "outbox:words-preview",
    }
)
#: Words of ours that would stand out on a Chinese page (names of people, teams and tickets are of the scene's making).
ENGLISH = re.compile(
    r"\b(Save|Cancel|Search|Queue|Assignee|Severity|Sign in|Sign out|Loading|Send|Settings|Overdue|Escalations?|"
    r"Figures|Reports?|Answer|Resolved?|Status|Open|Closed|Pending|Priority|Team board|Articles?|Tickets?|Password)\b"
)
_SETTLED = """async () => {
  for (let frame = 0; frame < 3; frame++) await new Promise(requestAnimationFrame);
  await Promise.all(document.getAnimations().map((one) => one.finished.catch(() => null)));
}"""
_FITS = "document.documentElement.scrollWidth <= document.documentElement.clientWidth"


def pages() -> Iterator[tuple[str, dict[str, str], str, list[str]]]:
    """Name, arguments, query and readers of every address that some reader gets with GET."""
    for route in ROUTES:
        if route.is_api or route.name in FILES:
            continue
        for cell in ROWS.get(route.name, {}).get("GET", []):
            readers = [role for role in READERS if role in cell.expected.get(200, ())]
            if readers:
                # The front door looks different to strangers.
                chosen = [readers[0], ANONYMOUS] if ANONYMOUS in readers and route.name == "home" else readers[:1]
                yield route.name, cell.args, cell.query, chosen


class Visitor:
    """Somebody's browser in one language; `problems` is everything that was wrong."""

    def __init__(self, browser: Browser, scene: Scene, role: str, language: str, base: str) -> None:
        # No colour on its way to another; and what reads no cookie speaks the language of the browser.
        locale = "zh-CN" if language.startswith("zh") else "en-GB"
        context = browser.new_context(base_url=base, reduced_motion="reduce", locale=locale)
        cookies = {django_settings.LANGUAGE_COOKIE_NAME: language}
        cookies |= {name: morsel.value for name, morsel in scene.client(role).cookies.items()}
        context.add_cookies([{"name": name, "value": value, "url": base} for name, value in cookies.items()])
        self.page = context.new_page()
        self.role = role
        self.chinese = language.startswith("zh")
        self.problems: list[str] = []
        self.page.on("console", self._hear)
        self.page.on("pageerror", lambda error: self._complain(str(error)))

    def _hear(self, said: ConsoleMessage) -> None:
        # A fragment opened alone names no icon, so the browser asks for the usual one.
        if said.type == "error" and not said.location["url"].endswith("/favicon.ico"):
            self._complain(said.text)

    def _complain(self, text: str) -> None:
        self.problems.append(f"{self.role} {self.page.url}: {text}")

    def look(self, address: str, *, whole: bool = True) -> None:
        """Open a page and look at it from all sides; what is no page of HTML is passed over."""
        page = self.page
        page.emulate_media(color_scheme="light")
        page.set_viewport_size(WIDE)
        answer = page.goto(address)
        if answer is None or not answer.ok:
            self._complain(f"answers {answer.status if answer else None}")
            return
        if "text/html" not in answer.headers.get("content-type", "") or not page.evaluate("!!document.doctype"):
            return
        self._fits("wide")
        if whole:
            self._axe("wide, light")
            if self.chinese and (word := ENGLISH.search(page.locator("body").inner_text())):
                self._complain(f"«{word[0]}» on a Chinese page")
        page.emulate_media(color_scheme="dark")
        page.set_viewport_size(PHONE)
        page.evaluate(_SETTLED)  # axe reads colours; those of the last frame would be half of each theme
        self._fits("phone")
        if whole:
            self._axe("phone, dark")

    def _fits(self, how: str) -> None:
        if not self.page.evaluate(_FITS):
            self._complain(f"is wider than the window ({how})")

    def _axe(self, how: str) -> None:
        try:
            violations = Axe().run(self.page).response["violations"]
        except Error as error:
            error.add_note(f"{self.role} {self.page.url} ({how})")
            raise
        for found in violations:
            self._complain(f"{how}: {found['id']} {[node['target'] for node in found['nodes']][:3]}")


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_every_page_is_sound(language: str, browser: Browser, live_server, settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    settings.SITE_URL = live_server.url
    scene = Scene()
    visitors: dict[str, Visitor] = {}
    seen = 0
    for name, args, query, readers in pages():
        address = reverse(name, kwargs={key: scene.value(value) for key, value in args.items()})
        for role in readers:
            if role not in visitors:
                visitors[role] = Visitor(browser, scene, role, language, live_server.url)
            # The reference is Swagger UI, whose inside is not ours to word or to colour.
            visitors[role].look(f"{address}?{query}" if query else address, whole=name != "api-reference")
            seen += 1
    problems = [text for visitor in visitors.values() for text in visitor.problems]
    assert not problems, "\n".join(problems)
    assert seen > 50


def test_the_tables_of_the_administration_are_sound(browser: Browser, live_server):
    """Django's own pages in our frame: no error, nothing blocked, nothing wider than the window."""
    scene = Scene()
    visitor = Visitor(browser, scene, "administrator", "zh-hans", live_server.url)
    for route in ADMIN:
        if route.name.endswith(("_changelist", ":index")):
            visitor.look(reverse(route.name), whole=False)
    assert not visitor.problems, "\n".join(visitor.problems)


def test_an_error_page_is_sound(page: Page, live_server):
    assert page.goto(f"{live_server.url}/nothing/here/").status == 404
    assert Axe().run(page).response["violations"] == []
