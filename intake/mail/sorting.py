"""What becomes of a mail: one decision, by rules in the order in which they stand here. Nothing is written.

Rules of hardening that meet here: automatic mail never answers automatic mail; a From or a Cc proves nobody; a
colleague writes by mail only with the mark that was made for them; a mark that is not valid counts as none.
"""

from dataclasses import dataclass
from enum import StrEnum

from django.db.models.functions import Lower

from accounts.models import User
from intake.mail.parsing import ParsedMail
from intake.mail.receiving import MOST_BYTES
from intake.mail.threading import Thread, numbers_of, sent_by_us, takes_part, thread_of
from intake.mail.tokens import Token, is_address, own_addresses, read_tokens, without_mark
from intake.models import InboundMail
from outbox.rendering import LOOP_HEADER, loop_mark
from tickets.models import Ticket
from tickets.permissions import may

Reason = InboundMail.Reason
#: Where servers write to whom a mail was sent, which To does not always say.
_ENVELOPE = ("delivered-to", "x-original-to", "envelope-to", "x-delivered-to", "x-forwarded-to")
#: Nobody reads what is sent there (RFC 3834 names some of them).
_NOBODY = frozenset({"mailer-daemon", "postmaster", "noreply", "no-reply", "donotreply", "do-not-reply", "bounce"})


class Deed(StrEnum):
    """What is done with a mail."""

    TICKET = "ticket"
    MESSAGE = "message"
    REPLY = "reply"
    NOTE = "note"
    HOLD = "hold"
    PARK = "park"
    IGNORE = "ignore"
    AUTOMATIC = "automatic"
    BOUNCE = "bounce"


@dataclass(frozen=True)
class Verdict:
    """The decision; ``joins`` are further tickets that this mail shows to be the same conversation."""

    deed: Deed
    ticket: Ticket | None = None
    person: User | None = None
    reason: str = ""
    detail: str = ""
    is_quiet: bool = False
    joins: tuple[Ticket, ...] = ()


def sort(mail: InboundMail, parsed: ParsedMail, *, forced: bool = False) -> Verdict:
    """Decide about ``mail``; ``forced``: somebody looked at it and wants a message of it, of whatever kind it is."""
    refused = _refused(mail, parsed, forced)
    if refused:
        return refused
    token, is_forged = read_tokens(_addressed(parsed))
    if parsed.is_bounce:
        return _bounce(parsed, token, forced)
    thread = Thread() if token or is_forged else thread_of(parsed, own=mail.message_id)
    if parsed.is_auto_reply and not forced:
        verdict = _automatic(parsed, token, thread)
        if verdict:
            return verdict
    accepts_lists = forced or token is not None or (mail.mailbox is not None and mail.mailbox.accepts_lists)
    if parsed.is_list and not accepts_lists:
        return Verdict(Deed.IGNORE, reason=Reason.LIST)
    person = _person(parsed.sender)
    if token:
        return _by_token(token, person)
    verdict = _by_thread(mail, thread, person)
    return verdict or Verdict(Deed.TICKET, is_quiet=is_machine(parsed))


def _refused(mail: InboundMail, parsed: ParsedMail, forced: bool) -> Verdict | None:
    """What keeps a mail from being read at all."""
    if not mail.is_whole or (mail.size > MOST_BYTES and not forced):
        return Verdict(Deed.PARK, reason=Reason.TOO_LARGE)
    if _is_own(parsed):
        return Verdict(Deed.IGNORE, reason=Reason.OWN)
    if parsed.is_bounce:
        return None
    if not is_address(parsed.sender):
        return Verdict(Deed.PARK, reason=Reason.UNREADABLE, detail=parsed.error or f"From: {parsed.sender[:200]}")
    says_something = parsed.text.strip() or parsed.attachments or parsed.subject
    if parsed.error and not says_something and not forced:  # a small flaw keeps nobody waiting
        return Verdict(Deed.PARK, reason=Reason.UNREADABLE, detail=parsed.error)
    return None


def _addressed(parsed: ParsedMail) -> list[str]:
    envelope = [parsed.headers.get(name, "") for name in _ENVELOPE]
    return [*parsed.to, *parsed.cc, *(part.strip(" <>") for line in envelope for part in line.split(","))]


def _is_own(parsed: ParsedMail) -> bool:
    if loop_mark() in parsed.headers.get(LOOP_HEADER.lower(), ""):
        return True
    return without_mark(parsed.sender) in own_addresses()


def _bounce(parsed: ParsedMail, token: Token | None, forced: bool) -> Verdict:
    """A delivery report belongs to the ticket whose mail it returns."""
    returned = parsed.bounce.original_message_id if parsed.bounce else ""
    numbers = numbers_of(sent_by_us(parsed, returned))
    ticket = Ticket.objects.filter(number__in=numbers).order_by("pk").first() or (token.ticket if token else None)
    if ticket:
        return Verdict(Deed.BOUNCE, ticket=ticket)
    return Verdict(Deed.IGNORE, reason=Reason.BOUNCE)


def _automatic(parsed: ParsedMail, token: Token | None, thread: Thread) -> Verdict | None:
    """An absence note goes to its ticket as a remark; what a machine reports by itself is a problem like any other."""
    person = _person(parsed.sender)
    ticket = token.ticket if token else next(iter([*thread.answered, *thread.related]), None)
    if ticket and person and not person.is_customer and person.pk != ticket.requester_id:
        return Verdict(Deed.IGNORE, ticket=ticket, reason=Reason.AUTOMATIC)  # a colleague is away: no news of it
    if ticket:
        return Verdict(Deed.AUTOMATIC, ticket=ticket, person=person)
    if parsed.headers.get("auto-submitted", "").strip().lower().startswith("auto-generated"):
        return None
    return Verdict(Deed.IGNORE, reason=Reason.AUTOMATIC)


def _by_token(token: Token, person: User | None) -> Verdict:
    """The mark proves that a mail of ours was read; only together with its holder's address it lets write."""
    ticket = token.ticket
    goes_on = ticket.merged_into or ticket
    if person is not None and person.pk == token.holder.pk and not takes_part(person, ticket):
        sees = Ticket.objects.workable_by(person).filter(pk=goes_on.pk).exists()
        if sees and token.is_note and may(person, "note", goes_on):
            return Verdict(Deed.NOTE, ticket=goes_on, person=person)
        if sees and not token.is_note and may(person, "reply", goes_on):
            return Verdict(Deed.REPLY, ticket=goes_on, person=person)
        return Verdict(Deed.HOLD, ticket=goes_on, reason=Reason.STAFF if sees else Reason.STRANGER)
    if takes_part(person, ticket):
        return Verdict(Deed.MESSAGE, ticket=ticket, person=person)
    return _stranger(ticket, person)


def _by_thread(mail: InboundMail, thread: Thread, person: User | None) -> Verdict | None:
    """By references: of the same participant to their ticket, of others to whoever decides; None: a new ticket."""
    tickets = {ticket.pk: ticket for ticket in (*thread.answered, *thread.related)}  # one may be the heir of several
    open_to_all = mail.mailbox is not None and mail.mailbox.open_threads
    own = [tickets[pk] for pk in sorted(tickets) if open_to_all or takes_part(person, tickets[pk])]
    if own:
        first, *others = own
        return Verdict(Deed.MESSAGE, ticket=first, person=person, joins=tuple(others))
    if thread.answered:
        return _stranger(thread.answered[0], person)
    return None


def _stranger(ticket: Ticket, person: User | None) -> Verdict:
    is_staff = person is not None and not person.is_customer
    return Verdict(
        Deed.HOLD,
        ticket=ticket.merged_into or ticket,
        person=person,
        reason=Reason.STAFF if is_staff else Reason.STRANGER,
    )


def is_machine(parsed: ParsedMail) -> bool:
    """Whether an automatic answer would reach nobody, or another machine."""
    local = parsed.sender.partition("@")[0].partition("+")[0].lower()
    returns = parsed.headers.get("return-path", "").strip()
    return parsed.is_auto_reply or parsed.is_list or local in _NOBODY or local.startswith("noreply") or returns == "<>"


def _person(address: str) -> User | None:
    return User.objects.alias(key=Lower("email")).filter(key=address.strip().lower()).first()
