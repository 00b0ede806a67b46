"""Rendered Markdown is safe: nothing runs, nothing is loaded from elsewhere."""

import json
import re
import time
from html.parser import HTMLParser

import pytest

from knowledge.markdown import render

_ALLOWED = {
    "p", "br", "hr", "h3", "h4", "h5", "h6", "strong", "em", "s", "code", "pre", "blockquote",
    "ul", "ol", "li", "a", "img", "table", "thead", "tbody", "tr", "th", "td",
}  # fmt: skip


class _Tags(HTMLParser):
    """Every live tag and attribute of a page."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list) -> None:
        self.found.append((tag, dict(attrs)))


def assert_safe(html: str) -> None:
    for tag, attributes in _Tags(html).found:
        assert tag in _ALLOWED, tag
        assert set(attributes) <= {"href", "title", "rel", "src", "alt", "start"}, attributes
        # As a browser reads an address: control characters and blanks are dropped before the scheme is looked at.
        address = re.sub(r"[\x00-\x20]", "", attributes.get("href") or "").lower()
        scheme = re.match(r"[a-z][a-z0-9+.-]*(?=:)", address)
        assert scheme is None or scheme[0] in ("http", "https", "mailto", "tel"), address
        if tag == "img":
            assert (attributes.get("src") or "/media/").startswith("/media/")
        if "href" in attributes:
            assert attributes["rel"] == "noopener nofollow"


_OWN = [
    "<script>alert(1)</script>",
    "[x](javascript:alert(1))",
    "[x](JaVaScRiPt&colon;alert(1))",
    "[x](data:text/html;base64,PHNjcmlwdD4=)",
    "![x](https://evil.example/pixel.png)",
    "![x](//evil.example/pixel.png)",
    "![x](/media/../admin/logout)",
    '![x](/media/a.png "\\" onerror=alert(1)")',
    '<img src=x onerror="alert(1)">',
    "<style>*{background:url(//evil)}</style>",
    "<svg onload=alert(1)>",
    "[a](<javascript:alert(1)>)",
    "<javascript:alert(1)>",
    "```<script>\nx\n```",
    "[x]: javascript:alert(1)\n\n[x]",
]


@pytest.mark.parametrize("text", _OWN)
def test_our_own_payloads(text):
    assert_safe(render(text))


def test_published_payloads(test_data):
    payloads = [row["payload"] for row in json.loads((test_data / "fuzz" / "xss.json").read_text())]
    assert len(payloads) > 50
    for payload in payloads:
        for text in (payload, f"[{payload}](x)", f"[x]({payload})", f"![{payload}]({payload})", f"`{payload}`"):
            assert_safe(render(text))


def test_what_writers_need_is_there():
    html = render(
        "# Steps\n\n1. **Stop** `it`\n2. [docs](https://docs.example/x)\n\n|a|b|\n|-|-|\n|1|2|\n\n![s](/media/s.png)"
    )
    for piece in (
        "<h3>Steps</h3>",
        "<ol>",
        "<strong>Stop</strong>",
        "<code>it</code>",
        "<table>",
        'src="/media/s.png"',
    ):
        assert piece in html
    assert '<a href="https://docs.example/x" rel="noopener nofollow">docs</a>' in html


def test_line_breaks_stay_and_chinese_is_untouched():
    assert render("第一行\n第二行") == "<p>第一行<br>\n第二行</p>\n"


@pytest.mark.parametrize("text", ["[" * 1_000_000, "![" * 1_400, "<" * 1_000_000, "*_" * 30_000, "> " * 40_000])
def test_hostile_lengths_take_no_time(text):
    taken = []
    for _ in range(2):  # the better of two, because a busy machine takes time of its own
        began = time.process_time()
        render(text)
        taken.append(time.process_time() - began)
        if taken[-1] < 2:
            return
    raise AssertionError(taken)


def test_rendering_twice_changes_nothing_dangerous():
    once = render("<b>x</b> **y**")
    assert_safe(render(once))
