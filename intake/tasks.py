"""The doorbells of this room: each task calls one service, finds its own work, and is safe to run twice."""

from celery import shared_task

from intake.alerts import taking_in as alerts
from intake.chat import watching as chats
from intake.mail import fetching, processing
from intake.retention import WAYS_IN
from intake.wecom import taking_in as wecom
from outbox import clock


@shared_task(ignore_result=True)
def take_in_alerts() -> int:
    """Make tickets of what monitoring told."""
    return alerts.take_in_due()


@shared_task(ignore_result=True)
def take_in_wecom() -> int:
    """Make tickets and replies of what people wrote in WeCom."""
    return wecom.take_in_due()


@shared_task(ignore_result=True)
def fetch_mail() -> None:
    """Fetch what waits on the servers, and process it at once."""
    if fetching.fetch_due():
        processing.process_due()


@shared_task(ignore_result=True)
def process_mail() -> None:
    """Process what came by whatever way, and what has to be tried again."""
    processing.process_due()


@shared_task(ignore_result=True)
def look_after_chats() -> None:
    """Put on record who left a chat, and send answers after those who left an address."""
    chats.look_after(now=clock.now())


@shared_task(ignore_result=True)
def prune() -> None:
    """Forget what is old enough."""
    now = clock.now()
    for forget in WAYS_IN.values():
        forget(now=now)
