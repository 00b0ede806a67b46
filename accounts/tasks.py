"""Background jobs of accounts: each finds its own work and may run twice."""

from celery import shared_task

from accounts.services.tokens import announce_ends
from outbox import clock


@shared_task(ignore_result=True)
def announce_token_ends() -> int:
    """Tell whom it concerns that a token ends soon."""
    return announce_ends(now=clock.now())
