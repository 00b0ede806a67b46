"""Undoing a merge: the duplicate lives again with its messages, its status and its promises."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Min, Q, QuerySet
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from outbox import clock
from outbox.contention import survives_deadlock
from sla.metrics import Reply
from sla.pasts import pasts_of
from sla.services.clocks import hand_over_waiting, revive_clocks
from tickets.choices import Channel, MessageKind, Status
from tickets.models import Escalation, Message, Resolution, SeverityContest, Ticket, TicketMerge
from tickets.services.conversation import add_message
from tickets.services.escalation import follow_targets
from tickets.services.events import record
from tickets.services.locking import Change, changing
from tickets.transitions import check_move

#: Later the customer has got used to the one ticket; what is another problem after all is split off by its messages.
UNDO_WITHIN = timedelta(days=7)


def standing_merge(*, ticket: Ticket) -> TicketMerge | None:
    """The merge by which ``ticket`` points to another one, if it is known well enough to be undone."""
    return TicketMerge.objects.filter(ticket=ticket, undone_at=None).first() if ticket.merged_into_id else None


@survives_deadlock
def undo_merge(
    *, ticket: Ticket, actor: User, words: str, channel: str = Channel.PORTAL, now: datetime | None = None
) -> Message:
    """Let a merged ``ticket`` go on by itself; its customer reads ``words`` there, which meet no deadline.

    What was written to it returns, also what was written to it after the merge. The rules of its clocks stand in
    docs/deadlines.md, «Undoing a merge».

    Raises:
        ValidationError: without words (keyed ``words``); when it is not merged, was merged more than `UNDO_WITHIN`
            ago, or when the ticket that went on was resolved since for both.
    """
    if not words.strip():
        raise ValidationError({"words": _("Tell the customer that this ticket goes on by itself.")})
    with transaction.atomic():
        into_id = _lock(ticket)
        instant = now or clock.now()
        with changing(ticket.pk, now=instant, even_merged=True) as source:
            merge = standing_merge(ticket=source.ticket)
            if merge is None or into_id is None or source.ticket.merged_into_id != into_id:
                raise ValidationError(_("This ticket is not merged into another one any more."), code="not_merged")
            with changing(into_id, now=instant) as target:
                _demand_sound(merge, target)
                return _Undo(merge, source, target, actor).run(words, channel=channel)


def _lock(ticket: Ticket) -> int | None:
    """Lock the ticket, its target and what points to either, in the order of their ids; returns the target."""
    into = Ticket.objects.values_list("merged_into", flat=True).get(pk=ticket.pk)
    involved = Q(pk__in=[ticket.pk, into]) | Q(merged_into=into, merged_into__isnull=False)
    list(Ticket.objects.filter(involved).order_by("pk").select_for_update(of=("self",)).values_list("pk"))
    return into


def _demand_sound(merge: TicketMerge, target: Change) -> None:
    if target.now - merge.merged_at > UNDO_WITHIN:
        raise ValidationError(
            _("It was merged more than %(days)d days ago. Split what is another problem from %(number)s."),
            code="late",
            params={"days": UNDO_WITHIN.days, "number": target.ticket.number},
        )
    if Resolution.objects.filter(ticket=target.ticket, resolved_at__gte=merge.merged_at).exists():
        raise ValidationError(
            _("%(number)s was resolved for both since. Split what is not solved from it."),
            code="resolved",
            params={"number": target.ticket.number},
        )


@dataclass(frozen=True)
class _Meanwhile:
    """What happened on the ticket that went on since the merge, as it counts for the duplicate.

    Attributes:
        waiting_since: the first message there that nobody has answered.
        deeds: what was answered; what that keeps is kept for the duplicate too.
        stood: when the customer was waited for.
    """

    waiting_since: datetime | None
    deeds: list[Reply]
    stood: list[tuple[datetime, datetime]]


@dataclass
class _Undo:
    """One undo, under the locks of both tickets and at one instant."""

    merge: TicketMerge
    source: Change
    target: Change
    actor: User

    def run(self, words: str, *, channel: str) -> Message:
        meanwhile = _Meanwhile(self.target.ticket.waiting_since, self._deeds(), self._waits())
        answered_by = self._last_answer()
        self._bring_back()
        asked = self._asked(self.source.ticket, answered_by)
        self._live_again(asked)
        self._clocks(asked, meanwhile)
        message = add_message(self.source, MessageKind.AUTOMATIC, words, author=self.actor, channel=channel)
        self._record(message)
        TicketMerge.objects.filter(pk=self.merge.pk).update(undone_at=self.source.now, undone_by=self.actor)
        return message

    def _deeds(self) -> list[Reply]:
        rows = self._answers().filter(created_at__gt=self.merge.merged_at)
        return [Reply(marks=frozenset(marks)) for marks in rows.values_list("marks", flat=True)]

    def _waits(self) -> list[tuple[datetime, datetime]]:
        past = pasts_of([self.target.ticket.pk])[self.target.ticket.pk]
        return [
            (row.started_at, row.ended_at or self.target.now) for row in past.pauses if row.reason == Status.PENDING
        ]

    def _last_answer(self) -> int:
        return self._answers().order_by("-pk").values_list("pk", flat=True).first() or 0

    def _answers(self) -> QuerySet[Message]:
        """What people said; a program's words are no answer."""
        public = self.target.ticket.messages.filter(kind=MessageKind.PUBLIC)
        return public.exclude(author__is_service=True)

    def _asked(self, ticket: Ticket, answered_by: int) -> datetime | None:
        """When the customer wrote what nobody has answered on either ticket."""
        asked = ticket.messages.filter(kind=MessageKind.CUSTOMER, pk__gt=answered_by)
        return asked.aggregate(first=Min("created_at"))["first"]

    def _bring_back(self) -> None:
        """What was written to the ticket and to its own duplicates returns, and these point to it again."""
        source, target = self.source.ticket, self.target.ticket
        brought = Ticket.objects.filter(pk__in=self.merge.brought, merged_into=target)
        written_to = [source.pk, *brought.values_list("pk", flat=True)]
        brought.update(merged_into=source)
        Message.objects.filter(ticket=target, written_to__in=written_to).update(ticket=source)
        Message.objects.filter(ticket=source, written_to=source).update(written_to=None)
        if self.merge.contest_id:
            contest = SeverityContest.objects.filter(pk=self.merge.contest_id, state=SeverityContest.State.OPEN)
            contest.update(ticket=source)

    def _live_again(self, asked: datetime | None) -> None:
        """The status that it had; an answered ticket is not new, and nobody waits for a customer who wrote."""
        was = self.merge.status
        status = Status.OPEN if was == Status.NEW or (was == Status.PENDING and asked) else Status(was)
        check_move(source=self.source.ticket.status, target=status, by_service=True)
        self.source.set(
            status=status,
            hold_reason=self.merge.hold_reason if status == Status.ON_HOLD else "",
            resolved_at=None,
            closed_at=None,
            merged_into=None,
            waiting_since=asked,
            breached_at=self._unacknowledged_since(),
        )
        # Saved at once: what is overdue below reads the row.
        self.source.ticket.save(update_fields=sorted(self.source.dirty))

    def _unacknowledged_since(self) -> datetime | None:
        rows = Escalation.objects.filter(
            ticket=self.source.ticket, acknowledged_at=None, created_at__gte=self.source.ticket.cycle_started_at
        )
        return rows.aggregate(first=Min("created_at"))["first"]

    def _clocks(self, asked: datetime | None, meanwhile: "_Meanwhile") -> None:
        if asked and asked == meanwhile.waiting_since:  # what the other ticket waited with was written to this one
            hand_over_waiting(facts=self.target.facts, to=self.source.facts)
            self.target.set(waiting_since=self._asked(self.target.ticket, self._last_answer()))
            follow_targets(self.target.ticket, facts=self.target.facts, now=self.target.now)
        stood = meanwhile.stood
        if self.merge.status == Status.PENDING and asked:
            stood = [*stood, (self.merge.merged_at, asked)]
        revive_clocks(
            facts=self.source.facts,
            ended=self.merge.stopped,
            deeds=meanwhile.deeds,
            stood={Status.PENDING.value: stood},
            now=self.source.now,
        )
        follow_targets(self.source.ticket, facts=self.source.facts, now=self.source.now)

    def _record(self, message: Message) -> None:
        """Both histories say it; the customer is told, and whoever has work again by it."""
        log = partial(record, actor=self.actor, now=self.source.now)
        source, target = self.source.ticket, self.target.ticket
        log(ticket=source, code="ticket.unmerged", number=target.number, status=source.status, message=message.pk)
        log(ticket=target, code="ticket.unmerged_from", number=source.number)
        self.source.tell("ticket.unmerged", message=message.pk)
        if source.assignee_id != self.actor.pk:
            kind = "ticket.assigned" if source.assignee_id else "ticket.unassigned"
            self.source.tell(kind, assignee=source.assignee_id)
