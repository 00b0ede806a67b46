"""Background jobs: each finds its own work and may run twice."""

from celery import shared_task

from outbox import clock, delivery, retention, selectors
from outbox.models import Heartbeat


@shared_task
def deliver_due() -> None:
    """Resolve and send what is due; rung by commits and by beat. Says afterwards that it got through."""
    delivery.run()
    _heard("outbox")


@shared_task
def beat() -> None:
    """The canary: beat sent this, a worker got it, the database keeps when. `/readyz` reads the age."""
    _heard(*selectors.TICKING)


@shared_task
def prune() -> None:
    """Forget what is old enough."""
    retention.prune(now=clock.now())


def _heard(*names: str) -> None:
    now = clock.now()
    rows = [Heartbeat(name=name, beat_at=now) for name in names]
    Heartbeat.objects.bulk_create(rows, update_conflicts=True, unique_fields=["name"], update_fields=["beat_at"])
