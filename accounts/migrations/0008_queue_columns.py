"""Columns of the queue are kept per person, and leads share views of it with their teams."""

import django.contrib.postgres.fields
from django.db import migrations, models


def give(apps, schema_editor):
    for role in apps.get_model("accounts", "Role").objects.filter(code__in=["lead", "administrator"]):
        role.permissions = sorted({*role.permissions, "view.share"})
        role.save(update_fields=["permissions"])


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0007_incident_tell"),
    ]

    operations = [
        migrations.AddField(
            model_name="user",
            name="queue_columns",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.CharField(max_length=20),
                blank=True,
                default=list,
                help_text="None: those that everybody has at first.",
                size=None,
                verbose_name="columns of the queue",
            ),
        ),
        migrations.RunPython(give, migrations.RunPython.noop),
    ]
