"""The HTML of a mail as a page that can do nothing: cleaned here, and shown in a sandbox by `tickets.views.originals`.

Two walls, as for Markdown: nh3 takes out scripts, forms, frames, style sheets and whatever is fetched; the policy of
the page forbids the same once more. Colours, tables and widths stay, because mails say things with them.
"""

import re
from base64 import b64encode
from collections.abc import Iterable

import nh3
from django.utils.safestring import SafeString, mark_safe

from tickets.models import Attachment

MOST = 1_000_000
#: Of all images in the text together; they travel inside the page.
MOST_IMAGE_BYTES = 8 * 1024 * 1024
_DRAWN = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp"})
_TAGS = {
    "a", "abbr", "b", "blockquote", "br", "caption", "center", "cite", "code", "col", "colgroup", "dd", "del", "div",
    "dl", "dt", "em", "font", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "i", "img", "ins", "li", "ol", "p", "pre", "q",
    "s", "small", "span", "strike", "strong", "sub", "sup", "table", "tbody", "td", "tfoot", "th", "thead", "tr", "u",
    "ul",
}  # fmt: skip
_PLACED = {"align", "valign", "width", "height", "bgcolor", "dir", "lang", "style"}
_ATTRIBUTES = {
    "*": _PLACED,
    "a": {"href", "title"},
    "font": {"color", "face", "size"},
    "img": {"src", "alt", "title"},
    "ol": {"start", "type"},
    "table": {"border", "cellpadding", "cellspacing"},
    "td": {"colspan", "rowspan"},
    "th": {"colspan", "rowspan"},
}
_STYLES = {
    "background-color", "border", "border-bottom", "border-collapse", "border-color", "border-left", "border-right",
    "border-style", "border-top", "border-width", "color", "font-family", "font-size", "font-style", "font-weight",
    "line-height", "margin", "margin-bottom", "margin-left", "margin-right", "margin-top", "max-width", "padding",
    "padding-bottom", "padding-left", "padding-right", "padding-top", "text-align", "text-decoration",
    "vertical-align", "white-space", "width",
}  # fmt: skip
#: What a mail has of tags in all, of elements that are open at once, and of those that a parser opens again in each
#: paragraph. Beyond, it takes minutes and gigabytes for a megabyte of `<div>` or of unclosed `<font>`.
MOST_TAGS, MOST_OPEN, MOST_REOPENED = 30_000, 400, 30
_TAG = re.compile(r"<(/?)([a-z][^\s/>]{0,40})", re.IGNORECASE)
#: These are never inside of each other, whether they are closed or not.
_FLAT = frozenset("area base br col embed hr img input link meta param source wbr".split()) | frozenset(
    "dd dt li option p tbody td tfoot th thead tr".split()
)
_REOPENED = frozenset("a b big code em font i nobr s small strike strong tt u".split())
_BLOCK = re.compile(r"<(?:br|p|div|tr|li|h[1-6]|hr|table|blockquote|pre)\b|\n(?=[^<]{40})", re.IGNORECASE)
_IMAGE = re.compile(r"<img\b", re.IGNORECASE)
_ANY_TAG = re.compile(r"<[^>]{0,2000}>")
_COLUMNS = 110


def clean(html: str, *, images: dict[str, str] | None = None, with_remote: bool = False) -> SafeString:
    """``html`` without anything that acts or fetches.

    ``images``: address of an image in the text (`cid:…`) → the `data:` address that shows it; others are left out.
    ``with_remote``: images from elsewhere stay, because the reader asked for them.
    """
    known = images or {}
    html = _untangled(html)

    def kept(tag: str, name: str, value: str) -> str | None:
        if tag == "img" and name == "src":
            if value.lower().startswith("cid:"):
                return known.get(value[4:].strip("<> "))
            return value if with_remote and value.lower().startswith("https:") else None
        return value

    cleaned = nh3.clean(
        html,
        tags=_TAGS,
        clean_content_tags={"script", "style", "title"},
        attributes=_ATTRIBUTES,
        attribute_filter=kept,
        url_schemes={"http", "https", "mailto", "tel", "cid"},
        url_relative="deny",
        link_rel="noopener noreferrer nofollow",
        set_tag_attribute_values={"a": {"target": "_blank"}},
        filter_style_properties=_STYLES,
    )
    return mark_safe(cleaned)  # nosec B308 B703 (cleaned above)


def _untangled(html: str) -> str:
    """``html`` up to where it is more tangled than a mail; what is open there is closed by the cleaning.

    An end tag counts where it closes what was opened last, so that nobody closes less than it seems.
    """
    stack: list[str] = []
    reopened = 0
    for count, tag in enumerate(_TAG.finditer(html), start=1):
        name = tag[2].lower()
        if tag[1]:
            if stack and stack[-1] == name:
                stack.pop()
                reopened -= name in _REOPENED
        elif name not in _FLAT and ":" not in name:  # office programs hide thousands of `<w:…/>` in comments
            stack.append(name)
            reopened += name in _REOPENED
        if count > MOST_TAGS or len(stack) > MOST_OPEN or reopened > MOST_REOPENED:
            return html[: tag.start()]
    return html


def measure(html: str) -> tuple[int, int]:
    """About how many lines ``html`` takes, and how many images it would fetch from elsewhere."""
    cleaned = clean(html, with_remote=True)
    remote = len(re.findall(r'<img\b[^>]*\bsrc="https:', cleaned))
    drawn = 8 * len(_IMAGE.findall(cleaned))
    words = len(_ANY_TAG.sub("", cleaned)) // _COLUMNS
    return min(max(len(_BLOCK.findall(cleaned)), words) + drawn + 2, 2000), min(remote, 2000)


def drawn_inside(attachments: Iterable[Attachment]) -> dict[str, str]:
    """The pictures among ``attachments`` that the mail shows in its text: content id → address that holds the picture.

    Their own addresses would not do: inside a sandbox nobody is signed in.
    """
    found: dict[str, str] = {}
    left = MOST_IMAGE_BYTES
    for row in attachments:
        if not row.content_id or row.content_type not in _DRAWN or row.size > left:
            continue
        try:
            with row.file.open("rb") as file:
                content = file.read(left)
        except OSError:
            continue  # gone from the storage: the rest of the mail can still be read
        left -= len(content)
        found[row.content_id] = f"data:{row.content_type};base64,{b64encode(content).decode()}"
    return found
