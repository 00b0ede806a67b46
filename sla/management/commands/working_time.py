"""`manage.py working_time --vectors FILE`: check working time against cases written by others."""

import json
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from sla.vectors import Case, judge


class Command(BaseCommand):
    help = "Run working-time cases from a JSON file; one line per case that differs, then the counts as JSON."
    requires_system_checks: list[str] = []  # it needs neither database nor cache

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--vectors", required=True, type=Path, metavar="FILE", help="a JSON list of cases")

    def handle(self, *args: Any, **options: Any) -> None:
        path: Path = options["vectors"]
        try:
            cases = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise CommandError(f"{path}: {error}") from error
        if not isinstance(cases, list):
            raise CommandError(f"{path}: expected a list of cases.")
        agree = 0
        for number, case in enumerate(cases, start=1):
            difference = self._difference(case)
            if difference is None:
                agree += 1
            else:
                self.stdout.write(f"{number}: {difference}")
        self.stdout.write(json.dumps({"agree": agree, "differ": len(cases) - agree}))

    def _difference(self, case: Case) -> str | None:
        try:
            verdict = judge(case)
        except (ValueError, TypeError, AttributeError, OverflowError) as error:
            return f"{self._title(case)}: not answered, {error}"
        if verdict.agrees:
            return None
        return f"{self._title(case)}: expected {verdict.expected}, ours {verdict.actual}"

    def _title(self, case: Case) -> str:
        if not isinstance(case, dict):
            return "not a case"
        parts = (case.get("kind"), case.get("source"), case.get("start"), case.get("note"))
        return " | ".join(str(part) for part in parts if part)
