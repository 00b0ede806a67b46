"""The mail server of demo mode: a table. Nothing leaves the house, and the administrator can read everything."""

from collections.abc import Sequence

from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend

from outbox import clock
from outbox.models import MailboxMessage


class MailboxBackend(BaseEmailBackend):
    """Writes each mail as a `MailboxMessage`, after building it exactly as it would go over the wire."""

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        """Store the mails; how many.

        Raises:
            BadHeaderError: as a real server's client would, for a header with a line break.
        """
        now = clock.now()
        rows = [_row(mail) for mail in email_messages]
        for row in rows:
            row.received_at = now
        return len(MailboxMessage.objects.bulk_create(rows))


def _row(mail: EmailMessage) -> MailboxMessage:
    wire = mail.message()
    html = next((part.content for part in getattr(mail, "alternatives", []) if part.mimetype == "text/html"), "")
    return MailboxMessage(
        message_id=wire["Message-ID"][:160],
        to=", ".join(mail.recipients())[:500],
        subject=str(mail.subject)[:998],
        text=str(mail.body),
        html=html,
        headers={name: str(value) for name, value in wire.items()},
    )
