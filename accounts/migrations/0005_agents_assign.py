"""Agents give tickets to colleagues; the right to do so now has its own code, which an administrator may take away."""

from django.db import migrations


def give(apps, schema_editor):
    agent = apps.get_model("accounts", "Role").objects.filter(code="agent").first()
    if agent and "ticket.assign" not in agent.permissions:
        agent.permissions = sorted({*agent.permissions, "ticket.assign"})
        agent.save(update_fields=["permissions"])


class Migration(migrations.Migration):
    dependencies = [("accounts", "0004_field_names")]
    operations = [migrations.RunPython(give, migrations.RunPython.noop)]
