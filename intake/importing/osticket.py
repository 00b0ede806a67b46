"""osTicket: the CSV of its queues («Export»). It holds no conversation, so a ticket gets one message that says so.

An export queue may be given the last message as a further column; it is read when it is called «Message».
"""

from typing import Any

from intake.importing.records import (
    MessageRecord,
    TicketRecord,
    chosen,
    instant,
    perhaps_instant,
    required,
    words,
)

_STATUS = {
    "new": "new",
    "open": "open",
    "answered": "pending",
    "on hold": "on_hold",
    "resolved": "closed",
    "closed": "closed",
    "archived": "closed",
}
_SEVERITY = {"emergency": "S", "high": "A", "normal": "B", "low": "B"}
_CHANNEL = {"web": "web", "email": "mail", "phone": "phone", "api": "api", "other": "api"}
_NO_WORDS = "(The export of the other system holds no words.)"


def read(row: dict[str, Any], line: int) -> TicketRecord:
    """One row of the table.

    Raises:
        BadRecord: with what to mend.
    """
    number = required(row.get("Ticket Number"), what="Ticket Number")
    created_at = instant(_either(row, "Date Created", "Date"), what="Date Created")
    email, name = required(_either(row, "From Email", "Email"), what="From Email"), words(row.get("From"))
    status = chosen(_either(row, "Current Status", "Status"), _STATUS, what="Current Status", default="closed")
    body = words(_either(row, "Message", "Issue Details")) or _NO_WORDS
    return TicketRecord(
        line=line,
        external_id=number,
        number=number,
        subject=words(row.get("Subject")) or f"osTicket #{number}",
        email=email,
        name=name,
        status=status,
        severity=chosen(row.get("Priority"), _SEVERITY, what="Priority", default="B"),
        created_at=created_at,
        updated_at=perhaps_instant(row.get("Last Updated"), what="Last Updated") or created_at,
        ended_at=perhaps_instant(_either(row, "Closed Date", "Close Date"), what="Closed Date"),
        channel=_CHANNEL.get(words(row.get("Source")).lower(), "api"),
        team=words(_either(row, "Team Assigned", "Department")),
        category=words(row.get("Help Topic")),
        hold_reason="osTicket" if status == "on_hold" else "",
        messages=[MessageRecord("customer", body, created_at, email, name)],
    )


def _either(row: dict[str, Any], *names: str) -> Any:
    """The first of the columns that holds something; versions call them differently."""
    return next((row[name] for name in names if row.get(name)), "")
