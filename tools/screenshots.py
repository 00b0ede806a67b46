"""Take the pictures of the README from a running `make up` with fresh demo data: docs/screenshots/*.png.

    make screenshots                       # http://127.0.0.1:8000
    make screenshots ARGS=http://127.0.0.1:8010

The installation is the one that HELPDESK_HOME, DATABASE_URL and REDIS_URL name, as for `make up`.
"""

import shutil
import subprocess
import sys
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

ROOT = Path(__file__).resolve().parent.parent
PICTURES = ROOT / "docs" / "screenshots"
PASSWORD = "yunfan-demo-2026"
DESK, PHONE = {"width": 1280, "height": 800}, {"width": 390, "height": 844}
MAX_BYTES = 250_000
# The address of a survey that nobody answered yet. Its token is derived, so only the installation can tell it.
_SURVEY = """
from feedback.models import Survey
from feedback.services.surveys import survey_token
row = Survey.objects.filter(answered_at=None, ticket__language="zh-hans").order_by("-expires_at")[0]
print("token:" + survey_token(row))
"""
# (file, who, address, viewport, colours)
PAGES = [
    ("portal-home", "xu.jiahe@hengtai-mfg.example", "/", DESK, "light"),
    ("submit", "xu.jiahe@hengtai-mfg.example", "/submit/", DESK, "light"),
    ("queue", "ji.haoran@yunfan.example", "/desk/", DESK, "light"),
    ("ticket", "ji.haoran@yunfan.example", "first:/desk/", DESK, "light"),
    ("escalations", "lu.jingming@yunfan.example", "/desk/escalations/", DESK, "light"),
    ("board", "lu.jingming@yunfan.example", "/desk/board/", DESK, "dark"),
    ("dashboard", "fang.wenrui@yunfan.example", "/desk/reports/", DESK, "light"),
    ("survey-phone", "", "survey", PHONE, "light"),
]


def main(site: str) -> int:
    """Take all pictures; fails when one is larger than a repository should carry."""
    PICTURES.mkdir(parents=True, exist_ok=True)
    arguments = ["--no-sandbox", "--disable-dev-shm-usage"]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=arguments)
        for name, who, address, viewport, colours in PAGES:
            page = _open(browser, site, who, viewport, colours)
            answer = page.goto(site + _address(page, site, address))
            if not answer or not answer.ok:
                sys.exit(f"{page.url} answers {answer and answer.status}")
            page.wait_for_load_state("load")
            page.screenshot(path=PICTURES / f"{name}.png", animations="disabled")
            page.context.close()
            print(f"{name}.png {(PICTURES / f'{name}.png').stat().st_size // 1000} KB")
        browser.close()
    return any((PICTURES / f"{name}.png").stat().st_size > MAX_BYTES for name, *_rest in PAGES)


def _open(browser: Browser, site: str, who: str, viewport: dict, colours: str) -> Page:
    context = browser.new_context(viewport=viewport, color_scheme=colours, locale="zh-CN")
    page = context.new_page()
    if who:
        page.goto(f"{site}/accounts/login/")
        page.fill("input[name=login]", who)
        page.fill("input[name=password]", PASSWORD)
        page.press("input[name=password]", "Enter")
        page.wait_for_url(lambda url: "/accounts/login" not in url)
    return page


def _address(page: Page, site: str, address: str) -> str:
    """Where to go: the ticket at the top of a list, the survey, or the address as it stands."""
    if address == "survey":
        command = [sys.executable, "-m", "helpdesk.launcher", "manage", "shell", "-c", _SURVEY]
        told = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
        return f"/survey/{told.partition('token:')[2].split()[0]}/"
    if address.startswith("first:"):
        page.goto(site + address.removeprefix("first:"))
        return page.locator("a[data-row]").first.get_attribute("href") or "/"
    return address


if __name__ == "__main__":
    sys.exit(main(sys.argv[1] if len(sys.argv) > 1 else "http://127.0.0.1:8000"))
