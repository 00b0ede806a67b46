"""Changing the grade: by staff with a reason, or after the customer contested it."""

from datetime import datetime

from django.core.exceptions import PermissionDenied, ValidationError
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from outbox.contention import survives_deadlock
from outbox.services import wake
from sla.choices import Severity
from tickets.choices import MessageKind
from tickets.models import SeverityContest, Ticket
from tickets.services.conversation import add_message
from tickets.services.escalation import follow_targets
from tickets.services.events import record
from tickets.services.locking import Change, changing


@survives_deadlock
def regrade(*, ticket: Ticket, actor: User, severity: str, reason: str, now: datetime | None = None) -> None:
    """Give a ticket another severity. The customer is told with the reason; open deadlines move, closed ones stay.

    Raises:
        ValidationError: without a reason, with an unknown or the same severity.
    """
    if not reason.strip():
        raise ValidationError({"reason": _("Say why the grade changes; the customer reads it.")})
    if severity not in Severity.values:
        raise ValidationError({"severity": _("Choose S, A or B.")})
    with changing(ticket.pk, now=now) as change:
        if change.ticket.severity == severity:
            raise ValidationError({"severity": _("The ticket has this grade already.")})
        apply_grade(change, severity, actor=actor, reason=reason)


@survives_deadlock
def contest(*, ticket: Ticket, actor: User, wanted: str, reason: str, now: datetime | None = None) -> SeverityContest:
    """The customer finds the grade wrong: the lead is asked to decide.

    Raises:
        ValidationError: without a reason, for the grade it has, when resolved, or when a contest is open.
    """
    if not reason.strip():
        raise ValidationError({"reason": _("Please tell us why another grade would be right.")})
    with changing(ticket.pk, now=now) as change:
        if wanted not in Severity.values or wanted == change.ticket.severity:
            raise ValidationError({"wanted": _("Choose another grade than the present one.")})
        if not change.ticket.is_unresolved:
            raise ValidationError(_("The ticket is resolved already."), code="resolved")
        if SeverityContest.objects.filter(ticket=change.ticket, state="open").exists():
            raise ValidationError(_("You asked for this already; the team lead is deciding."), code="open")
        row = SeverityContest.objects.create(
            ticket=change.ticket, wanted=wanted, reason=reason.strip(), raised_by=actor, raised_at=change.now
        )
        record(
            ticket=change.ticket,
            code="ticket.severity.contested",
            actor=actor,
            now=change.now,
            source=change.ticket.severity,
            wanted=wanted,
        )
        change.tell("ticket.contested", contest=row.pk)
    return row


@survives_deadlock
def decide_contest(
    *, row: SeverityContest, actor: User, accept: bool, answer: str, now: datetime | None = None
) -> None:
    """The lead accepts or declines a contest with an answer that the customer reads.

    Raises:
        PermissionDenied: when ``actor`` may not decide.
        ValidationError: without an answer, or when it was decided before.
    """
    if not actor.may("ticket.decide_severity"):
        raise PermissionDenied
    if not answer.strip():
        raise ValidationError({"answer": _("Give the customer an answer in a sentence.")})
    with changing(row.ticket_id, now=now) as change:
        state = SeverityContest.State.ACCEPTED if accept else SeverityContest.State.DECLINED
        pending = SeverityContest.objects.filter(pk=row.pk, state="open")
        if not pending.update(state=state, decided_by=actor, decided_at=change.now, answer=answer.strip()):
            raise ValidationError(_("This has been decided already."), code="decided")
        record(ticket=change.ticket, code=f"ticket.severity.{state}", actor=actor, now=change.now, wanted=row.wanted)
        if not accept:
            change.tell("ticket.contest_declined", contest=row.pk)
        elif change.ticket.severity != row.wanted:  # else the customer was told when it got that grade
            apply_grade(change, row.wanted, actor=actor, reason=answer)


def lapse_contest(change: Change) -> None:
    """The locked ticket is being resolved: an open contest has nothing left to decide, and nobody waits for it."""
    row = SeverityContest.objects.filter(ticket=change.ticket, state=SeverityContest.State.OPEN).first()
    if row is None:
        return
    row.state, row.decided_at = SeverityContest.State.LAPSED, change.now
    row.save(update_fields=["state", "decided_at"])
    record(ticket=change.ticket, code="ticket.severity.lapsed", actor=None, now=change.now, wanted=row.wanted)


def apply_grade(change: Change, severity: str, *, actor: User, reason: str) -> None:
    """Give a locked ticket another grade: deadlines follow, the customer reads ``reason``."""
    before = change.ticket.severity
    change.set(severity=severity)
    if severity == Severity.S:  # S wakes, and what was told of this ticket at a lower grade is part of it
        wake(stream=change.stream, now=change.now)
    message = add_message(change, MessageKind.AUTOMATIC, reason, author=actor)
    follow_targets(change.ticket, facts=change.facts, now=change.now)
    record(
        ticket=change.ticket,
        code="ticket.regraded",
        actor=actor,
        now=change.now,
        source=before,
        target=severity,
        message=message.pk,
    )
    change.tell("ticket.regraded", source=before, target=severity, message=message.pk)
