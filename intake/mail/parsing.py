"""From the bytes of a mail to what it says."""

import re
from dataclasses import dataclass, field
from datetime import datetime
from email import message_from_bytes, policy
from email.utils import getaddresses, parsedate_to_datetime
from typing import Any


@dataclass(frozen=True)
class Part:
    name: str
    type: str
    size: int
    inline: bool
    content: bytes
    content_id: str


@dataclass(frozen=True)
class Bounce:
    permanent: tuple[str, ...] = ()
    temporary: tuple[str, ...] = ()
    message_id: str = ""
    action: str = ""
    status: str = ""


@dataclass(frozen=True)
class ParsedMail:
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


def parse(raw: bytes) -> ParsedMail:
    try:
        return _parse(raw)
    except Exception as error:  # noqa: BLE001
        return ParsedMail(error=f"{type(error).__name__}: {error}")


_QUOTE = re.compile(r"\n(?:>|On .* wrote:|在.*写道)")
_ID = re.compile(r"<([^<>\s]+)>")


def _parse(raw: bytes) -> ParsedMail:
    mail: Any = message_from_bytes(raw, policy=policy.default)
    plain: Any = message_from_bytes(raw, policy=policy.compat32)
    names = ("auto-submitted", "precedence", "list-id", "x-loop", "return-path", "content-type", "message-id")
    headers = {name: str(mail[name]) for name in names if mail[name] is not None}
    sender = (getaddresses([str(plain.get("from", ""))]) or [("", "")])[0]
    addresses = {}
    for name in ("to", "cc", "reply-to"):
        addresses[name] = tuple(a for _, a in getaddresses([str(v) for v in plain.get_all(name, [])]))
    ids = {n: tuple(_ID.findall(str(mail.get(n, "")))) for n in ("message-id", "in-reply-to", "references")}
    body, html = mail.get_body(("plain",)), mail.get_body(("html",))
    text = body.get_content() if body else ""
    parts = []
    for part in mail.walk() if mail.is_multipart() else []:
        if part.is_multipart() or part in (body, html):
            continue
        content = part.get_payload(decode=True) or b""
        cid = str(part.get("content-id", "")).strip("<> ")
        parts.append(Part(part.get_filename() or "", part.get_content_type(), len(content), bool(cid), content, cid))
    is_bounce = mail.get_content_type() == "multipart/report" and "delivery-status" in str(mail.get("content-type", ""))
    auto = headers.get("auto-submitted", "no").lower() != "no" or headers.get("precedence", "").lower() == "auto_reply"
    date = parsedate_to_datetime(str(mail["date"])) if mail["date"] else None
    return ParsedMail(
        sender=sender[1].lower(), sender_name=sender[0], to=addresses["to"], cc=addresses["cc"],
        reply_to=addresses["reply-to"], subject=str(mail["subject"]) if mail["subject"] is not None else None,
        message_id=(ids["message-id"] or ("",))[0], in_reply_to=ids["in-reply-to"], references=ids["references"],
        date=date, text=text, reply_text=_QUOTE.split(text)[0], html=html.get_content() if html else "",
        attachments=tuple(parts), is_bounce=is_bounce, is_auto_reply=auto and not is_bounce,
        is_list="list-id" in headers or headers.get("precedence", "").lower() in ("list", "bulk"),
        bounce=_bounce(mail) if is_bounce else None, error="" if sender[1] else "no sender", headers=headers,
    )  # fmt: skip


def _bounce(mail: Any) -> Bounce:
    text = "\n".join(
        str(p)
        for p in mail.walk()
        if p.get_content_type() in ("message/delivery-status", "message/rfc822", "text/rfc822-headers")
    )
    field = {
        n: (re.search(rf"(?im)^{n}:\s*(?:rfc822;\s*)?(.*)$", text) or ["", ""])[1].strip()
        for n in ("Final-Recipient", "Action", "Status", "Message-ID")
    }
    to = (field["Final-Recipient"].lower(),) if field["Final-Recipient"] else ()
    permanent = field["Action"].lower() == "failed"
    return Bounce(
        to if permanent else (),
        () if permanent else to,
        field["Message-ID"].strip("<> "),
        field["Action"],
        field["Status"],
    )
