"""What of a mail is its text, and what hangs on it."""

import html as entities
import re
from dataclasses import dataclass, field, replace

from intake.mail import names, smime, structure, tnef, uuencode, yenc
from intake.mail.charsets import decode
from intake.mail.flowed import unflow
from intake.mail.headers import split_headers
from intake.mail.html_text import plain, render
from intake.mail.pgp import without_armour
from intake.mail.structure import MAX_DEPTH, Node

_READ_AS_TEXT = {
    "text/plain",
    "text",
    "text/html",
    "text/enriched",
    "text/richtext",
    "text/markdown",
    "text/x-amp-html",
}
_TNEF_TYPES = {"application/ms-tnef", "application/vnd.ms-tnef"}
_TNEF_NAMES = {"winmail.dat", "win.dat"}
_META_CHARSET = re.compile(rb"<meta[^>]{0,200}?charset\s{0,9}=\s{0,9}[\"']?([\w.:-]{2,40})", re.IGNORECASE)
_ENRICHED = re.compile(r"<param>[^<]{0,500}</param>|</?[a-zA-Z][\w-]{0,40}>")
MAX_TEXT = 1_000_000
_MAX_RAW = 2_500_000


@dataclass(frozen=True)
class Part:
    """One attached file."""

    name: str
    type: str
    size: int
    inline: bool
    content: bytes
    content_id: str


@dataclass
class Body:
    """The readable content of a part and of what it consists of.

    `marked` is the text of the HTML with the marks of `html_text`; `text` may be the same without them.
    """

    text: str = ""
    html: str = ""
    marked: str = ""
    charset: str = ""
    parts: list[Part] = field(default_factory=list)
    defects: list[str] = field(default_factory=list)


def read(root: Node) -> Body:
    """The body of a whole mail."""
    body = _read(root)
    body.parts = [_settled(part, body.html) for part in body.parts if part.content]
    return body


def _settled(part: Part, html: str) -> Part:
    shown = bool(part.content_id) and f"cid:{part.content_id}".lower() in html.lower()
    return replace(part, inline=True) if shown else part


def _read(node: Node) -> Body:
    if node.children:
        if node.type == "multipart/alternative":
            return _alternatives(node)
        return _sequence(node)
    if _is_text(node):
        return _text(node)
    return _attached(node)


def _is_text(node: Node) -> bool:
    """Whether people read this part in the mail itself."""
    alone = node.depth == 0
    if node.disposition == "attachment" or not (
        node.type in _READ_AS_TEXT or (alone and node.type.startswith("text/"))
    ):
        return False
    return alone or not node.name


def _alternatives(node: Node) -> Body:
    """The same in several forms: the plain one is read, the HTML one is shown."""
    bodies = [_read(child) for child in node.children]
    result = Body(
        parts=[part for body in bodies for part in body.parts],
        defects=[word for body in bodies for word in body.defects],
    )
    plains = [body for body in bodies if body.text.strip() and not body.html]
    htmls = [body for body in bodies if body.html]
    if htmls:
        last = htmls[-1]
        result.html, result.marked, result.charset, result.text = last.html, last.marked, last.charset, last.text
    if plains and not (htmls and _is_stub(plains[0].text, result.text)):
        result.text, result.charset = plains[0].text, plains[0].charset
    return result


def _is_stub(text: str, rendered: str) -> bool:
    """Whether the plain form only says that there is another («your program does not show HTML»)."""
    words = text.strip()
    return (
        len(words) < 300
        and len(rendered) > len(words)
        and bool(re.search(r"html", words, re.IGNORECASE))
        and "html" not in rendered.lower()
    )


def _sequence(node: Node) -> Body:
    bodies = [_read(child) for child in node.children]
    if node.type == "multipart/related":
        bodies[1:] = [_beside(body) for body in bodies[1:]]
    result = Body()
    for body in bodies:
        result.parts += body.parts
        result.defects += body.defects
        result.charset = result.charset or body.charset
    filled = [body for body in bodies if body.text.strip() or body.html]
    result.text = "\n\n".join(body.text.strip("\n") for body in filled if body.text.strip())
    if any(body.html for body in filled):
        result.html = "\n".join(body.html or f"<pre>{entities.escape(body.text)}</pre>" for body in filled)
        result.marked = "\n\n".join(body.marked or body.text for body in filled)
    return result


def _beside(body: Body) -> Body:
    """What belongs to a page of a `related` part: its images are shown in it."""
    parts = [replace(part, inline=part.inline or bool(part.content_id)) for part in body.parts]
    return Body(
        text=body.text, html=body.html, marked=body.marked, charset=body.charset, parts=parts, defects=body.defects
    )


def _text(node: Node) -> Body:
    raw, encoded = yenc.extract(node.content())
    label = node.params.get("charset", "")
    if not label and node.type == "text/html":
        found = _META_CHARSET.search(raw[:5000])
        label = found[1].decode() if found else ""
    text, charset = decode(raw[:_MAX_RAW], label)
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\0", "")
    body = Body(charset=charset)
    if len(text) > MAX_TEXT or len(raw) > _MAX_RAW:
        # The whole of it stays at hand as a file.
        kind = node.type if "/" in node.type else "text/plain"
        body.parts.append(Part(names.made_up(kind, 1), kind, len(raw), False, raw, ""))
        body.defects.append("the text is too long and was cut")
        text = text[:MAX_TEXT]
    if node.type == "text/html":
        body.html = text
        body.marked = render(text)
        body.text = plain(body.marked)
        return body
    if node.type in ("text/enriched", "text/richtext"):
        text = _ENRICHED.sub("", text.replace("<nl>", "\n").replace("<lt>", "<<")).replace("<<", "<")
    if node.params.get("format", "").lower() == "flowed":
        text = unflow(text, delete_space=node.params.get("delsp", "").lower() == "yes")
    text, files = uuencode.extract(without_armour(text))
    inside = [(decode(file.name, label)[0], file.content) for file in encoded]
    inside += [(file.name, file.content) for file in files]
    for index, (own, content) in enumerate(inside, start=1):
        name = names.clean(own) or names.made_up("application/octet-stream", index)
        body.parts.append(Part(name, names.type_of(name), len(content), False, content, ""))
    body.text = text
    return body


def _attached(node: Node) -> Body:
    content = node.content()
    kind = node.type if "/" in node.type else "text/plain"
    name = names.clean(node.name)
    if kind in smime.TYPES and node.depth < MAX_DEPTH and (signed := smime.signed_content(content)):
        return _opened(signed, node, name or "smime.p7m", content)
    if kind == "message/rfc822" and not name:
        name = names.for_message(split_headers(content)[0].get("subject"))
    if kind in _TNEF_TYPES or name.lower() in _TNEF_NAMES:
        return _unpacked(content, name or "winmail.dat", kind)
    identity = node.headers.get("content-id").strip("<> ")[:300]
    inline = node.disposition == "inline" and kind.startswith("image/")
    body = Body(defects=list(node.defects))
    body.parts.append(Part(name or names.made_up(kind, 1), kind, len(content), inline, content, identity))
    return body


def _opened(signed: bytes, node: Node, name: str, content: bytes) -> Body:
    """What was signed as one block, and the block itself for whoever checks signatures."""
    body = _read(structure.read(signed, depth=node.depth + 1))
    body.parts.append(Part(name, node.type, len(content), False, content, ""))
    return body


def _unpacked(content: bytes, name: str, kind: str) -> Body:
    """The files and the text of a winmail.dat, and itself: meetings, contacts and tasks are readable in it only."""
    found = tnef.read(content)
    body = Body(defects=[found.error] if found.error else [])
    for index, one in enumerate(found.attachments, start=1):
        own = names.clean(one.name)
        type_ = one.type.lower() if "/" in one.type else names.type_of(own)
        body.parts.append(
            Part(
                own or names.made_up(type_, index),
                type_,
                len(one.content),
                False,
                one.content,
                one.content_id.strip("<> "),
            )
        )
    body.parts.append(Part(name, kind, len(content), False, content, ""))
    body.text = found.text.replace("\r\n", "\n").replace("\r", "\n").replace("\0", "")[:MAX_TEXT]
    if found.html:
        body.html = found.html[:MAX_TEXT]
        body.marked = render(body.html)
        body.text = body.text if body.text.strip() else plain(body.marked)
    return body
