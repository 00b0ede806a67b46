"""The Celery application and its beat table.

PostgreSQL is the queue of record; Celery is only the doorbell. Every periodic task finds its own work by
query and is safe to run twice. `helpdesk.beat` keeps a backlog from forming.
"""

import os

from celery import Celery
from celery.signals import before_task_publish

from outbox.crash import crash_point

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "helpdesk.settings")

app = Celery("helpdesk")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@before_task_publish.connect
def _about_to_ring(sender: str, **_message: object) -> None:
    """The place where a test may kill beat (or whoever rings) between knowing that it is time and saying so."""
    crash_point("before-ring", sender)


def _every(seconds: float, task: str, queue: str) -> dict:
    """One row of the beat table."""
    return {"task": task, "schedule": seconds, "options": {"queue": queue}}


app.conf.beat_schedule = {
    "deadlines": _every(5, "tickets.tasks.sweep_deadlines", "ticks"),
    "ladder": _every(5, "tickets.tasks.climb_ladder", "ticks"),
    "replies": _every(5, "tickets.tasks.send_replies", "ticks"),
    "mail-in": _every(30, "intake.tasks.fetch_mail", "heavy"),
    "mail-process": _every(10, "intake.tasks.process_mail", "mail"),
    "outbox": _every(5, "outbox.tasks.deliver_due", "mail"),
    "alerts-in": _every(10, "intake.tasks.take_in_alerts", "mail"),
    "digests": _every(60, "outbox.tasks.send_digests", "mail"),
    "wecom-in": _every(10, "intake.tasks.take_in_wecom", "mail"),
    "chats": _every(30, "intake.tasks.look_after_chats", "ticks"),
    "webhooks": _every(5, "outbox.tasks.call_webhooks", "mail"),
    "auto-close": _every(60, "tickets.tasks.close_silent_tickets", "ticks"),
    "orphans": _every(60, "tickets.tasks.hand_on_orphans", "ticks"),
    "surveys": _every(30, "feedback.tasks.send_due_surveys", "ticks"),
    "policies": _every(60, "tickets.tasks.apply_policies", "heavy"),
    "announcements": _every(60, "tickets.tasks.tell_children", "heavy"),
    "heartbeat": _every(10, "outbox.tasks.beat", "ticks"),
    "token-ends": _every(3600, "accounts.tasks.announce_token_ends", "heavy"),
    "missing-years": _every(3600, "sla.tasks.tell_missing_years", "heavy"),
    "prune": _every(3600, "outbox.tasks.prune", "heavy"),
    "prune-intake": _every(3600, "intake.tasks.prune", "heavy"),
    "prune-tickets": _every(3600, "tickets.tasks.prune", "heavy"),
}
