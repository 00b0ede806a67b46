"""Applying the present policies to the clocks that run: one order, audited, ticket by ticket, resumable.

Each ticket is changed as a re-grade changes it, in a transaction of its own that also moves the run's cursor and
counts. Whatever dies in between loses one ticket at most, and whoever goes on does it again.
"""

import logging
from datetime import datetime, timedelta
from typing import Any

from celery import current_app
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError, OperationalError, transaction
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from outbox import background, clock
from outbox.contention import survives_deadlock
from sla.models import Clock
from sla.policies import policy_digest
from sla.regrading import Step
from sla.services.clocks import regrade_clocks
from tickets.models import PolicyRun, Ticket
from tickets.selectors.policies import Preview, outlooks, preview
from tickets.services.escalation import record_overdue
from tickets.services.events import record
from tickets.services.locking import changing

logger = logging.getLogger(__name__)

#: As many tickets are done while the administrator waits; more are a worker's.
AT_ONCE = 25
#: Tickets of one ring, well inside the time limit of a task.
PER_RING = 1000
#: A run that nobody touched for so long was left by a process that died.
ABANDONED = timedelta(minutes=2)
_TASK = "tickets.tasks.apply_policies"


_CHANGED = _("The policies changed since this preview was made. Look at it again.")


class _Unchanged(Exception):
    """The ticket follows the policies already: nothing of the transaction is kept."""


def apply_policies(*, actor: User, digest: str, now: datetime | None = None) -> PolicyRun:
    """Order that the open clocks follow the policies that ``digest`` names; few tickets are done before it returns.

    Raises:
        PermissionDenied: when ``actor`` may not configure.
        ValidationError: «stale» when the policies are no longer those of the preview, «running» while another
            run is not finished, «nothing» when every clock follows them already, «calendar» when a target cannot
            be reckoned.
    """
    if not actor.may("admin.configure"):
        raise PermissionDenied
    if digest != policy_digest():
        raise ValidationError(_CHANGED, code="stale")
    instant = now or clock.now()
    foretold = preview(now=instant)
    if foretold.digest != digest:  # edited between the two questions
        raise ValidationError(_CHANGED, code="stale")
    _demand_sense(foretold)
    at_once = foretold.tickets <= AT_ONCE
    run = _order(actor, foretold, now=instant, touched_at=instant if at_once else None)
    if not at_once or not _work(run, limit=AT_ONCE):
        transaction.on_commit(_ring)
    run.refresh_from_db()
    return run


def continue_run(*, limit: int = PER_RING) -> None:
    """Go on with the run that nobody works on, for ``limit`` tickets; what is left then is rung for again."""
    run = _claim(now=clock.now())
    if run is not None and not _work(run, limit=limit):
        _ring()


def _ring() -> None:
    """Tell the worker, without waiting; it may stay unheard, beat rings every minute."""
    background.say(_ring_now)


def _ring_now() -> None:
    current_app.send_task(_TASK, queue="heavy", retry=False, ignore_result=True)


def _demand_sense(foretold: Preview) -> None:
    if foretold.problems:
        raise ValidationError(
            _("A calendar of these policies has no working time. Give it hours first."), code="calendar"
        )
    if not foretold.tickets:
        raise ValidationError(_("Every running clock follows the policies already."), code="nothing")


def _order(actor: User, foretold: Preview, *, now: datetime, touched_at: datetime | None) -> PolicyRun:
    try:
        with transaction.atomic():
            return PolicyRun.objects.create(
                actor=actor,
                digest=foretold.digest,
                planned_tickets=foretold.tickets,
                planned_clocks=foretold.clocks,
                planned_overdue=foretold.overdue,
                created_at=now,
                touched_at=touched_at,
            )
    except IntegrityError as error:
        raise ValidationError(_("The policies are being applied just now."), code="running") from error


def _claim(*, now: datetime) -> PolicyRun | None:
    """The unfinished run, if it is free or was left by a process that died; of two who ask, one gets it."""
    free = Q(touched_at=None) | Q(touched_at__lt=now - ABANDONED)
    waiting = PolicyRun.objects.filter(free, state=PolicyRun.State.RUNNING)
    run = waiting.select_related("actor").first()
    return run if run and waiting.filter(pk=run.pk).update(touched_at=now) else None


def _work(run: PolicyRun, *, limit: int) -> bool:
    """Deal with up to ``limit`` tickets behind the run's cursor; whether the run is finished by that."""
    mine = PolicyRun.objects.filter(pk=run.pk)

    def touch() -> None:
        mine.update(touched_at=clock.now())

    for count, outlook in enumerate(outlooks(now=clock.now(), after=run.after, each_chunk=touch)):
        if count == limit:
            mine.update(touched_at=None)
            return False
        if policy_digest() != run.digest:  # what was previewed is applied, nothing else
            mine.update(state=PolicyRun.State.STOPPED, finished_at=clock.now())
            return True
        _deal_with(run, outlook.ticket.pk)
    mine.update(state=PolicyRun.State.DONE, finished_at=clock.now())
    return True


def _deal_with(run: PolicyRun, ticket_id: int) -> None:
    try:
        _apply(run, ticket_id)
    except OperationalError:  # the database is away or busy: nothing wrong with the ticket, the next ring goes on
        PolicyRun.objects.filter(pk=run.pk).update(touched_at=None)
        raise
    except (_Unchanged, Ticket.DoesNotExist):
        _move_on(run, ticket_id, now=clock.now())
    except Exception as error:  # one ticket that refuses must not keep the others from their promise
        logger.exception("policies not applied to ticket %s", ticket_id)
        _move_on(run, ticket_id, now=clock.now(), failed=F("failed") + 1, problem=f"{ticket_id}: {error}"[:500])


@survives_deadlock
def _apply(run: PolicyRun, ticket_id: int) -> None:
    with changing(ticket_id, even_merged=True) as change:
        steps = regrade_clocks(facts=change.facts, now=change.now) if change.ticket.is_unresolved else []
        if not steps:
            raise _Unchanged
        overdue = sum(step.is_overdue(change.now) for step in steps)
        record(
            ticket=change.ticket,
            code="ticket.policies_applied",
            actor=run.actor,
            now=change.now,
            run=run.pk,
            clocks=[_facts(step) for step in steps],
        )
        # What is past due under the new target is breached now, as after a re-grade.
        record_overdue(change.ticket, now=change.now, inclusive=True)
        counts = {"tickets": F("tickets") + 1, "clocks": F("clocks") + len(steps), "overdue": F("overdue") + overdue}
        _move_on(run, ticket_id, now=change.now, **counts)


def _move_on(run: PolicyRun, ticket_id: int, *, now: datetime, **values: Any) -> None:
    PolicyRun.objects.filter(pk=run.pk).update(after=ticket_id, touched_at=now, **values)


def _facts(step: Step) -> dict[str, Any]:
    """One clock of the event: before and after, None where there was or will be no promise."""
    either = step.new or step.old
    return {"metric": either.metric if either else "", "source": _promise(step.old), "target": _promise(step.new)}


def _promise(row: Clock | None) -> dict[str, Any] | None:
    if row is None:
        return None
    return {
        "metric": row.metric,
        "amount": str(row.target_amount),
        "unit": row.target_unit,
        "working_hours": row.calendar_version_id is not None,
    }
