"""The doorbells of the deadlines' set-up."""

from celery import shared_task

from outbox import clock
from sla.services import calendars


@shared_task(ignore_result=True)
def tell_missing_years() -> int:
    """Warn the administrators of years that working calendars lack."""
    return calendars.tell_missing_years(now=clock.now())
