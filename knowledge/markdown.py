"""Markdown of articles and answers as safe HTML.

Two walls: markdown-it with raw HTML off, and nh3 over its output, so that a fault in one is caught by the other.
"""

from collections.abc import Sequence
from typing import Any

import nh3
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe
from markdown_it import MarkdownIt
from markdown_it.renderer import RendererProtocol
from markdown_it.token import Token

MAX_TEXT = 100_000  # characters; a longer text is shown as it was written, for parsing could take long
MAX_BRACKETS = 3_000  # the parser looks ahead from each; thousands of open ones would hold up a page
_OWN_IMAGES = "/media/"
_TAGS = {
    "p", "br", "hr", "h3", "h4", "h5", "h6", "strong", "em", "s", "code", "pre", "blockquote",
    "ul", "ol", "li", "a", "img", "table", "thead", "tbody", "tr", "th", "td",
}  # fmt: skip
_ATTRIBUTES = {"a": {"href", "title"}, "img": {"src", "alt", "title"}, "ol": {"start"}}
_SCHEMES = {"http", "https", "mailto", "tel"}


def render(text: str) -> SafeString:
    """``text`` as HTML that may stand in a page: no scripts, styles or raw HTML, no images from elsewhere.

    Headings start at h3, below the title and section of the page that holds them.
    """
    if len(text) > MAX_TEXT or text.count("[") > MAX_BRACKETS:
        return mark_safe(f"<pre>{escape(text)}</pre>")  # nosec B308 B703 (escaped)
    html = nh3.clean(
        _PARSER.render(text.replace("\x00", "")),
        tags=_TAGS,
        attributes=_ATTRIBUTES,
        url_schemes=_SCHEMES,
        link_rel="noopener nofollow",
        attribute_filter=_filter,
    )
    return mark_safe(html)  # nosec B308 B703 (cleaned above)


def _filter(tag: str, name: str, value: str) -> str | None:
    if tag == "img" and name == "src" and not _is_own(value):
        return None
    return value


def _is_own(address: str) -> bool:
    return address.startswith(_OWN_IMAGES) and ".." not in address


def _image(renderer: RendererProtocol, tokens: Sequence[Token], index: int, options: Any, env: Any) -> str:
    """An image of our own; one from elsewhere becomes its description, for loading it would tell who reads."""
    token = tokens[index]
    words = token.content or str(token.attrGet("src") or "")
    if not _is_own(str(token.attrGet("src") or "")):
        return f"[{escape(words)}]"
    token.attrSet("alt", token.content)
    return renderer.renderToken(tokens, index, options, env)  # type: ignore[attr-defined]


def _lower_heading(renderer: RendererProtocol, tokens: Sequence[Token], index: int, options: Any, env: Any) -> str:
    level = min(int(tokens[index].tag[1]) + 2, 6)
    return f"<h{level}>" if tokens[index].nesting == 1 else f"</h{level}>\n"


def _parser() -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"html": False, "breaks": True, "linkify": False})
    parser.enable(["table", "strikethrough"])
    parser.add_render_rule("image", _image)
    parser.add_render_rule("heading_open", _lower_heading)
    parser.add_render_rule("heading_close", _lower_heading)
    return parser


_PARSER = _parser()
