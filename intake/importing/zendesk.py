"""Zendesk: its JSON export (one ticket on each line), or tickets of its API with their comments put in.

Names and users may stand as objects (`requester`, `assignee`, `group`) or as flat `requester_email` and so on. Only
descriptions with HTML are turned into words; files are named by address there.
"""

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
    "pending": "pending",
    "hold": "on_hold",
    "on-hold": "on_hold",
    "solved": "closed",
    "closed": "closed",
}
_SEVERITY = {"urgent": "S", "high": "A", "normal": "B", "low": "B"}
_CHANNEL = {"email": "mail", "voice": "phone", "phone": "phone", "chat": "chat", "web": "web", "messaging": "chat"}


def read(row: dict[str, Any], line: int) -> TicketRecord:
    """One ticket.

    Raises:
        BadRecord: with what to mend.
    """
    if row.get("status") == "deleted":
        raise BadRecord("it is deleted there")
    requester, created_at = _person(row, "requester"), instant(row.get("created_at"), what="created_at")
    status = chosen(row.get("status"), _STATUS, what="status")
    updated_at = perhaps_instant(row.get("updated_at"), what="updated_at") or created_at
    metrics = row.get("metric_set") if isinstance(row.get("metric_set"), dict) else {}
    via = row.get("via") if isinstance(row.get("via"), dict) else {}
    comments = row.get("comments") or []
    messages = [_message(one, requester) for one in comments if isinstance(one, dict)]
    if not messages:
        body = text_of_html(row.get("description"))
        messages = [MessageRecord("customer", body, created_at, requester["id"], requester["name"])] if body else []
    external_id = required(row.get("id"), what="id")
    return TicketRecord(
        line=line,
        external_id=external_id,
        number=external_id,
        subject=words(row.get("subject") or row.get("raw_subject")) or f"Zendesk #{external_id}",
        email=required(requester["email"], what="requester’s e-mail"),
        name=requester["name"],
        status=status,
        severity=chosen(row.get("priority"), _SEVERITY, what="priority", default="B"),
        created_at=created_at,
        updated_at=updated_at,
        ended_at=perhaps_instant((metrics or {}).get("solved_at"), what="solved_at"),
        channel=_CHANNEL.get(words((via or {}).get("channel")).lower(), "api"),
        team=_named(row, "group"),
        assignee=_person(row, "assignee")["email"],
        hold_reason="Zendesk" if status == "on_hold" else "",
        tags=listed(row.get("tags") or []),
        messages=[_told_by(message, requester) for message in messages if message.body],
    )


def _person(row: dict[str, Any], role: str) -> dict[str, str]:
    found = row.get(role) if isinstance(row.get(role), dict) else {}
    return {
        "id": words((found or {}).get("id") or row.get(f"{role}_id")),
        "email": words((found or {}).get("email") or row.get(f"{role}_email")),
        "name": words((found or {}).get("name") or row.get(f"{role}_name")),
    }


def _named(row: dict[str, Any], what: str) -> str:
    found = row.get(what)
    return words(found.get("name")) if isinstance(found, dict) else words(found or row.get(f"{what}_name"))


def _message(row: dict[str, Any], requester: dict[str, str]) -> MessageRecord:
    author = _person(row, "author")
    by_requester = author["id"] == requester["id"] if author["id"] else author["email"] == requester["email"]
    kind = "customer" if by_requester else "public" if row.get("public", True) else "note"
    body = words(row.get("plain_body")) or text_of_html(row.get("html_body")) or words(row.get("body"))
    return MessageRecord(
        kind=kind,
        body=body,
        created_at=instant(row.get("created_at"), what="comment’s created_at"),
        email=author["email"] or ("" if kind != "customer" else requester["id"]),
        name=author["name"],
        left_behind=len(row.get("attachments") or []),
        remote=remote_files(row.get("attachments"), name="file_name", address=lambda file: file.get("content_url")),
    )


def _told_by(message: MessageRecord, requester: dict[str, str]) -> MessageRecord:
    """What the requester wrote is theirs by their address, though a comment says an id only."""
    if message.kind == "customer":
        message.email, message.name = requester["email"], requester["name"]
    return message
