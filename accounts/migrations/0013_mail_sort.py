"""Leads sort the mails of their teams' mailboxes; administrators may do everything."""

from django.db import migrations


def give(apps, schema_editor):
    for role in apps.get_model("accounts", "Role").objects.filter(code__in=["lead", "administrator"]):
        if "mail.sort" not in role.permissions:
            role.permissions = sorted({*role.permissions, "mail.sort"})
            role.save(update_fields=["permissions"])


class Migration(migrations.Migration):
    dependencies = [("accounts", "0012_phone_digits")]
    operations = [migrations.RunPython(give, migrations.RunPython.noop)]
