"""The doorbells of tickets: each task calls one service, finds its own work, and is safe to run twice."""

from celery import shared_task

from outbox import clock
from outbox.services import heard
from sla import engine
from tickets.services import announcing, assigning, drafts, escalation, moves, policies, retention


@shared_task(ignore_result=True)
def sweep_deadlines() -> int:
    """Record breaches and warnings that are due; then touch the canary, which so proves the sweep itself."""
    done = escalation.sweep()
    heard(engine.HEART, now=clock.now())
    return done


@shared_task(ignore_result=True)
def climb_ladder() -> int:
    """Tell the next rung of escalations that nobody acknowledged."""
    return escalation.climb()


@shared_task(ignore_result=True)
def close_silent_tickets() -> int:
    """Close resolved tickets after three working days of silence."""
    return moves.close_silent()


@shared_task(ignore_result=True)
def hand_on_orphans() -> int:
    """Hand on the tickets of people who left."""
    return assigning.hand_on_orphans()


@shared_task(ignore_result=True)
def prune() -> None:
    """Forget what is old enough."""
    retention.prune(now=clock.now())


@shared_task(ignore_result=True)
def apply_policies() -> None:
    """Go on with applying the policies to the running clocks, when an administrator ordered it."""
    policies.continue_run()


@shared_task(ignore_result=True)
def tell_children() -> int:
    """Go on with telling tickets what was said or solved in the incident that they are part of."""
    return announcing.go_on()


@shared_task(ignore_result=True)
def send_replies() -> int:
    """Send the replies that nobody took back and whose page is gone."""
    return drafts.send_due()
