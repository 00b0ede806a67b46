"""`manage.py prune`."""

from django.core.management.base import BaseCommand

from intake.retention import WAYS_IN
from outbox import clock
from outbox.retention import prune as prune_outbox
from tickets.services.retention import prune as prune_tickets


class Command(BaseCommand):
    help = "Delete what is old enough now (beat does it every hour), and say how much. Safe to run twice."

    def handle(self, *args, **options) -> None:
        rooms = {"outbox": prune_outbox, "tickets": prune_tickets, **WAYS_IN}
        for room, prune in rooms.items():
            removed = prune(now=clock.now())
            told = ", ".join(f"{count} {what}" for what, count in removed.items())
            self.stdout.write(f"{room}: {told} removed.")
