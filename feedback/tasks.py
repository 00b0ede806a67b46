"""The doorbell of follow-ups."""

from celery import shared_task

from feedback.services import surveys


@shared_task(ignore_result=True)
def send_due_surveys() -> int:
    """Send the surveys that are due."""
    return surveys.send_due_surveys()
