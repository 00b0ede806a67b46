"""Cutting HTML into tags and text in time that grows with its length only, however it is broken.

The standard library's `html.parser` looks at the rest of the document anew for each «<» that opens nothing. Here a run
of text takes stray «<» along, quoting in tags is given up after a few tags that never end, and tags are counted.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

MAX_LENGTH = 2_000_000
#: Behind so many tags the rest is stripped of them, but no more laid out.
MAX_TAGS = 20_000
_MAX_ATTRIBUTES = 20_000
_STRICT_FAILURES = 4
_TEXT = re.compile(r"(?:[^<]++|<(?![a-zA-Z/!?]))++")
_TAG = re.compile(r"<(/?)([a-zA-Z][^\s/><]{0,40}+)((?:[^\"'>]++|\"[^\"]*+\"|'[^']*+')*+)>")
_SIMPLE = re.compile(r"<(/?)([a-zA-Z][^\s/><]{0,40}+)([^>]*+)>")
_ANY_TAG = re.compile(r"<[^<>]*+>")
_ATTRIBUTE = re.compile(r"(?<![\w:-])([\w:-]++)\s*+=\s*+(?:\"([^\"]*+)\"|'([^']*+)'|([^\s\"'>]++))")
#: Elements whose content is no text for people.
_OPAQUE = {"script", "style", "title", "noframes", "xml", "o:xml"}


@dataclass(slots=True)
class Token:
    """A piece of text (no name), an opening or a closing tag."""

    name: str = ""
    closing: bool = False
    attributes: str = ""
    text: str = ""

    def values(self) -> dict[str, str]:
        """The attributes; the first of each name counts."""
        found: dict[str, str] = {}
        for one in _ATTRIBUTE.finditer(self.attributes[:_MAX_ATTRIBUTES]):
            found.setdefault(one[1].lower(), one[2] if one[2] is not None else one[3] if one[3] is not None else one[4])
        return found


class Tokens:
    """The tokens of one document."""

    def __init__(self, html: str) -> None:
        self._html = html[:MAX_LENGTH]
        self._failures = 0
        self._no_more: set[str] = set()  # endings that were looked for to the end, in vain

    def __iter__(self) -> Iterator[Token]:
        html, position, tags = self._html, 0, 0
        last = html.rfind(">")
        while position < len(html):
            if position > last or tags > MAX_TAGS:
                # Nothing can close a tag any more, or there were enough of them.
                yield Token(text=_ANY_TAG.sub(" ", html[position:]))
                return
            run = _TEXT.match(html, position)
            if run:
                yield Token(text=run[0])
                position = run.end()
                continue
            token, position = self._markup(position)
            if token:
                tags += 1
                yield token
                if token.name in _OPAQUE and not token.closing:
                    position = self._after(f"</{token.name}", position, position)

    def _markup(self, position: int) -> tuple[Token | None, int]:
        html = self._html
        if html.startswith("<!--", position):
            return None, self._after("-->", position + 4, position + 4)
        if html[position + 1] in "!?":
            return None, self._after(">", position + 2, position + 2)
        found = _TAG.match(html, position) if self._failures < _STRICT_FAILURES else None
        if not found:
            self._failures += 1
            found = _SIMPLE.match(html, position)
        if found:
            return Token(found[2].lower(), bool(found[1]), found[3]), found.end()
        if html.startswith("</", position):
            return None, self._after(">", position + 2, position + 2)
        return Token(text="<"), position + 1

    def _after(self, ending: str, start: int, otherwise: int) -> int:
        """Where the text goes on behind an ending; `otherwise` where there is none."""
        if ending in self._no_more:
            return otherwise
        found = self._html.find(ending, start)
        if found < 0 and ending.startswith("</"):
            lower = re.compile(re.escape(ending), re.IGNORECASE).search(self._html, start)
            found = lower.start() if lower else -1
        if found < 0:
            self._no_more.add(ending)
            return otherwise
        # A closing tag is left standing, to be read as such.
        return found if ending.startswith("</") else found + len(ending)
