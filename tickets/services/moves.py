"""From open to closed and back: holding, resolving, confirming, refuting, closing in silence, reopening."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from outbox import clock
from outbox.contention import survives_deadlock
from sla.metrics import Reply, Start
from sla.selectors import default_calendar
from sla.services.clocks import cancel_clocks, start_clocks
from tickets.choices import Channel, MessageKind, Status
from tickets.custom import PREFIX, fields_of, missing
from tickets.models import Escalation, Resolution, Ticket
from tickets.services.assigning import take_if_free
from tickets.services.attachments import kept
from tickets.services.conversation import add_message, answered, awaits_answer, move
from tickets.services.events import record
from tickets.services.grades import lapse_contest
from tickets.services.handover import lapse_handover
from tickets.services.locking import Change, changing
from tickets.services.properties import set_answers
from tickets.services.watching import tell_watchers
from tickets.transitions import check_move, check_return

#: Silence closes a resolved ticket after this many working days.
CLOSES_AFTER_WORKING_DAYS = 3


@survives_deadlock
def set_status(*, ticket: Ticket, actor: User, status: str, reason: str = "", now: datetime | None = None) -> None:
    """Move a ticket by hand, without a message to the customer.

    Raises:
        IllegalMove: when the table of moves does not allow it this way.
    """
    with changing(ticket.pk, now=now) as change:
        if change.ticket.status == status:
            return
        check_move(source=change.ticket.status, target=status, reason=reason, by_hand=True)
        move(change, status, actor=actor, hold_reason=reason)


@survives_deadlock
def return_status(
    *, ticket: Ticket, actor: User, status: str, hold_reason: str = "", now: datetime | None = None
) -> None:
    """Take back a move by hand: the ticket stands again where it came from.

    What that place asks for (a reply, a reason) was given when the ticket first came there.

    Raises:
        IllegalMove: when no move by hand leads from there to where it is now.
    """
    with changing(ticket.pk, now=now) as change:
        check_return(source=change.ticket.status, target=status)
        move(change, status, actor=actor, hold_reason=hold_reason)


@survives_deadlock
def resolve_ticket(
    *,
    ticket: Ticket,
    actor: User,
    cause: str,
    solution: str,
    verification: str,
    proof: str = "",
    message: str = "",
    custom: Mapping[str, Any] | None = None,
    files: Sequence[UploadedFile] = (),
    channel: str = Channel.PORTAL,
    now: datetime | None = None,
) -> Resolution:
    """Resolve a ticket: the customer reads ``message`` (the solution when empty) and is asked whether it works.

    ``custom`` answers custom fields, some of which have to be answered by then.

    Raises:
        ValidationError: when cause, solution, the way of verification or such an answer is missing; keyed by field.
        IllegalMove: when the ticket is resolved already.
    """
    _demand_findings(cause=cause, solution=solution, verification=verification, proof=proof)
    with kept(files) as stored, changing(ticket.pk, now=now) as change:
        check_move(source=change.ticket.status, target=Status.RESOLVED)
        _answer_what_is_needed(change, custom or {}, actor=actor)
        words = message.strip() or solution
        text = add_message(change, MessageKind.PUBLIC, words, author=actor, files=stored, channel=channel)
        answered(change, Reply(resolves=True))
        findings = {"cause": cause.strip(), "solution": solution.strip(), "proof": proof.strip()}
        resolution = _keep(change, actor, verification=verification, **findings)
        source = change.ticket.status
        take_if_free(change, actor)
        change.set(status=Status.RESOLVED, hold_reason="", resolved_at=change.now)
        begin_anew(change, Start.RESOLUTION)
        fact = {"cycle": change.ticket.cycle, "message": text.pk}
        record(ticket=change.ticket, code="ticket.resolved", actor=actor, now=change.now, source=source, **fact)
        lapse_contest(change)
        lapse_handover(change)
        change.tell("ticket.resolved", **fact)
        tell_watchers(change, what="resolved", actor=actor)
    return resolution


def _keep(change: Change, actor: User, **findings: str) -> Resolution:
    now = change.now
    return Resolution.objects.create(
        ticket=change.ticket,
        cycle=change.ticket.cycle,
        resolved_by=actor,
        resolved_at=now,
        close_due_at=default_calendar().add_working_days(now, CLOSES_AFTER_WORKING_DAYS),
        **findings,
    )


@survives_deadlock
def confirm_solution(
    *, ticket: Ticket, actor: User | None, cycle: int | None = None, now: datetime | None = None
) -> None:
    """The customer says «solved»: the ticket closes.

    Raises:
        ValidationError: when this resolution was answered before.
    """
    with changing(ticket.pk, now=now) as change:
        _answer(change, cycle, confirmed_at=change.now)
        _close(change, actor=actor, code="ticket.confirmed")


@survives_deadlock
def refute_solution(
    *,
    ticket: Ticket,
    actor: User | None,
    comment: str = "",
    cycle: int | None = None,
    channel: str = Channel.PORTAL,
    now: datetime | None = None,
) -> None:
    """The customer says «not solved»: the ticket opens again in a new cycle, and the lead is told.

    Raises:
        ValidationError: when this resolution was answered before.
    """
    with changing(ticket.pk, now=now) as change:
        _answer(change, cycle, refuted_at=change.now)
        if comment.strip():
            message = add_message(change, MessageKind.CUSTOMER, comment, author=actor, channel=channel)
            reopen(change, actor=actor, message=message.pk)
            awaits_answer(change)
        else:
            reopen(change, actor=actor)


def refute_after_survey(change: Change, *, cycle: int, actor: User | None) -> None:
    """A survey says «not solved»: open the locked ticket again, if it still rests on that resolution."""
    if change.ticket.cycle == cycle and not change.ticket.is_unresolved:
        reopen(change, actor=actor)


@survives_deadlock
def reopen_ticket(
    *, ticket: Ticket, actor: User, reason: str, channel: str = Channel.PORTAL, now: datetime | None = None
) -> None:
    """Staff opens a resolved or closed ticket again.

    Raises:
        ValidationError: without a reason, or when the ticket is open.
    """
    if not reason.strip():
        raise ValidationError({"reason": _("Say why the ticket opens again.")})
    with changing(ticket.pk, now=now) as change:
        add_message(change, MessageKind.NOTE, reason, author=actor, channel=channel)
        reopen(change, actor=actor)


def reopen(change: Change, *, actor: User | None, **why: int) -> None:
    """Open a locked ticket again: a new cycle with clocks of its own, never an instant breach.

    ``why`` are further facts of the event.
    """
    ticket = change.ticket
    check_move(source=ticket.status, target=Status.OPEN, by_service=True)
    source = ticket.status
    Resolution.objects.filter(ticket=ticket, cycle=ticket.cycle, confirmed_at=None, refuted_at=None).update(
        refuted_at=change.now
    )
    change.set(
        status=Status.OPEN, cycle=ticket.cycle + 1, cycle_started_at=change.now, resolved_at=None, closed_at=None
    )
    begin_anew(change, Start.TICKET)
    record(ticket=ticket, code="ticket.reopened", actor=actor, now=change.now, source=source, cycle=ticket.cycle, **why)
    change.tell("ticket.reopened", cycle=ticket.cycle)
    tell_watchers(change, what="reopened", actor=actor)


def begin_anew(change: Change, begun: Start) -> None:
    end_promises(change)
    start_clocks(facts=change.facts, begun=begun, now=change.now)


def end_promises(change: Change) -> None:
    """End what is promised for a locked ticket, what climbs and what waits for the lead."""
    change.set(breached_at=None)
    cancel_clocks(facts=change.facts, now=change.now)
    Escalation.objects.filter(ticket=change.ticket, acknowledged_at=None).update(climbs_at=None)


def close_silent(*, limit: int = 200) -> int:
    """Close resolved tickets whose customer kept silent for three working days; returns how many. Safe to run twice."""
    now = clock.now()
    silent = Resolution.objects.filter(
        close_due_at__lte=now, confirmed_at=None, refuted_at=None, ticket__status=Status.RESOLVED
    )
    count = 0
    for ticket_id, cycle in list(silent.values_list("ticket", "cycle").order_by("close_due_at")[:limit]):
        with changing(ticket_id, even_merged=True) as change:
            if change.ticket.status == Status.RESOLVED and change.ticket.cycle == cycle:
                _close(change, actor=None, code="ticket.closed.silence")
                change.tell("ticket.closed", cycle=cycle)
                count += 1
    return count


def _close(change: Change, *, actor: User | None, code: str) -> None:
    source = change.ticket.status
    check_move(source=source, target=Status.CLOSED)
    change.set(status=Status.CLOSED, closed_at=change.now)
    record(ticket=change.ticket, code=code, actor=actor, now=change.now, source=source, cycle=change.ticket.cycle)


def _answer(change: Change, cycle: int | None, **answer: datetime) -> None:
    """Write the customer's answer to the present resolution; it can be given once."""
    wanted = change.ticket.cycle if cycle is None else cycle
    open_rows = Resolution.objects.filter(ticket=change.ticket, cycle=wanted, confirmed_at=None, refuted_at=None)
    if wanted != change.ticket.cycle or change.ticket.status != Status.RESOLVED or not open_rows.update(**answer):
        raise ValidationError(_("This has been answered already."), code="answered")


def _answer_what_is_needed(change: Change, answers: Mapping[str, Any], *, actor: User) -> None:
    """Keep the answers to custom fields that come with the solution, and refuse it while a needed one is missing."""
    if answers and (changed := set_answers(change, answers)):
        record(ticket=change.ticket, code="ticket.properties", actor=actor, now=change.now, changes=changed)
    open_ones = missing(change.ticket.custom, fields_of(change.ticket.category))
    if open_ones:
        words = _("Please answer this before the ticket is resolved.")
        raise ValidationError({PREFIX + row.code: words for row in open_ones})


def _demand_findings(**fields: str) -> None:
    missing = {
        name: _("Please fill this in: it becomes the team's knowledge.")
        for name in ("cause", "solution")
        if not fields[name].strip()
    }
    if fields["verification"] not in Resolution.Verification.values:
        missing["verification"] = _("Say how the solution was verified.")
    elif fields["verification"] != Resolution.Verification.CUSTOMER and not fields["proof"].strip():
        missing["proof"] = _("Say what proves that it works.")
    if missing:
        raise ValidationError(missing)
