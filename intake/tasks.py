"""The doorbells of this room: each task calls one service, finds its own work, and is safe to run twice."""

from celery import shared_task

from intake.alerts import retention as alerts_retention
from intake.alerts import taking_in
from outbox import clock


@shared_task(ignore_result=True)
def take_in_alerts() -> int:
    """Make tickets of what monitoring told."""
    return taking_in.take_in_due()


@shared_task(ignore_result=True)
def prune() -> None:
    """Forget what is old enough."""
    alerts_retention.prune(now=clock.now())
