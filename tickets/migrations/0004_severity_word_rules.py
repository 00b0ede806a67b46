"""The word rules of a fresh install that grade what the customer did not say (mission.md 2.1–2.4)."""

import json
from pathlib import Path

from django.db import migrations

RULES = Path(__file__).resolve().parent.parent / "defaults" / "severity_rules.json"


def create(apps, schema_editor):
    Rule = apps.get_model("tickets", "SeverityWordRule")
    if Rule.objects.exists():
        return
    rules = json.loads(RULES.read_text(encoding="utf-8"))
    Rule.objects.bulk_create(Rule(position=10 * place, **rule) for place, rule in enumerate(rules, start=1))


class Migration(migrations.Migration):
    dependencies = [("tickets", "0003_cycle_start")]
    operations = [migrations.RunPython(create, migrations.RunPython.noop)]
