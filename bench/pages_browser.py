"""The browser's part of `pages.py`: what a page moves over the wire, and how soon the screen answers a person.

Bytes are those of a page opened for the first time and once more, fragments included; pages themselves are counted
compressed, as the proxy sends them (deploy/Caddyfile), files as our server sends them. An interaction is timed by the
browser itself (the Event Timing API): from the key or click to the next paint, waiting for the server not included.
"""

import gzip
import shutil
from collections.abc import Callable
from urllib.parse import urlsplit

from playwright.sync_api import Browser, Page, Request, sync_playwright

from bench.pages_load import Site

MOST_FIRST, MOST_AGAIN = 120_000, 20_000
AIM_MS = 100
_NOTE = "Only for colleagues: looked at it."
FLAGS = ["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu", "--disable-quic", "--disable-component-update"]
# Kept over the page's end, because choosing a filter leaves the page.
_WATCH = """
const keep = (entries) => {
  const durations = entries.filter((one) => one.interactionId).map((one) => one.duration);
  const before = Number(sessionStorage.getItem("slowest") || 0);
  if (durations.length) sessionStorage.setItem("slowest", Math.max(before, ...durations));
};
const watch = new PerformanceObserver((list) => keep(list.getEntries()));
watch.observe({ type: "event", durationThreshold: 16 });
addEventListener("pagehide", () => keep(watch.takeRecords()));
"""
_BLOCKING = """() => performance.getEntriesByType("resource")
  .filter((one) => one.renderBlockingStatus === "blocking").map((one) => one.name)"""
_PAINTED = "() => new Promise((done) => requestAnimationFrame(() => setTimeout(done, 150)))"


def run(site: Site) -> list[str]:
    """Measure and print; returns what moves too much or stands before the first paint."""
    found = []
    addresses = {page: site.visits[page][0][1][0] for page in ("queue", "ticket")}
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS)
        print(f"\nIn the browser{'':<12}first KB   again KB   before the first paint")
        for name, address in addresses.items():
            first, again, blocking = weigh(browser, site, address)
            print(f"  {name:<20}{first / 1000:>12.1f}{again / 1000:>11.1f}   {', '.join(blocking)}", flush=True)
            found += [f"{name}: {first:,} bytes the first time"] * (first > MOST_FIRST)
            found += [f"{name}: {again:,} bytes once more"] * (again > MOST_AGAIN)
            found += [f"{name}: {len(blocking)} files before the first paint"] * (len(blocking) > 1)
        print(f"\nFrom key or click to the next paint (aim {AIM_MS} ms)")
        for name, took in interactions(browser, site, addresses).items():
            print(f"  {name:<24}{took:>6.0f} ms{'' if took <= AIM_MS else ' !'}", flush=True)
        browser.close()
    return found


def open_page(browser: Browser, site: Site) -> Page:
    """A page of the first agent."""
    context = browser.new_context(base_url=site.url, locale="zh-CN", viewport={"width": 1440, "height": 900})
    for part in site.visits["queue"][0][0].split("; "):
        name, _, value = part.partition("=")
        context.add_cookies([{"name": name, "value": value, "url": site.url}])
    return context.new_page()


def weigh(browser: Browser, site: Site, address: str) -> tuple[int, int, list[str]]:
    """Bytes of the first and of the second visit, and the files that the first paint waited for."""
    page = open_page(browser, site)
    moved: list[Request] = []
    page.on("requestfinished", lambda request: moved.append(request))
    totals, blocking = [], []
    for _ in range(2):
        moved.clear()
        page.goto(address, wait_until="networkidle")
        blocking = blocking or [urlsplit(one).path for one in page.evaluate(_BLOCKING)]
        totals.append(sum(_bytes(request) for request in moved))
    page.context.close()
    return totals[0], totals[1], blocking


def _bytes(request: Request) -> int:
    answer = request.response()
    if answer is None or request.url.startswith("data:"):
        return 0
    sizes = request.sizes()
    if request.resource_type in {"document", "xhr", "fetch"} and not answer.headers.get("content-encoding"):
        return len(gzip.compress(answer.body(), 6)) + sizes["responseHeadersSize"]
    return sizes["responseBodySize"] + sizes["responseHeadersSize"] if sizes["responseBodySize"] > 0 else 0


def interactions(browser: Browser, site: Site, addresses: dict[str, str]) -> dict[str, float]:
    """Milliseconds of the slowest event of each of the main actions."""
    page = open_page(browser, site)
    page.add_init_script(_WATCH)
    done: dict[str, float] = {}

    def timed(name: str, act: Callable[[], object]) -> None:
        page.evaluate("sessionStorage.removeItem('slowest')")
        act()
        page.evaluate(_PAINTED)
        # Below the threshold of 16 ms the browser writes nothing down.
        done[name] = float(page.evaluate("sessionStorage.getItem('slowest')") or 16)

    page.goto(addresses["queue"], wait_until="networkidle")
    timed("j, j, k in the queue", lambda: [page.keyboard.press(key) for key in "jjk"])
    timed("open the shortcuts", lambda: page.keyboard.press("?"))
    page.keyboard.press("Escape")
    page.locator("select[name=severity]").focus()
    timed("choose a filter", lambda: _and_wait(page, "ArrowDown", "severity="))
    page.goto(addresses["ticket"], wait_until="networkidle")
    timed("open a dialog", lambda: page.locator("#panel-props a[data-dialog]").first.click())
    page.keyboard.press("Escape")
    timed("turn to a note", lambda: page.keyboard.press("n"))
    page.locator("#composer textarea").fill(_NOTE)
    timed("send it", lambda: page.keyboard.press("Control+Enter"))
    page.locator("#conversation", has_text=_NOTE).wait_for()
    page.context.close()
    return done


def _and_wait(page: Page, key: str, part: str) -> None:
    with page.expect_navigation(url=lambda url: part in url, wait_until="load"):
        page.keyboard.press(key)
