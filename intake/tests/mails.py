"""Mails for tests, written as mail programs write them, and what becomes of them."""

from datetime import datetime
from email.message import EmailMessage
from email.utils import make_msgid

from intake.mail.processing import process_due
from intake.mail.receiving import receive
from intake.models import InboundMail, Mailbox
from outbox import clock, delivery
from outbox.models import Delivery

US = "support@yunfan.example"


def a_mail(
    *,
    sender: str = "Ann <ann@example.org>",
    to: str = US,
    subject: str = "The export stops",
    text: str = "Since this morning the nightly export stops.",
    message_id: str = "",
    answers: str = "",
    html: str = "",
    files: tuple[tuple[str, bytes], ...] = (),
    **headers: str,
) -> bytes:
    """The bytes of a mail; ``answers`` is the Message-ID that it replies to, further ``headers`` with _ for -."""
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = sender, to, subject
    mail["Message-ID"] = message_id or make_msgid(domain="mail.example.org")
    if answers:
        mail["In-Reply-To"] = mail["References"] = answers
    for name, value in headers.items():
        mail[name.replace("_", "-")] = value
    mail.set_content(text)
    if html:
        mail.add_alternative(html, subtype="html")
    for name, content in files:
        mail.add_attachment(content, maintype="application", subtype="octet-stream", filename=name)
    return mail.as_bytes()


def a_report(*, message_id: str, recipient: str, action: str = "failed", status: str = "5.1.1") -> bytes:
    """A delivery report (RFC 3464) about one of our mails."""
    return (
        "From: Mail Delivery System <MAILER-DAEMON@mx.example.org>\r\n"
        f"To: {US}\r\nSubject: Undelivered Mail Returned to Sender\r\nAuto-Submitted: auto-replied\r\n"
        f"Message-ID: {make_msgid(domain='mx.example.org')}\r\nMIME-Version: 1.0\r\n"
        'Content-Type: multipart/report; report-type=delivery-status; boundary="b"\r\n\r\n'
        "--b\r\nContent-Type: text/plain\r\n\r\nI'm sorry to have to inform you.\r\n"
        "--b\r\nContent-Type: message/delivery-status\r\n\r\n"
        "Reporting-MTA: dns; mx.example.org\r\n\r\n"
        f"Final-Recipient: rfc822; {recipient}\r\nAction: {action}\r\nStatus: {status}\r\n\r\n"
        f"--b\r\nContent-Type: text/rfc822-headers\r\n\r\nMessage-ID: {message_id}\r\nSubject: ours\r\n\r\n--b--\r\n"
    ).encode()


def arrives(raw: bytes, mailbox: Mailbox | None = None, *, now: datetime | None = None) -> InboundMail:
    """Receive and process a mail; its row."""
    mail = receive(raw=raw, mailbox=mailbox, now=now)
    process_due()
    mail.refresh_from_db()
    return mail


def sent_to(address: str) -> Delivery:
    """Send what waits; the newest delivery of a mail to ``address``."""
    delivery.run(read_clock=clock.now)
    return Delivery.objects.filter(address=address, channel="mail").latest("pk")
