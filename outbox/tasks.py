"""Background jobs: each finds its own work and may run twice."""

from celery import shared_task

from outbox import clock, delivery, digest, retention, selectors
from outbox.services import heard
from outbox.webhooks import sending


@shared_task
def deliver_due() -> None:
    """Resolve and send what is due; rung by commits and by beat. Says afterwards that it got through."""
    delivery.run()
    heard("outbox", now=clock.now())


@shared_task
def send_digests() -> None:
    """Begin the digests whose hour has come."""
    digest.send_due(now=clock.now())


@shared_task
def call_webhooks() -> None:
    """Send the webhook calls that are due."""
    sending.run()


@shared_task
def beat() -> None:
    """The canary: beat sent this, a worker got it, the database keeps when. `/readyz` reads the age."""
    heard(*selectors.TICKING, now=clock.now())


@shared_task
def prune() -> None:
    """Forget what is old enough."""
    retention.prune(now=clock.now())
