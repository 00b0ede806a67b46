"""The doorbells of mail that comes in: each finds its own work and may run twice."""

from celery import shared_task

from intake.mail import fetching, processing


@shared_task
def fetch_mail() -> None:
    """Fetch what waits on the servers, and process it at once."""
    if fetching.fetch_due():
        processing.process_due()


@shared_task
def process_mail() -> None:
    """Process what came by whatever way, and what has to be tried again."""
    processing.process_due()
