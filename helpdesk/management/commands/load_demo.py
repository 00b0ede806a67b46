"""Fill an empty database with the demo company, its articles, three hundred tickets and what came by its channels."""

import random
from datetime import timedelta

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from accounts.models import User
from helpdesk.demo.articles import load_articles
from helpdesk.demo.channels import load_channels
from helpdesk.demo.chat import load_chat
from helpdesk.demo.company import load_company
from helpdesk.demo.incidents import load_incidents
from helpdesk.demo.stories import Chronicle
from outbox import clock
from outbox.models import Intent


class Command(BaseCommand):
    help = "Load the demo company, people, articles, tickets and channels into an empty database (demo mode only)."

    def handle(self, *args, **options) -> None:
        if not settings.DEMO:
            raise CommandError("Demo data loads in demo mode only (DEMO=1).")
        if User.objects.exists():
            raise CommandError("There are people in this database already; demo data needs an empty one.")
        # One transaction: a start that is interrupted leaves nothing, and the next one loads again.
        with transaction.atomic():
            now = clock.now()
            dice = random.Random(20261122)  # nosec B311: the same demo every time
            load_company(now=now)
            articles = load_articles(now=now, dice=dice)
            chronicle = Chronicle(now=now, dice=dice, articles=articles)
            chronicle.tell()
            load_channels(now=now)
            load_incidents(now=now)
            load_chat()
            chronicle.go_live()
            # What history told is told; only the last minutes still go out.
            Intent.objects.filter(created_at__lt=now - timedelta(minutes=20)).delete()
        self.stdout.write(f"Demo data loaded: {User.objects.count()} people.")
