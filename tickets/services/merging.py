"""Merging a duplicate into the ticket that goes on with the problem."""

from datetime import datetime
from functools import partial

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import F, Q, Value
from django.db.models.functions import Coalesce
from django.utils.translation import gettext, override
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from outbox import clock
from outbox.contention import survives_deadlock
from sla.choices import Severity
from sla.metrics import Reply
from sla.pasts import pasts_of
from sla.selectors import open_clocks
from sla.services.clocks import carry_over, hand_over_waiting
from tickets.choices import Channel, MessageKind, Status
from tickets.models import ArticleLink, Message, Participant, SeverityContest, Ticket, TicketMerge
from tickets.services.assigning import take_if_free
from tickets.services.checklist import MOST_ITEMS
from tickets.services.conversation import add_message, answered, move
from tickets.services.escalation import record_overdue
from tickets.services.events import record
from tickets.services.grades import apply_grade, lapse_contest
from tickets.services.handover import lapse_handover
from tickets.services.locking import Change, changing
from tickets.services.moves import end_promises
from tickets.transitions import check_move


@survives_deadlock
def merge_ticket(
    *,
    ticket: Ticket,
    into: Ticket,
    actor: User,
    words: str,
    channel: str = Channel.PORTAL,
    now: datetime | None = None,
) -> Message:
    """Merge ``ticket`` into another one of the same customer, who reads ``words`` there.

    The conversation goes on in ``into``; ``ticket`` is closed and says where it went. ``words`` are a person's answer
    on both, a program's on neither. The longer waiting and the graver severity count from here on
    (docs/deadlines.md, «Merging»).

    Raises:
        ValidationError: without words (keyed ``words``); keyed ``into``, when that ticket cannot take this one.
        MergedTicket: when ``ticket`` was merged before.
        IllegalMove: when ``ticket`` is resolved.
    """
    if not words.strip():
        raise ValidationError({"words": _("Tell the customer that both tickets go on as one.")})
    if ticket.pk == into.pk:
        raise ValidationError({"into": _("A ticket cannot be merged into itself.")})
    with transaction.atomic():
        _lock(ticket, into)
        instant = now or clock.now()
        with changing(ticket.pk, now=instant) as source, changing(into.pk, now=instant, even_merged=True) as target:
            _demand_fit(source.ticket, target.ticket)
            return _merge(source, target, actor=actor, words=words, channel=channel)


@survives_deadlock
def join_untouched(*, ticket: Ticket, into: Ticket, now: datetime, is_public: bool = False) -> bool:
    """Let a mail's ``ticket`` go on in ``into`` when a later mail shows both to be one conversation; whether it does.

    Only while nobody of ours did anything there, and both are the same customer's: it is bookkeeping, and nobody is
    told. Otherwise both stay, which does no harm. ``is_public``: all who wrote read everything anyway, by a list.
    """
    with transaction.atomic():
        _lock(ticket, into)
        fresh = Ticket.objects.filter(pk=ticket.pk, merged_into=None, status=Status.NEW, channel=Channel.MAIL).first()
        if fresh is None or ticket.pk == into.pk or fresh.messages.exclude(kind=MessageKind.CUSTOMER).exists():
            return False
        try:
            with changing(ticket.pk, now=now) as source, changing(into.pk, now=now, even_merged=True) as target:
                _demand_fit(source.ticket, target.ticket, same_customer=not is_public)
                waited = pasts_of([source.ticket.pk])[source.ticket.pk]
                kept = _keep(source, target, actor=None)
                _hand_over(source, target, actor=None)
                kept.stopped = _end(source, target, is_answer=False)
                _record(source, target, None, actor=None, before=Status.NEW)
                kept.save()
                carry_over(ticket_id=target.ticket.pk, waited=waited, now=target.now)
        except ValidationError:
            return False
    return True


def _lock(ticket: Ticket, into: Ticket) -> None:
    """Lock both, and what was merged into the first, in the order of their ids: crosswise merges wait in line."""
    involved = Q(pk__in=[ticket.pk, into.pk]) | Q(merged_into=ticket.pk)
    list(Ticket.objects.filter(involved).order_by("pk").select_for_update().values_list("pk"))


def _demand_fit(source: Ticket, target: Ticket, *, same_customer: bool = True) -> None:
    customers = [(row.requester_id, row.organization_id) for row in (source, target)]
    if same_customer and customers[0] != customers[1]:
        raise ValidationError({"into": _("Only tickets of the same customer are merged: others must not read along.")})
    if target.merged_into:
        number = {"number": target.merged_into.number}
        raise ValidationError({"into": ValidationError(_("It was merged into %(number)s itself."), params=number)})
    if not target.is_unresolved:
        raise ValidationError({"into": _("It is resolved. Open it again first, or choose another one.")})
    if source.children.exists():
        raise ValidationError(_("Other tickets are part of it. Make them part of another one first."), code="parent")
    check_move(source=source.status, target=Status.CLOSED, by_service=True)
    if not source.is_unresolved:  # a resolved ticket has its own story, and is closed by its customer or by silence
        raise ValidationError(_("The ticket is resolved already."), code="resolved")


def _merge(source: Change, target: Change, *, actor: User, words: str, channel: str) -> Message:
    """All of it, under both locks and at one instant."""
    graver = Severity(source.ticket.severity).rank < Severity(target.ticket.severity).rank
    waited = pasts_of([source.ticket.pk])[source.ticket.pk]
    before = source.ticket.status
    kept = _keep(source, target, actor=actor)
    _hand_over(source, target, actor=actor)
    message = add_message(target, MessageKind.PUBLIC, words, author=actor, channel=channel)
    is_answer = not actor.is_service  # as in `reply`: what a program says meets no promise
    if not is_answer:
        _keep_waiting(source, target)
    kept.stopped = _end(source, target, is_answer=is_answer)
    if is_answer:
        answered(target, Reply())
    take_if_free(target, actor)
    if target.ticket.status == Status.NEW:
        move(target, Status.OPEN, actor=actor)
    _record(source, target, message, actor=actor, before=before)
    if graver:
        apply_grade(target, source.ticket.severity, actor=actor, reason=_why_graver(source.ticket, target.ticket))
    kept.contest = _pass_contest(source, target)
    kept.save()
    carry_over(ticket_id=target.ticket.pk, waited=waited, now=target.now)
    record_overdue(target.ticket, now=target.now, inclusive=True)  # at once, as after a re-grade
    target.tell("ticket.reply", message=message.pk)
    return message


def _keep(source: Change, target: Change, *, actor: User | None) -> TicketMerge:
    """How the duplicate stands now, for `tickets.services.unmerging`; not saved."""
    return TicketMerge(
        ticket=source.ticket,
        into=target.ticket,
        status=source.ticket.status,
        hold_reason=source.ticket.hold_reason,
        brought=list(Ticket.objects.filter(merged_into=source.ticket).values_list("pk", flat=True)),
        merged_by=actor,
        merged_at=source.now,
    )


def _hand_over(source: Change, target: Change, *, actor: User | None) -> None:
    """What was said moves; who takes part, tags and articles used are there too; earlier duplicates point on.

    History, resolutions, escalations and private links stay: they are about the ticket that was.
    """
    Message.objects.filter(ticket=source.ticket).update(
        ticket=target.ticket, written_to=Coalesce(F("written_to"), Value(source.ticket.pk))
    )
    Ticket.objects.filter(merged_into=source.ticket).update(merged_into=target.ticket)
    target.ticket.tags.add(*source.ticket.tags.all())
    source.ticket.checklist.update(ticket=target.ticket, position=F("position") + MOST_ITEMS)  # behind its own
    people = source.ticket.participants.exclude(user=target.ticket.requester_id)
    Participant.objects.bulk_create(
        [
            Participant(ticket=target.ticket, user_id=part.user_id, kind=part.kind, added_by=actor, added_at=target.now)
            for part in people
        ],
        ignore_conflicts=True,
    )
    used = source.ticket.article_links.filter(kind=ArticleLink.Kind.USED)
    ArticleLink.objects.bulk_create(
        [
            ArticleLink(ticket=target.ticket, article_id=link.article_id, kind=link.kind, created_at=link.created_at)
            for link in used
        ],
        ignore_conflicts=True,
    )


def _keep_waiting(source: Change, target: Change) -> None:
    """Nobody answered: what the customer waits with an answer for goes along."""
    here, there = source.ticket.waiting_since, target.ticket.waiting_since
    if here is None:
        return
    if there is None:
        hand_over_waiting(facts=source.facts, to=target.facts)
    target.set(waiting_since=min(here, there or here))


def _end(source: Change, target: Change, *, is_answer: bool = True) -> list[int]:
    """Close the duplicate. Its clocks see the answer like any other; what is owed still is owed by the target.

    Returns the clocks that end by this and by no answer.
    """
    source.set(
        status=Status.CLOSED,
        hold_reason="",
        resolved_at=source.now,
        closed_at=source.now,
        merged_into=target.ticket,
    )
    if is_answer:
        answered(source, Reply())
    stopped = [row.pk for row in open_clocks(source.ticket.pk)]
    end_promises(source)
    lapse_handover(source)
    return stopped


def _record(source: Change, target: Change, message: Message | None, *, actor: User | None, before: str) -> None:
    log = partial(record, actor=actor, now=target.now)
    went = partial(log, ticket=source.ticket, number=target.ticket.number, into=target.ticket.pk)
    went(code="ticket.merged", source=before)
    log(ticket=target.ticket, code="ticket.merged_from", number=source.ticket.number, merged=source.ticket.pk)
    if message:
        log(ticket=target.ticket, code="ticket.reply.public", message=message.pk, marks=[])


def _why_graver(source: Ticket, target: Ticket) -> str:
    with override(target.language):
        return gettext("%(number)s, which is about the same problem, has this grade.") % {"number": source.number}


def _pass_contest(source: Change, target: Change) -> SeverityContest | None:
    """A grade that the customer asked for is decided on the target, unless that has it or is asked already.

    Returns the contest that went along.
    """
    contests = SeverityContest.objects.filter(state=SeverityContest.State.OPEN)
    asked = contests.filter(ticket=source.ticket).first()
    if asked is None:
        return None
    if asked.wanted == target.ticket.severity or contests.filter(ticket=target.ticket).exists():
        lapse_contest(source)
        return None
    contests.filter(pk=asked.pk).update(ticket=target.ticket)
    return asked
