"""HTML of a mail as text that reads well: paragraphs, lists, tables, links, quotes.

Where a mail program marks what it quoted or signed, the text carries a mark of its own (`Mark`), which `quotes` reads
and `plain` takes out again.
"""

import html as entities
import re
from dataclasses import dataclass
from enum import StrEnum

from intake.mail.html_tokens import Token, Tokens


class Mark(StrEnum):
    """Signs of the private use area, each on a line of its own; the ones that a mail brings along are removed first."""

    QUOTE = "\ue000"
    QUOTE_END = "\ue001"
    SIGNATURE = "\ue002"
    SIGNATURE_END = "\ue003"


_MARKS = re.compile("[\ue000-\ue003]")
_MARK_LINES = re.compile("[\ue000-\ue003]\n?")
_SPACE = re.compile(r"[ \t\r\n\f\u200b]+")
_BREAKS = {
    **dict.fromkeys(("p", "h1", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "dl", "table", "blockquote", "pre"), 2),
    **dict.fromkeys(("div", "tr", "li", "dt", "dd", "section", "article", "header", "footer", "center", "address"), 1),
    **dict.fromkeys(("form", "fieldset", "figure", "figcaption", "tbody", "thead", "caption", "body", "html"), 1),
}
_VOID = {"br", "hr", "img", "input", "meta", "link", "base", "col", "area", "wbr", "o:p"}
_HIDDEN = re.compile(r"display\s*:\s*none|mso-hide\s*:\s*all", re.IGNORECASE)
_QUOTE_CLASS = re.compile(
    r"gmail_quote|gmail_extra_quote|yahoo_quoted|yahoo-quoted|protonmail_quote|zmail_extra|tutanota_quote"
    r"|moz-email-headers"
    r"|ntes-[\w-]*quote|isReplyContent|netease[\w-]*quote|__aliyun_[\w-]*(?:previous|history|quote)|aliyun-[\w-]*quote"
    r"|xm_[\w-]*original|xm_mail_oringinal|lark-mail-quote|history-quote|replyreferencediv|OLK_SRC_BODY_SECTION"
    r"|mail-editor-reference-message-container|messageReplySection|freebirdQuote|WM_QUOTE|qm_original|mailOriginal",
    re.IGNORECASE,
)
#: Points behind which everything is the mail that is answered; nothing closes them.
_QUOTE_POINT = re.compile(
    r"^(?:x_)*(?:divRplyFwdMsg|appendonsend|stopSpelling|zwchr|replySplit|origbody)$", re.IGNORECASE
)
_SIGNATURE_CLASS = re.compile(r"signature|gmail_sign|foxmail_sign|spnEditorSign", re.IGNORECASE)
_MAX_STACK = 400
_MAX_LINK = 500


@dataclass
class _Open:
    """An element that is not closed yet, and what its end undoes."""

    name: str
    effect: str = ""
    start: int = 0
    link: str = ""


class _Renderer:
    def __init__(self) -> None:
        self.lines: list[str] = []
        self.line: list[str] = []
        self.need = 0  # line breaks before the next word
        self.stack: list[_Open] = []
        self.lists: list[int] = []  # 0 for bullets, else the next number
        self.hidden = self.pre = self.depth = 0
        self.written = self.line_start = 0
        self.point_set = False

    def text(self, raw: str) -> None:
        if self.hidden:
            return
        content = _MARKS.sub("", entities.unescape(raw))
        if self.pre:
            parts = content.replace("\r\n", "\n").split("\n")
            for index, part in enumerate(parts):
                if index:
                    self._newline()
                if part:
                    self._write(part)
            return
        content = _SPACE.sub(" ", content)
        if self.need or not self.line:
            content = content.lstrip(" ")
        elif content.startswith(" ") and self.line[-1].endswith(" "):
            content = content[1:]
        if content:
            self._write(content)

    def _write(self, content: str) -> None:
        self._flush_breaks()
        self.line.append(content)
        self.written += len(content)

    def _flush_breaks(self) -> None:
        if self.need and (self.lines or self.line):
            if self.line:
                self._newline()
            if self.need > 1 and self.lines and self.lines[-1].strip("> "):
                self._newline()
        self.need = 0

    def _newline(self) -> None:
        prefix = "> " * min(self.depth, 10)
        self.lines.append((prefix + "".join(self.line)).rstrip(" ") if self.line else prefix.rstrip())
        self.line = []
        self.line_start = self.written

    def mark(self, sign: Mark) -> None:
        if self.line:
            self._newline()
        self.lines.append(str(sign))

    def open(self, token: Token) -> None:
        name = token.name
        if name == "br":
            if not self.hidden:
                self._flush_breaks()
                self._newline()
            return
        if name in ("hr", "img"):
            self._void(token)
            return
        if name in _VOID or len(self.stack) >= _MAX_STACK:
            return
        if name == "p" and self.stack and self.stack[-1].name == "p":
            self.close("p")
        elif name in ("td", "th", "tr", "li"):
            self._close_sibling(name)
        if name in _BREAKS and not self._begins_cell():
            self.need = max(self.need, _BREAKS[name])
        entry = _Open(name, start=self.written)
        self._begin(entry, token)
        self.stack.append(entry)

    def _begins_cell(self) -> bool:
        """Whether the next word is the first one of a cell or an item: a paragraph there breaks no line."""
        return bool(self.stack) and self.stack[-1].name in ("td", "th", "li") and self.stack[-1].start == self.written

    def _begin(self, entry: _Open, token: Token) -> None:
        name, values = entry.name, token.values() if token.attributes else {}
        if _HIDDEN.search(values.get("style", "")) or "hidden" in values:
            entry.effect = "hidden"
            self.hidden += 1
            return
        labels = f"{values.get('class', '')} {values.get('id', '')} {values.get('data-smartmail', '')}"
        if self._point(values.get("id", "")):
            self.mark(Mark.QUOTE)
        elif (
            _QUOTE_CLASS.search(labels[:300])
            or values.get("name") == "quote"
            or (name == "blockquote" and values.get("type") == "cite")
        ):
            entry.effect = "quote"
            self.mark(Mark.QUOTE)
        elif _SIGNATURE_CLASS.search(labels[:300]) and name not in ("body", "html", "table", "td", "style"):
            entry.effect = "signature"
            self.mark(Mark.SIGNATURE)
        if name == "blockquote":
            self._flush_breaks()
            if self.line:
                self._newline()
            self.depth += 1
        elif name in ("ul", "ol"):
            self.lists.append(1 if name == "ol" else 0)
            if len(self.lists) > 1:
                self.need = 1
        elif name == "li":
            self._item()
            entry.start = self.written
        elif name in ("td", "th") and self.line and not self.need:
            self._write(" | ")
            entry.start = self.written
        elif name == "pre":
            self.pre += 1
        elif name == "a":
            entry.link = values.get("href", "").strip()
            entry.start = len(self.line) if not self.need else 0

    def _point(self, identity: str) -> bool:
        if self.point_set or not identity or not _QUOTE_POINT.match(identity):
            return False
        self.point_set = True
        return True

    def _item(self) -> None:
        self.need = max(self.need, 1)
        indent = "  " * max(0, min(len(self.lists), 8) - 1)
        if self.lists and self.lists[-1]:
            bullet = f"{self.lists[-1]}. "
            self.lists[-1] += 1
        else:
            bullet = "- "
        if not self.hidden:
            self._write(indent + bullet)

    def _void(self, token: Token) -> None:
        values = token.values()
        if self.hidden:
            return
        if token.name == "hr":
            if self._point(values.get("id", "")):
                self.mark(Mark.QUOTE)
            self.need = max(self.need, 1)
            self._write("-" * 20)
            self.need = 1
            return
        alt = _MARKS.sub("", _SPACE.sub(" ", entities.unescape(values.get("alt", "")))).strip()
        if alt and len(alt) < 200:
            self._write(f"[{alt}]")

    def _close_sibling(self, name: str) -> None:
        """Cells, rows and items whose end is left out end where the next begins."""
        stops = {"td": ("tr", "table"), "th": ("tr", "table"), "tr": ("table",), "li": ("ul", "ol")}[name]
        wanted = ("td", "th") if name in ("td", "th") else (name,)
        for entry in reversed(self.stack[-60:]):
            if entry.name in stops:
                return
            if entry.name in wanted:
                self.close(entry.name)
                return

    def close(self, name: str) -> None:
        if name == "p" and not any(entry.name == "p" for entry in self.stack[-60:]):
            self.need = 2
            return
        depth = next(
            (
                index
                for index in range(len(self.stack) - 1, max(-1, len(self.stack) - 100), -1)
                if self.stack[index].name == name
            ),
            -1,
        )
        if depth < 0:
            return
        while len(self.stack) > depth:
            self._end(self.stack.pop())

    def _end(self, entry: _Open) -> None:
        name = entry.name
        if entry.effect == "hidden":
            self.hidden -= 1
            return
        if name == "a":
            self._link(entry)
        elif name in ("ul", "ol") and self.lists:
            self.lists.pop()
        elif name == "pre":
            self.pre -= 1
        elif name == "blockquote":
            if self.line:
                self._newline()
            self.depth -= 1
        if name in ("td", "th") and self.need and self.line and self.written - self.line_start < 200:
            self.need = 0  # the paragraph in a cell ends with the cell
        elif name in _BREAKS:
            self.need = max(self.need, _BREAKS[name])
            if name in ("ul", "ol") and self.lists:
                self.need = 1
        if entry.effect:
            self.mark(Mark.QUOTE_END if entry.effect == "quote" else Mark.SIGNATURE_END)

    def _link(self, entry: _Open) -> None:
        href = _MARKS.sub("", entities.unescape(entry.link))
        if self.hidden or not re.match(r"(?:https?|ftp|mailto|tel):", href, re.IGNORECASE) or len(href) > _MAX_LINK:
            return
        shown = "".join(self.line[entry.start :]).strip()
        bare = re.sub(r"^(?:https?://|mailto:|tel:)", "", href, flags=re.IGNORECASE).rstrip("/")
        if shown and bare and bare.lower() not in shown.lower():
            target = href[7:] if href.lower().startswith("mailto:") else href
            trailing = self.line[-1].endswith(" ")
            if trailing:
                self.line[-1] = self.line[-1].rstrip(" ")
            self._write(f" ({target})" + (" " if trailing else ""))


def render(html: str) -> str:
    """The text of an HTML document, with the marks of what was quoted and signed."""
    renderer = _Renderer()
    for token in Tokens(html):
        if token.text:
            renderer.text(token.text)
        elif token.closing:
            renderer.close(token.name)
        else:
            renderer.open(token)
    while renderer.stack:
        renderer._end(renderer.stack.pop())
    if renderer.line:
        renderer._newline()
    text = "\n".join(renderer.lines).replace("\u00a0", " ")
    text = "\n".join(line.rstrip() for line in text.split("\n"))
    return re.sub(r"\n{3,}", "\n\n", text).strip("\n ")


def plain(text: str) -> str:
    """The same text without marks."""
    return re.sub(r"\n{3,}", "\n\n", _MARK_LINES.sub("", text)).strip("\n")


def has_marks(text: str) -> bool:
    """Whether a rendered text shows what was quoted or signed."""
    return bool(_MARKS.search(text))
