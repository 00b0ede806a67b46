"""Leads tell customers about known incidents; administrators may do everything."""

from django.db import migrations


def give(apps, schema_editor):
    for role in apps.get_model("accounts", "Role").objects.filter(code__in=["lead", "administrator"]):
        if "incident.tell" not in role.permissions:
            role.permissions = sorted({*role.permissions, "incident.tell"})
            role.save(update_fields=["permissions"])


class Migration(migrations.Migration):
    dependencies = [("accounts", "0006_quiet_hours")]
    operations = [migrations.RunPython(give, migrations.RunPython.noop)]
