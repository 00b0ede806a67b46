"""`manage.py import_holidays CN 2026`: write a year's holidays and make-up days into a working calendar."""

from typing import Any

import pghistory
from django.core.management.base import BaseCommand, CommandError, CommandParser

from outbox import clock
from sla.holidays_source import special_days
from sla.models import Calendar
from sla.services.calendars import import_days


class Command(BaseCommand):
    help = "Import the public holidays (and make-up working days) of a country and year into a working calendar."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("country", help="ISO code, such as CN")
        parser.add_argument("year", type=int)
        parser.add_argument("--calendar", metavar="CODE", help="needed when there are several working calendars")
        parser.add_argument("--replace", action="store_true", help="also overwrite dates that were set otherwise")

    def handle(self, *args: Any, **options: Any) -> None:
        calendar = self._calendar(options["calendar"])
        try:
            with pghistory.context(command="import_holidays", country=options["country"], year=options["year"]):
                done = import_days(
                    calendar=calendar,
                    special=special_days(options["country"], options["year"]),
                    replace=options["replace"],
                    now=clock.now(),
                )
        except ValueError as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"{done.version}: {done.added} dates added, {done.replaced} replaced.")
        if done.kept:
            self.stdout.write(f"{done.kept} dates were set otherwise and stay so; --replace overwrites them.")

    def _calendar(self, code: str | None) -> Calendar:
        calendars = list(Calendar.objects.filter(code=code) if code else Calendar.objects.all())
        if len(calendars) == 1:
            return calendars[0]
        known = ", ".join(Calendar.objects.order_by("code").values_list("code", flat=True)) or "none"
        raise CommandError(f"Name one working calendar with --calendar (there are: {known}).")
