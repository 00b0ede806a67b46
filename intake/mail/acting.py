"""What a decision about a mail does, by the services that pages and API use. In the caller's transaction."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from html import escape

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import override

from accounts.models import User
from accounts.services.people import find_or_create_requester
from intake.limits import may_mail
from intake.mail.files import uploads_of
from intake.mail.parsing import ParsedMail
from intake.mail.sorting import Deed, Verdict, is_machine
from intake.mail.threading import answered_message, sent_by_us
from intake.models import InboundMail
from outbox.rendering import one_line
from outbox.services import enqueue
from outbox.upkeep import mark_bounced
from tickets import limits
from tickets.choices import Channel
from tickets.models import Message, Ticket
from tickets.services.conversation import add_note, customer_message, reply
from tickets.services.events import record
from tickets.services.intake import Submission, create_ticket
from tickets.services.locking import changing
from tickets.services.merging import join_untouched
from tickets.services.remarks import add_remark

#: More than this of a text is read in the original.
MOST_CHARACTERS = 100_000
_SUBJECT = 200


@dataclass(frozen=True)
class Arrival:
    """A mail with what was read in it and decided about it."""

    mail: InboundMail
    parsed: ParsedMail
    verdict: Verdict
    now: datetime
    is_wanted: bool = False
    """Somebody asked for a message of it: no limit applies."""

    @property
    def language(self) -> str:
        return self.mail.mailbox.language if self.mail.mailbox else ""


@dataclass(frozen=True)
class Outcome:
    """How the mail's row stands afterwards."""

    state: str
    reason: str = ""
    detail: str = ""
    ticket: Ticket | None = None
    message: Message | None = None


def act(arrival: Arrival) -> Outcome:
    """Do what was decided.

    Raises:
        Exception: whatever the services raise; nothing has happened then.
    """
    return _DEEDS[arrival.verdict.deed](arrival)


def _ticket(arrival: Arrival) -> Outcome:
    """A new ticket, within what one address may begin in an hour."""
    parsed, now = arrival.parsed, arrival.now
    if not arrival.is_wanted and not may_mail(parsed.sender, now=now):
        return Outcome(InboundMail.State.PARKED, InboundMail.Reason.TOO_MANY)
    return begin_ticket(arrival)


def begin_ticket(arrival: Arrival) -> Outcome:
    """A new ticket of this mail, however many there are."""
    parsed, now, mailbox = arrival.parsed, arrival.now, arrival.mail.mailbox
    requester = requester_of(arrival)
    with override(requester.language):
        subject = one_line(parsed.subject or "", _SUBJECT) or _("(no subject)")
        body = _words(parsed.text)
        files, refused = uploads_of(parsed.attachments)
    submission = Submission(
        subject=subject,
        description=body,
        requester=requester,
        channel=Channel.MAIL,
        files=files,
        html=_original(parsed, body),
        spare_team=mailbox.team if mailbox else None,
        is_answered=not (arrival.verdict.is_quiet or is_machine(parsed)),
    )
    ticket = create_ticket(submission=submission, actor=None, now=now)
    _remark_on_files(ticket, refused, now=now)
    return _done(ticket.messages.earliest("pk"))


def _message(arrival: Arrival) -> Outcome:
    """The customer's side goes on with the conversation."""
    ticket, now = _demanded(arrival), arrival.now
    author = arrival.verdict.person or requester_of(arrival)
    if not arrival.is_wanted and not limits.may_act(author, now=now):
        return Outcome(InboundMail.State.PARKED, InboundMail.Reason.TOO_MANY, ticket=ticket)
    for other in arrival.verdict.joins:
        box = arrival.mail.mailbox
        join_untouched(ticket=other, into=ticket, now=now, is_public=box is not None and box.open_threads)
    return let_in(arrival, ticket=ticket, author=author)


def let_in(arrival: Arrival, *, ticket: Ticket, author: User) -> Outcome:
    """The mail as a message of ``author`` on the customer's side."""
    with override(ticket.language):
        body, files, refused = _read(arrival.parsed)
    message = customer_message(
        ticket=ticket,
        author=author,
        body=body,
        channel=Channel.MAIL,
        files=files,
        html=_original(arrival.parsed, body),
        now=arrival.now,
    )
    _remark_on_files(message.ticket, refused, now=arrival.now)
    return _done(message)


def _reply(arrival: Arrival) -> Outcome:
    """A colleague answers the customer from their own mail program."""
    return _by_colleague(arrival, reply)


def _note(arrival: Arrival) -> Outcome:
    return _by_colleague(arrival, add_note)


def _by_colleague(arrival: Arrival, service: Callable[..., Message]) -> Outcome:
    ticket, actor = _demanded(arrival), arrival.verdict.person
    with override(actor.language if actor else ticket.language):
        body, files, refused = _read(arrival.parsed)
        try:
            message = service(ticket=ticket, actor=actor, body=body, files=files, channel=Channel.MAIL, now=arrival.now)
        except ValidationError as error:
            held = replace(
                arrival.verdict, reason=InboundMail.Reason.REFUSED, detail=" ".join(error.messages), deed=Deed.HOLD
            )
            return _hold(replace(arrival, verdict=held))
    _remark_on_files(ticket, refused, now=arrival.now)
    return _done(message)


def _hold(arrival: Arrival) -> Outcome:
    """Shown at the ticket until somebody who works on it decides; a flood of one address is parked instead."""
    verdict = arrival.verdict
    if not arrival.is_wanted and not may_mail(arrival.parsed.sender, now=arrival.now):
        return Outcome(InboundMail.State.PARKED, InboundMail.Reason.TOO_MANY, ticket=verdict.ticket)
    with changing(_demanded(arrival).pk, now=arrival.now, even_merged=True) as change:
        record(ticket=change.ticket, code="ticket.mail_held", actor=None, now=change.now, mail=arrival.mail.pk)
        change.tell("ticket.mail_held", mail=arrival.mail.pk)
    return Outcome(InboundMail.State.HELD, verdict.reason, verdict.detail, verdict.ticket)


def _park(arrival: Arrival) -> Outcome:
    verdict = arrival.verdict
    if verdict.reason == InboundMail.Reason.TOO_LARGE:
        _tell_too_large(arrival)
    return Outcome(InboundMail.State.PARKED, verdict.reason, verdict.detail)


def _ignore(arrival: Arrival) -> Outcome:
    verdict = arrival.verdict
    return Outcome(InboundMail.State.IGNORED, verdict.reason, verdict.detail, verdict.ticket)


def _automatic(arrival: Arrival) -> Outcome:
    """An absence note stands at the ticket and changes nothing there."""
    ticket, parsed = _demanded(arrival), arrival.parsed
    with override(ticket.language):
        body, files, _refused = _read(parsed)
        words = _("Automatic reply of %(address)s:") % {"address": parsed.sender}
    message = add_remark(
        ticket=ticket,
        body=f"{words}\n\n{body}",
        code="ticket.mail_automatic",
        author=arrival.verdict.person,
        files=files,
        html=_original(parsed, body),
        now=arrival.now,
    )
    return _done(message)


def _bounce(arrival: Arrival) -> Outcome:
    """A delivery report marks the message that did not arrive, and says so to whoever wrote it."""
    ticket, parsed, bounce = _demanded(arrival), arrival.parsed, arrival.parsed.bounce
    gone = list(bounce.permanent) if bounce else []
    why = " ".join(part for part in (bounce.status, bounce.action) if part) if bounce else ""
    failed = []
    for batch in {row.batch for row in sent_by_us(parsed, bounce.original_message_id if bounce else "")}:
        failed += mark_bounced(batch=batch, addresses=gone, why=f"{', '.join(gone)}: {why}".strip(": "))
    with override(ticket.language):
        address = ", ".join(gone or (bounce.temporary if bounce else ())) or _("an address that it does not name")
        if failed or gone:
            body = _("A mail to %(address)s could not be delivered (%(why)s).")
        else:
            body = _("A mail to %(address)s is late (%(why)s).")
        body %= {"address": address, "why": why or _("no reason was given")}
    answers = [message for row in failed if (message := answered_message(row))]
    message = add_remark(
        ticket=ticket,
        body=body,
        code="ticket.undelivered",
        tell="ticket.undelivered" if answers else "",
        html=_original(parsed, body),
        now=arrival.now,
        undelivered=[each.pk for each in answers],
    )
    return _done(message)


_DEEDS: dict[Deed, Callable[[Arrival], Outcome]] = {
    Deed.TICKET: _ticket,
    Deed.MESSAGE: _message,
    Deed.REPLY: _reply,
    Deed.NOTE: _note,
    Deed.HOLD: _hold,
    Deed.PARK: _park,
    Deed.IGNORE: _ignore,
    Deed.AUTOMATIC: _automatic,
    Deed.BOUNCE: _bounce,
}


def requester_of(arrival: Arrival) -> User:
    """Who wrote, made known by the rules of the public form when new."""
    parsed = arrival.parsed
    return find_or_create_requester(
        email=parsed.sender, name=parsed.sender_name, language=arrival.language, now=arrival.now
    )


def _demanded(arrival: Arrival) -> Ticket:
    assert arrival.verdict.ticket is not None  # the decision names one
    return arrival.verdict.ticket


def _done(message: Message) -> Outcome:
    return Outcome(InboundMail.State.PROCESSED, ticket=message.ticket, message=message)


def _read(parsed: ParsedMail) -> tuple[str, list, list[str]]:
    """The new words, the files that are taken, and a line for each that is not."""
    files, refused = uploads_of(parsed.attachments)
    return _words(parsed.reply_text or parsed.text), files, refused


def _words(text: str) -> str:
    text = text.replace("\x00", "").strip()
    return text[:MOST_CHARACTERS] if text else _("(This mail holds no text.)")


def _original(parsed: ParsedMail, body: str) -> str:
    """What the mail said in full, if the message shows less: its HTML, else its text."""
    if parsed.html.strip():
        return parsed.html
    whole = parsed.text.replace("\x00", "").strip()
    return f"<pre>{escape(whole)}</pre>" if whole and whole != body.strip() else ""


def _remark_on_files(ticket: Ticket, refused: list[str], *, now: datetime) -> None:
    if not refused:
        return
    with override(ticket.language):
        head = _("Files of this mail that were not taken; its original holds them:")
    lines = "\n".join(f"- {line}" for line in refused)
    add_remark(ticket=ticket, body=f"{head}\n\n{lines}", code="ticket.mail_remark", channel=Channel.INTERNAL, now=now)


def _tell_too_large(arrival: Arrival) -> None:
    """Once per mail, and never to a machine."""
    parsed, mail = arrival.parsed, arrival.mail
    if not parsed.sender or parsed.is_bounce or is_machine(parsed):
        return
    enqueue(
        kind="mail.too_large",
        payload={"mail": mail.pk},
        stream=f"mail:{mail.pk}",
        dedupe_key=f"mail.too_large:{mail.pk}",
        now=arrival.now,
    )
