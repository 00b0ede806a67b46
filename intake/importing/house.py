"""The format of the house, as CSV (a ticket with its first message) and as JSON (with the whole conversation)."""

from typing import Any

from intake.importing.records import (
    BadRecord,
    MessageRecord,
    TicketRecord,
    chosen,
    instant,
    listed,
    perhaps_instant,
    required,
    words,
)
from tickets.choices import Channel, MessageKind, Status

STATUS = {status.value: status.value for status in Status} | {"resolved": Status.CLOSED.value}
_SEVERITY = {"s": "S", "a": "A", "b": "B"}
_CHANNEL = {channel.value: channel.value for channel in Channel}
_KIND = {kind.value: kind.value for kind in MessageKind}
#: What a row may have; anything else is a slip of the pen that would lose something.
COLUMNS = frozenset(
    "id number subject requester_email requester_name description status severity channel team category assignee tags"
    " created_at updated_at ended_at hold_reason messages".split()
)


def read(row: dict[str, Any], line: int) -> TicketRecord:
    """One row.

    Raises:
        BadRecord: with what to mend.
    """
    if unknown := sorted(set(row) - COLUMNS):
        raise BadRecord(f"unknown column: {', '.join(unknown)}")
    created_at = instant(row.get("created_at"), what="created_at")
    status = chosen(row.get("status"), STATUS, what="status", default="closed")
    email, name = required(row.get("requester_email"), what="requester_email"), words(row.get("requester_name"))
    messages = _messages(row.get("messages") or [])
    if text := words(row.get("description")):
        messages.insert(0, MessageRecord("customer", text, created_at, email, name))
    updated_at = perhaps_instant(row.get("updated_at"), what="updated_at")
    return TicketRecord(
        line=line,
        external_id=required(row.get("id"), what="id"),
        number=words(row.get("number")),
        subject=required(row.get("subject"), what="subject"),
        email=email,
        name=name,
        status=status,
        severity=chosen(row.get("severity"), _SEVERITY, what="severity", default="B"),
        created_at=created_at,
        updated_at=updated_at or max([created_at, *(message.created_at for message in messages)]),
        ended_at=perhaps_instant(row.get("ended_at"), what="ended_at"),
        channel=chosen(row.get("channel"), _CHANNEL, what="channel", default="api"),
        team=words(row.get("team")),
        category=words(row.get("category")),
        assignee=words(row.get("assignee")),
        hold_reason=words(row.get("hold_reason")),
        tags=listed(row.get("tags")),
        messages=messages,
    )


def _messages(given: Any) -> list[MessageRecord]:
    if not isinstance(given, list):
        raise BadRecord("messages: a list is needed")
    found = []
    for position, row in enumerate(given, start=1):
        where = f"messages[{position}]"
        if not isinstance(row, dict):
            raise BadRecord(f"{where}: an object is needed")
        found.append(
            MessageRecord(
                kind=chosen(row.get("kind"), _KIND, what=f"{where}.kind", default="customer"),
                body=required(row.get("body"), what=f"{where}.body"),
                created_at=instant(row.get("created_at"), what=f"{where}.created_at"),
                email=words(row.get("email")),
                name=words(row.get("name")),
                files=listed(row.get("files") or []),
            )
        )
    return found
