"""`manage.py doctor`."""

import sys

from django.core.management.base import BaseCommand

from helpdesk.doctor import examine


class Command(BaseCommand):
    help = "Look at this installation: one line for each check, and what to do. Exit code 1 when something is wrong."
    # It looks at the settings itself, and says so in a line, instead of leaving with them.
    requires_system_checks: list[str] = []

    def handle(self, *args, **options) -> None:
        wrong = 0
        for finding in examine():
            wrong += not finding.is_well
            self.stdout.write(str(finding))
        if wrong:
            self.stdout.write(f"{wrong} to mend.")
            sys.exit(1)
