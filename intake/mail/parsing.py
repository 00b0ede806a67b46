"""Reading a mail: raw bytes to plain values.

`parse` never raises, and its time and memory grow with the size of the mail only: parts, levels, headers, tags and
lines are counted, and no expression goes back over what it has read. What was not understood is said in `error`;
the mail is then as complete as it could be made.
"""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from intake.mail import automatic, bodies, bounces, quotes, structure, subjects
from intake.mail.addresses import Address, read_addresses
from intake.mail.bodies import Part
from intake.mail.bounces import Bounce
from intake.mail.headers import Headers, message_ids

__all__ = ["Address", "Bounce", "ParsedMail", "Part", "parse"]

MAX_BYTES = 64 * 1024 * 1024
#: Headers that those who thread, answer and guard against loops want to see as they came.
_KEPT = (
    "auto-submitted", "precedence", "list-id", "list-post", "list-unsubscribe", "list-help", "x-loop",
    "x-autoreply", "x-autorespond", "x-auto-response-suppress", "x-mailer", "user-agent", "return-path",
    "delivered-to", "x-original-to", "sender", "thread-topic", "thread-index", "content-language",
    "authentication-results", "received-spf", "x-spam-status", "x-spam-flag", "feedback-id",
    "x-failed-recipients", "disposition-notification-to", "importance", "x-priority", "x-helpdesk-id",
)  # fmt: skip
_MAX_SUBJECT = 2000


@dataclass(frozen=True)
class ParsedMail:
    """One mail. Addresses are written as they came; identifiers have no angle brackets."""

    sender: str = ""
    sender_name: str = ""
    to: tuple[str, ...] = ()
    cc: tuple[str, ...] = ()
    reply_to: tuple[str, ...] = ()
    subject: str | None = None
    message_id: str = ""
    in_reply_to: tuple[str, ...] = ()
    references: tuple[str, ...] = ()
    date: datetime | None = None
    text: str = ""
    reply_text: str = ""
    html: str = ""
    attachments: tuple[Part, ...] = ()
    charset: str = ""
    is_bounce: bool = False
    is_auto_reply: bool = False
    is_list: bool = False
    bounce: Bounce | None = None
    error: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    #: The same addresses with the names beside them, for people to read.
    from_shown: str = ""
    to_shown: tuple[str, ...] = ()
    cc_shown: tuple[str, ...] = ()


def parse(raw: bytes) -> ParsedMail:
    """Read one mail. Never raises; `error` says what was not understood, and is empty when all was."""
    try:
        return _parse(raw)
    except Exception as error:  # noqa: BLE001  a mail that we cannot read must not keep the next one waiting
        return ParsedMail(
            text=raw[:100_000].decode("utf-8", "replace").replace("\0", ""),
            error=f"not readable: {type(error).__name__}",
        )


def _parse(raw: bytes) -> ParsedMail:
    defects: list[str] = []
    if len(raw) > MAX_BYTES:
        defects.append("the mail is too large and was cut")
    root = structure.read(_beginning(raw[:MAX_BYTES]))
    headers = root.headers
    body = bodies.read(root)
    senders = read_addresses(_raw(headers, "from")) or read_addresses(_raw(headers, "sender"))
    to, cc = read_addresses(_raw(headers, "to")), read_addresses(_raw(headers, "cc"))
    sender = senders[0] if senders else Address("", "")
    if not sender.address:
        defects.append("no sender")
    subject = headers.get("subject")[:_MAX_SUBJECT] if headers.has("subject") else None
    in_reply_to, references = message_ids(headers.all("in-reply-to")), message_ids(headers.all("references"))
    date = _date(headers, defects)
    bounce = bounces.find(root, headers, sender.address, subject or "", body.text)
    defects += [word for node in structure.walk(root) for word in node.defects] + body.defects
    return ParsedMail(
        sender=sender.address,
        sender_name=sender.name,
        to=_addresses(to),
        cc=_addresses(cc),
        reply_to=_addresses(read_addresses(_raw(headers, "reply-to"))),
        subject=subject,
        message_id=_message_id(headers),
        in_reply_to=in_reply_to,
        references=references,
        date=date,
        text=body.text.strip("\n"),
        reply_text=_reply_text(body, subject or "", bool(in_reply_to or references)),
        html=body.html,
        attachments=tuple(body.parts),
        charset=body.charset,
        is_bounce=bounce is not None,
        is_auto_reply=bounce is None and automatic.is_auto_reply(headers, sender.address, subject or "", body.text),
        is_list=automatic.is_list(headers),
        bounce=bounce,
        error="; ".join(list(dict.fromkeys(defects))[:10]),
        headers={name: headers.get(name)[:2000] for name in _KEPT if headers.has(name)},
        from_shown=str(sender),
        to_shown=tuple(str(one) for one in to),
        cc_shown=tuple(str(one) for one in cc),
    )


def _beginning(raw: bytes) -> bytes:
    """Without what may stand before the first header, and with line breaks that a reader of lines can see."""
    raw = raw.removeprefix(b"\xef\xbb\xbf").lstrip()
    return raw if b"\n" in raw else raw.replace(b"\r", b"\n")


def _message_id(headers: Headers) -> str:
    found = message_ids(headers.all("message-id"))
    return found[0] if found else headers.get("message-id").strip("<> ")[:500]


def _raw(headers: Headers, name: str) -> list[bytes]:
    return [value for key, value in headers.fields if key == name][:50]


def _addresses(found: list[Address]) -> tuple[str, ...]:
    return tuple(one.address for one in found if one.address)


def _date(headers: Headers, defects: list[str]) -> datetime | None:
    if not headers.has("date"):
        return None
    try:
        found = parsedate_to_datetime(headers.get("date")[:200])
        # «-0000» and no zone at all mean UTC.
        return found if found.tzinfo else found.replace(tzinfo=UTC)
    except (ValueError, TypeError, IndexError, OverflowError):
        defects.append("the date was not understood")
        return None


def _reply_text(body: bodies.Body, subject: str, has_parents: bool) -> str:
    """From the plain text where it shows the quote, else from the HTML, whose marks are surer."""
    is_reply = has_parents or subjects.is_reply(subject)
    is_forward = subjects.is_forward(subject)
    from_html = bool(body.html) and body.text.strip() == bodies.plain(body.marked).strip()
    found, cut = quotes.reply_text(body.marked if from_html else body.text, is_reply=is_reply, is_forward=is_forward)
    if not cut and body.marked and not from_html:
        other, other_cut = quotes.reply_text(body.marked, is_reply=is_reply, is_forward=is_forward)
        if other_cut:
            return other
    return found
