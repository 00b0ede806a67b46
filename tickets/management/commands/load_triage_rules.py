"""`manage.py load_triage_rules FILE`: see `tickets.rule_files`."""

import argparse
import json
from pathlib import Path

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError

from tickets.rule_files import UnknownCode, load_triage_rules


class Command(BaseCommand):
    help = "Load triage rules (a JSON list of name, keywords, weight, category, module, team)."

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--replace", action="store_true", help="delete all other triage rules")
        parser.add_argument("--create", action="store_true", help="add missing categories and teams")

    def handle(self, *args, **options) -> None:
        try:
            rules = json.loads(options["file"].read_text(encoding="utf-8"))
            count = load_triage_rules(rules=rules, replace=options["replace"], create=options["create"])
        except OSError as error:
            raise CommandError(str(error)) from error
        except (ValueError, KeyError, TypeError) as error:
            raise CommandError(f"not a list of triage rules: {error}") from error
        except UnknownCode as error:
            raise CommandError(f"unknown {error} (--create adds categories and teams)") from error
        except ValidationError as error:
            raise CommandError("; ".join(error.messages)) from error
        self.stdout.write(f"{count} rules")
