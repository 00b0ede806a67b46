"""Zammad: tickets of `/api/v1/tickets?expand=true` with their articles (`/api/v1/ticket_articles/by_ticket/ID`) put in
as `articles`. Names instead of ids are needed (`expand`), because an id says nothing here.
"""

from email.utils import parseaddr
from typing import Any

from intake.importing.records import (
    BadRecord,
    MessageRecord,
    TicketRecord,
    chosen,
    instant,
    listed,
    perhaps_instant,
    remote_files,
    required,
    text_of_html,
    words,
)

_STATUS = {
    "new": "new",
    "open": "open",
    "pending reminder": "on_hold",
    "pending close": "pending",
    "closed": "closed",
    "merged": "closed",
}
_SEVERITY = {"3 high": "A", "2 normal": "B", "1 low": "B", "4 urgent": "S"}
_CHANNEL = {"email": "mail", "phone": "phone", "web": "web", "chat": "chat", "sms": "chat", "note": "internal"}


def read(row: dict[str, Any], line: int) -> TicketRecord:
    """One ticket.

    Raises:
        BadRecord: with what to mend.
    """
    if "state" not in row and "state_id" in row:
        raise BadRecord("it holds ids only: fetch it with ?expand=true")
    created_at = instant(row.get("created_at"), what="created_at")
    email = required(row.get("customer"), what="customer (an e-mail address)")
    status = chosen(row.get("state"), _STATUS, what="state")
    articles = [one for one in row.get("articles") or [] if isinstance(one, dict)]
    number = required(row.get("number"), what="number")
    owner = words(row.get("owner"))
    return TicketRecord(
        line=line,
        external_id=words(row.get("id")) or number,
        number=number,
        subject=words(row.get("title")) or f"Zammad #{number}",
        email=email,
        name="",
        status=status,
        severity=chosen(row.get("priority"), _SEVERITY, what="priority", default="B"),
        created_at=created_at,
        updated_at=perhaps_instant(row.get("updated_at"), what="updated_at") or created_at,
        ended_at=perhaps_instant(row.get("close_at"), what="close_at"),
        channel=_CHANNEL.get(words(row.get("create_article_type")).lower(), "api"),
        team=words(row.get("group")),
        assignee="" if owner == "-" else owner,
        hold_reason="Zammad" if status == "on_hold" else "",
        tags=listed(row.get("tags") or []),
        messages=[message for one in articles if (message := _message(one, email)).body],
    )


def _message(row: dict[str, Any], customer: str) -> MessageRecord:
    sender = words(row.get("sender")).lower()
    kind = "automatic" if sender == "system" else "customer" if sender == "customer" else "public"
    if row.get("internal") and kind != "automatic":
        kind = "note"
    name, address = parseaddr(words(row.get("from")))
    if kind == "customer":
        address = address or customer
    else:
        address = words(row.get("created_by")) or address
    html = words(row.get("content_type")).lower() == "text/html"
    return MessageRecord(
        kind=kind,
        body=text_of_html(row.get("body")) if html else words(row.get("body")),
        created_at=instant(row.get("created_at"), what="article’s created_at"),
        email=address,
        name=name,
        left_behind=len(row.get("attachments") or []),
        remote=remote_files(row.get("attachments"), name="filename", address=lambda file: _address(file, row)),
    )


def _address(file: dict[str, Any], article: dict[str, Any]) -> str:
    """Files have ids; their address is made of three of them."""
    said = words(file.get("content_url") or file.get("url"))
    ids = [words(value) for value in (article.get("ticket_id"), article.get("id"), file.get("id"))]
    return said or ("/api/v1/ticket_attachment/" + "/".join(ids) if all(one.isdecimal() for one in ids) else "")
