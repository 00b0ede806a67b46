"""What is said or solved in an incident is told to all open tickets below it, each by the service that a person uses.

The order is rows first (`Announcement` and a part for each ticket); a part is dealt with in the transaction that says
so. Whatever dies in between repeats nothing and loses nothing: what waits is found by the next ring.
"""

import logging
from collections.abc import Collection
from datetime import datetime

from celery import current_app
from django.core.exceptions import ValidationError
from django.db import OperationalError, transaction
from django.utils.translation import gettext, override
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from outbox import background, clock
from outbox.contention import survives_deadlock
from tickets.choices import Channel
from tickets.models import Announcement, AnnouncementPart, Ticket
from tickets.permissions import may
from tickets.services.conversation import reply
from tickets.services.events import record
from tickets.services.locking import Change, changing
from tickets.services.moves import resolve_ticket

logger = logging.getLogger(__name__)

#: As many tickets are told while the agent waits; more are a worker's.
AT_ONCE = 10
#: Tickets of one ring, well inside the time limit of a task.
PER_RING = 500
_TASK = "tickets.tasks.tell_children"
State = AnnouncementPart.State
_Verdict = tuple[str, str]


def tell_children(
    *,
    ticket: Ticket,
    actor: User,
    words: str,
    marks: Collection[str] = (),
    channel: str = Channel.PORTAL,
    revision: int | None = None,
    now: datetime | None = None,
) -> Announcement:
    """Answer the customer of ``ticket`` and tell the same to every open ticket below it. See `reply` for the rest.

    Raises:
        ValidationError: when no ticket below is open, and what `reply` refuses in ``ticket`` itself; that a single
            ticket below refuses is said at its part.
    """
    said = {"body": words, "marks": marks, "channel": channel, "revision": revision, "now": now}
    announcement = _order_reply(ticket, actor, said)
    _begin(announcement)
    return announcement


def resolve_children(*, ticket: Ticket, actor: User, words: str = "", now: datetime | None = None) -> Announcement:
    """Resolve every open ticket below the resolved ``ticket`` with its cause and solution; customers read ``words``.

    Ordered again it takes up what failed, and tickets that came below since.

    Raises:
        ValidationError: when ``ticket`` is not resolved or no ticket below is open.
    """
    announcement = _order_resolution(ticket, actor, words, now)
    _begin(announcement)
    return announcement


def tell_again(*, ticket: Ticket, actor: User, now: datetime | None = None) -> Announcement:
    """Take up what failed in the newest announcement of ``ticket``; ``actor`` stands for it from now on.

    Raises:
        ValidationError: when nothing failed, or the tickets that failed are closed or no longer below.
    """
    announcement = _order_again(ticket, actor, now)
    _begin(announcement)
    return announcement


def go_on(*, limit: int = PER_RING, announcement: Announcement | None = None) -> int:
    """Deal with up to ``limit`` parts that wait; returns how many. Safe to run twice at once: a claimed row is skipped.

    What is left then is rung for again.
    """
    for count in range(limit):
        if not _deal_with_one(announcement):
            return count
    _ring()
    return limit


def _begin(announcement: Announcement) -> None:
    if announcement.parts.filter(state=State.WAITING).count() <= AT_ONCE:
        go_on(announcement=announcement)
    else:
        transaction.on_commit(_ring)


def _ring() -> None:
    """Tell the worker, without waiting; it may stay unheard, beat rings every minute."""
    background.say(_ring_now)


def _ring_now() -> None:
    current_app.send_task(_TASK, queue="heavy", retry=False, ignore_result=True)


@survives_deadlock
def _order_reply(ticket: Ticket, actor: User, said: dict) -> Announcement:
    with transaction.atomic():
        message = reply(ticket=ticket, actor=actor, **said)
        with changing(ticket.pk, now=message.created_at) as change:
            announcement = Announcement.objects.create(
                parent=ticket, message=message, actor=actor, created_at=change.now
            )
            _plan(change, announcement, code="ticket.children_told", actor=actor)
    return announcement


@survives_deadlock
def _order_resolution(ticket: Ticket, actor: User, words: str, now: datetime | None) -> Announcement:
    with changing(ticket.pk, now=now) as change:
        resolution = change.ticket.resolutions.filter(cycle=change.ticket.cycle).first()
        if change.ticket.is_unresolved or resolution is None:
            raise ValidationError(_("Resolve this ticket first: the others get its cause and solution."), code="open")
        announcement, _made = Announcement.objects.get_or_create(
            resolution=resolution,
            defaults={"parent": ticket, "words": words.strip(), "actor": actor, "created_at": change.now},
        )
        _plan(change, announcement, code="ticket.children_resolved", actor=actor)
    return announcement


@survives_deadlock
def _order_again(ticket: Ticket, actor: User, now: datetime | None) -> Announcement:
    with changing(ticket.pk, now=now) as change:
        announcement = change.ticket.announcements.first()
        if announcement is None:
            raise ValidationError(_("Nothing failed."), code="none")
        again = announcement.parts.filter(state=State.FAILED, ticket__in=change.ticket.children.unresolved())
        count = again.update(state=State.WAITING, problem="", dealt_at=None)
        if not count:
            raise ValidationError(_("Nothing failed."), code="none")
        # Who failed for want of rights must not fail again for whoever has them.
        announcement.actor = actor
        announcement.save(update_fields=["actor"])
        code = "ticket.children_told" if announcement.message_id else "ticket.children_resolved"
        record(ticket=change.ticket, code=code, actor=actor, now=change.now, count=count)
    return announcement


def _plan(change: Change, announcement: Announcement, *, code: str, actor: User) -> None:
    """A part for every ticket below that is open now; what failed before waits again."""
    below = list(change.ticket.children.unresolved().order_by("pk").values_list("pk", flat=True))
    if not below:
        raise ValidationError(_("No ticket below this one is open."), code="none")
    announcement.parts.filter(state=State.FAILED, ticket__in=below).update(
        state=State.WAITING, problem="", dealt_at=None
    )
    AnnouncementPart.objects.bulk_create(
        [AnnouncementPart(announcement=announcement, ticket_id=pk) for pk in below], ignore_conflicts=True
    )
    waiting = announcement.parts.filter(state=State.WAITING).count()
    if not waiting:
        raise ValidationError(_("Every open ticket below was told this before."), code="told")
    record(ticket=change.ticket, code=code, actor=actor, now=change.now, count=waiting)


@survives_deadlock
def _deal_with_one(announcement: Announcement | None) -> bool:
    """Deal with the next part that nobody else deals with; False when none waits."""
    waiting = AnnouncementPart.objects.filter(state=State.WAITING)
    if announcement:
        waiting = waiting.filter(announcement=announcement)
    with transaction.atomic():
        part = (
            waiting.select_related("announcement__message", "announcement__resolution", "announcement__actor")
            .order_by("pk")
            .select_for_update(skip_locked=True, of=("self",))
            .first()
        )
        if part is None:
            return False
        part.state, part.problem = _told(part)
        part.dealt_at = clock.now()
        part.save(update_fields=["state", "problem", "dealt_at"])
    return True


def _told(part: AnnouncementPart) -> _Verdict:
    """Tell one ticket; what it refuses is its own matter and keeps no other from being told."""
    child = Ticket.objects.select_for_update(of=("self",)).get(pk=part.ticket_id)
    actor = part.announcement.actor
    if child.parent_id != part.announcement.parent_id or not child.is_unresolved:
        return State.LEFT, ""
    with override(actor.language if actor else None):  # who ordered it reads what was refused
        if actor is None or not may_tell(actor, child):
            return State.FAILED, gettext("You do not work on this ticket.")
        try:
            with transaction.atomic():
                _tell(part.announcement, child, actor)
        except OperationalError:  # the database is away or busy: nothing wrong with the ticket, the next ring goes on
            raise
        except ValidationError as error:
            return State.FAILED, " ".join(error.messages)[:500]
        except Exception as error:  # one ticket that refuses must not keep the others from the news
            logger.exception("ticket %s was not told", child.pk)
            return State.FAILED, str(error)[:500]
    return State.DONE, ""


def may_tell(actor: User, child: Ticket) -> bool:
    """Whether ``actor`` works on this ticket below, which may be one of another team."""
    return may(actor, "reply", child) and Ticket.objects.workable_by(actor).filter(pk=child.pk).exists()


def _tell(announcement: Announcement, child: Ticket, actor: User) -> None:
    with override(child.language):  # what we put before the words is said in the language of their reader
        news = gettext("There is news of the wider problem that your ticket is part of.")
        solved = gettext("The wider problem that your ticket is part of is solved.")
    if said := announcement.message:
        told = f"{news}\n\n{said.body}"
        # Nobody takes two hundred tickets over by telling them something.
        reply(ticket=child, actor=actor, body=told, marks=said.marks, channel=said.channel, takes=False)
    elif found := announcement.resolution:
        findings = {name: getattr(found, name) for name in ("cause", "solution", "verification", "proof")}
        told = f"{solved}\n\n{announcement.words or found.solution}"
        resolve_ticket(ticket=child, actor=actor, message=told, **findings)
