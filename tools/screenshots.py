"""Take the pictures of the main pages: docs/screenshots/*.webp, in both languages.

    make screenshots                 # all of them
    make screenshots ARGS="queue"    # those whose name begins so

It runs an installation of its own with fresh demo data in a temporary folder, whose clock stands on the same morning
each time (`outbox.clock.shift`), so that the pictures of two runs differ only where the product does.
"""

import base64
import os
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from helpdesk.tests.real import free_port  # noqa: E402

PICTURES = ROOT / "docs" / "screenshots"
PASSWORD = "yunfan-demo-2026"
WIDE, PHONE = {"width": 1440, "height": 900}, {"width": 390, "height": 844}
MAX_BYTES, MAX_ALL = 150_000, 1_500_000
QUALITY = 72
# A Tuesday, half past ten in Shanghai.
MORNING = "2026-03-10T02:30:00+00:00"
_SHIFT = f"""
from datetime import datetime
from outbox import clock
clock.shift(datetime.fromisoformat("{MORNING}") - clock.now())
"""
AGENT, LEAD, MANAGER = "ji.haoran@yunfan.example", "lu.jingming@yunfan.example", "fang.wenrui@yunfan.example"
CUSTOMERS = {"zh": "xu.jiahe@hengtai-mfg.example", "en": "i.petersen@nordhafen.example"}


@dataclass(frozen=True)
class Picture:
    """One page as somebody sees it; ``first`` is what is clicked on ``address`` before the picture is taken."""

    name: str
    who: str
    address: str
    first: str = ""
    colours: str = "light"
    viewport: dict[str, int] | None = None


CUSTOMER = "customer"
PAGES = [
    Picture("queue", AGENT, "/desk/"),
    Picture("queue-dark", AGENT, "/desk/", colours="dark"),
    Picture("ticket", AGENT, "/desk/", first="a[data-row]"),
    Picture("escalations", LEAD, "/desk/escalations/"),
    Picture("board", LEAD, "/desk/board/"),
    Picture("figures", MANAGER, "/desk/reports/"),
    Picture("portal-home", CUSTOMER, "/"),
    Picture("portal-form", CUSTOMER, "/submit/"),
    Picture("portal-ticket", CUSTOMER, "/tickets/", first="a.my-ticket-title"),
    Picture("portal-ticket-phone", CUSTOMER, "/tickets/", first="a.my-ticket-title", viewport=PHONE),
]


def main(wanted: str = "") -> int:
    """Take the pictures; fails when they are larger than a repository should carry."""
    PICTURES.mkdir(parents=True, exist_ok=True)
    flags = ["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu"]
    with (
        tempfile.TemporaryDirectory(prefix="pictures-") as folder,
        installation(folder) as site,
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=flags)
        for picture in PAGES:
            for language in ("zh", "en"):
                if picture.name.startswith(wanted):
                    take(browser, site, picture, language)
        browser.close()
    sizes = {path.name: path.stat().st_size for path in PICTURES.iterdir()}
    found = [f"{name} has {size:,} bytes, at most {MAX_BYTES:,}" for name, size in sizes.items() if size > MAX_BYTES]
    if sum(sizes.values()) > MAX_ALL:
        found.append(f"all together have {sum(sizes.values()):,} bytes, at most {MAX_ALL:,}")
    for fault in found:
        print(f"✗ {fault}", file=sys.stderr)
    return 1 if found else 0


@contextmanager
def installation(folder: str) -> Iterator[str]:
    """What `make up` runs, with its clock set before the demo data is told; gives the address."""
    port = free_port()
    site = f"http://127.0.0.1:{port}"
    own = {"HELPDESK_HOME": folder, "PORT": str(port), "SITE_URL": site, "DEMO": "1", "TEST_CLOCK": "1"}
    environment = {**os.environ, **own, "DATABASE_URL": "", "REDIS_URL": ""}
    manage = [sys.executable, "manage.py"]
    for command in ([*manage, "migrate", "-v0"], [*manage, "shell", "-v0", "-c", _SHIFT]):
        servers = [sys.executable, "-m", "helpdesk.embedded", "run", "--"]
        subprocess.run([*servers, *command], cwd=ROOT, env=environment, check=True)
    running = subprocess.Popen([sys.executable, "-m", "helpdesk.launcher", "up"], cwd=ROOT, env=environment)
    try:
        _wait_for(f"{site}/readyz", running)
        yield site
    finally:
        running.terminate()
        running.wait(60)


def _wait_for(address: str, running: subprocess.Popen, patience: float = 900) -> None:
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline and running.poll() is None:
        try:
            with urllib.request.urlopen(address, timeout=5):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.5)
    sys.exit(f"✗ {address} does not answer")


def take(browser: Browser, site: str, picture: Picture, language: str) -> None:
    """Sign in, open, take."""
    context = browser.new_context(viewport=picture.viewport or WIDE, color_scheme=picture.colours)
    code = {"zh": "zh-hans", "en": "en"}[language]
    context.add_cookies([{"name": "django_language", "value": code, "url": site}])
    page = context.new_page()
    _sign_in(page, site, CUSTOMERS[language] if picture.who == CUSTOMER else picture.who)
    answer = page.goto(site + picture.address)
    if not answer or not answer.ok:
        sys.exit(f"✗ {page.url} answers {answer and answer.status}")
    if picture.first:
        page.locator(picture.first).first.click()
        page.wait_for_url(lambda url: not url.endswith(picture.address))
    page.wait_for_load_state("load")
    page.locator(".htmx-request").first.wait_for(state="detached")  # fragments that the page fetches
    # Playwright takes PNG and JPEG; the browser itself also WebP, a third of the size.
    shot = context.new_cdp_session(page).send("Page.captureScreenshot", {"format": "webp", "quality": QUALITY})
    path = PICTURES / f"{picture.name}.{language}.webp"
    path.write_bytes(base64.b64decode(shot["data"]))
    context.close()
    print(f"{path.name} {path.stat().st_size // 1000} KB", flush=True)


def _sign_in(page: Page, site: str, who: str) -> None:
    page.goto(f"{site}/accounts/login/")
    page.fill("input[name=login]", who)
    page.fill("input[name=password]", PASSWORD)
    page.press("input[name=password]", "Enter")
    page.wait_for_url(lambda url: "/accounts/login" not in url)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:2]))
