"""`manage.py generate_load --tickets N --due M`."""

from argparse import ArgumentParser
from dataclasses import fields

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from helpdesk.demo.load import RUNNING_PER_TICKET, Load, analyze, make_load
from outbox import clock
from tickets.models import Ticket


class Command(BaseCommand):
    help = (
        "Fill a database with tickets whose clocks run, for measurements (demo mode only); "
        f"on average {RUNNING_PER_TICKET} running clocks a ticket."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--tickets", type=int, required=True, help="how many tickets")
        parser.add_argument("--due", type=int, default=0, help="how many of the running clocks are overdue")
        parser.add_argument("--at-once", action="store_true", help="they fell due at one instant")
        parser.add_argument("--closed", type=int, default=0, help="percent of the tickets that are closed")
        parser.add_argument("--messages", type=int, default=1, help="how long an answered conversation is")
        parser.add_argument("--seed", type=int, default=1, help="another number draws others")
        parser.add_argument("--force", action="store_true", help="even beside tickets that are there already")

    def handle(self, *args, force: bool, **options) -> None:
        if not settings.DEMO:
            raise CommandError("Load is generated in demo mode only (DEMO=1): its people and tickets are not real.")
        if Ticket.objects.exists() and not force:
            raise CommandError(
                "There are tickets in this database already. Take an empty one, or say --force to add to them."
            )
        load = Load(**{field.name: options[field.name] for field in fields(Load)})
        try:
            with transaction.atomic():
                made = make_load(load, now=clock.now())
        except ValueError as error:
            raise CommandError(str(error)) from error
        analyze()
        self.stdout.write(f"{load.tickets} tickets, {made['running']} running clocks, {made['due']} of them due.")
