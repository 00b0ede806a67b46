"""What people decide about mails that became no message by themselves."""

import logging
from datetime import datetime

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import override

from accounts.models import User
from intake.mail.acting import Arrival, Outcome, begin_ticket, let_in, requester_of
from intake.mail.parsing import parse
from intake.mail.processing import content_of, process, settle
from intake.mail.sorting import Deed, Verdict
from intake.models import InboundMail
from outbox import clock
from outbox.contention import survives_deadlock
from tickets.choices import Channel
from tickets.models import Participant, Ticket
from tickets.permissions import may
from tickets.services.conversation import add_note
from tickets.services.events import record
from tickets.services.locking import changing

logger = logging.getLogger(__name__)

State, Reason = InboundMail.State, InboundMail.Reason
#: What may be tried again: it became nothing. A held one is let in or not.
RETRIED = (State.PARKED, State.IGNORED, State.DUPLICATE)
DISCARDED = (State.PARKED, State.HELD)


def retry(*, mail: InboundMail, actor: User, now: datetime | None = None) -> InboundMail:
    """Make a message or a ticket of ``mail`` all the same, whatever kind of mail it is; what fails is parked again.

    Raises:
        PermissionDenied: when ``actor`` may not decide about it.
        ValidationError: when somebody decided already.
    """
    now = now or clock.now()
    with transaction.atomic():
        mail = _locked(mail, actor, RETRIED)
        if mail.state == State.DUPLICATE and mail.reason == Reason.SAME_ID:
            mail.message_id = f"{mail.message_id[:200]}#{mail.sha256[:16]}"  # it is a mail of its own from now on
        mail.state, mail.reason, mail.detail = State.RECEIVED, "", ""
        mail.attempts, mail.next_attempt_at, mail.decided_by = 0, now, actor
        mail.save()
    try:
        return process(mail, now=now, forced=True)
    except Exception as error:  # noqa: BLE001 - whatever it is, the mail goes back to where it was with the reason
        logger.warning("mail %s retried in vain: %s", mail.pk, type(error).__name__)
        why = f"{type(error).__name__}: {error}"[:2000]
        InboundMail.objects.filter(pk=mail.pk, state=State.RECEIVED).update(
            state=State.PARKED, reason=Reason.FAILED, detail=why, processed_at=now
        )
    mail.refresh_from_db()
    return mail


@survives_deadlock
def discard(*, mail: InboundMail, actor: User, words: str, now: datetime | None = None) -> InboundMail:
    """Set ``mail`` aside for good; it stays a row, with the reason.

    Raises:
        PermissionDenied: when ``actor`` may not decide about it.
        ValidationError: without ``words``, or when somebody decided already.
    """
    _demand_words(words)
    now = now or clock.now()
    with transaction.atomic():
        mail = _locked(mail, actor, DISCARDED)
        if mail.state == State.HELD:
            _record(mail, False, actor, now)
        return _settled(mail, Outcome(State.IGNORED, Reason.DISCARDED, words.strip(), mail.ticket), actor, now)


@survives_deadlock
def approve(*, mail: InboundMail, actor: User, takes_part: bool = False, now: datetime | None = None) -> InboundMail:
    """Let a held mail into its ticket: a message of its sender, or a note where it claims to be a colleague's.

    With ``takes_part`` the sender's further mails come in without asking. They see nothing of the ticket by that.

    Raises:
        PermissionDenied: when ``actor`` may not decide about it.
        ValidationError: when somebody decided already.
    """
    now = now or clock.now()
    parsed = parse(content_of(mail))
    with transaction.atomic():
        mail = _locked(mail, actor, (State.HELD,))
        ticket = _going_on(mail)
        arrival = Arrival(mail, parsed, Verdict(Deed.MESSAGE, ticket=ticket), now)
        if mail.reason == Reason.STRANGER:
            author = requester_of(arrival)
            outcome = let_in(arrival, ticket=ticket, author=author)
            if takes_part:
                _admit(ticket, author, actor, now)
        else:
            outcome = _as_note(arrival, ticket, actor)
        _record(mail, True, actor, now)
        return _settled(mail, outcome, actor, now)


@survives_deadlock
def reject(*, mail: InboundMail, actor: User, now: datetime | None = None) -> InboundMail:
    """Keep a held mail out of its ticket: it begins one of its own.

    Raises:
        PermissionDenied: when ``actor`` may not decide about it.
        ValidationError: when somebody decided already.
    """
    now = now or clock.now()
    parsed = parse(content_of(mail))
    with transaction.atomic():
        mail = _locked(mail, actor, (State.HELD,))
        _record(mail, False, actor, now)
        outcome = begin_ticket(Arrival(mail, parsed, Verdict(Deed.TICKET), now))
        return _settled(mail, outcome, actor, now)


def _locked(mail: InboundMail, actor: User, states: tuple[str, ...]) -> InboundMail:
    """The row under its lock, if ``actor`` may decide about it and nobody did."""
    if not InboundMail.objects.decidable_by(actor).filter(pk=mail.pk).exists():
        raise PermissionDenied
    rows = InboundMail.objects.select_related("mailbox__team", "ticket__merged_into")
    mail = rows.select_for_update(of=("self",)).get(pk=mail.pk)
    if mail.state not in states:
        raise ValidationError(_("Somebody decided about this mail already."), code="decided")
    if mail.ticket and mail.state == State.HELD and not may(actor, "reply", mail.ticket):
        raise PermissionDenied
    return mail


def _going_on(mail: InboundMail) -> Ticket:
    assert mail.ticket is not None  # `inboundmail_held_at_ticket`
    return mail.ticket.merged_into or mail.ticket


def _as_note(arrival: Arrival, ticket: Ticket, actor: User) -> Outcome:
    """Nothing proves that a colleague wrote it: whoever lets it in says so to the others."""
    with override(actor.language):
        head = _("Mail from %(address)s, let in by hand:") % {"address": arrival.parsed.sender}
    said = (arrival.parsed.reply_text or arrival.parsed.text).replace("\x00", "").replace("@", "@\u2060").strip()
    note = add_note(ticket=ticket, actor=actor, body=f"{head}\n\n{said}".strip(), channel=Channel.MAIL, now=arrival.now)
    return Outcome(State.PROCESSED, ticket=ticket, message=note)


def _admit(ticket: Ticket, person: User, actor: User, now: datetime) -> None:
    Participant.objects.get_or_create(
        ticket=ticket,
        user=person,
        defaults={"kind": Participant.Kind.WATCHER, "added_by": actor, "added_at": now},
    )


def _record(mail: InboundMail, is_in: bool, actor: User, now: datetime) -> None:
    with changing(_going_on(mail).pk, now=now, even_merged=True) as change:
        if is_in:
            record(ticket=change.ticket, code="ticket.mail_approved", actor=actor, now=change.now, mail=mail.pk)
        else:
            record(ticket=change.ticket, code="ticket.mail_rejected", actor=actor, now=change.now, mail=mail.pk)


def _settled(mail: InboundMail, outcome: Outcome, actor: User, now: datetime) -> InboundMail:
    mail.decided_by = actor
    settle(mail, outcome, now=now)
    return mail


def _demand_words(words: str) -> None:
    if not words.strip():
        raise ValidationError({"words": _("Say in a word why.")})
