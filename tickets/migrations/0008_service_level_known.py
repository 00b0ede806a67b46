"""Service levels that no organization has: such a raise never happened. What can be guessed stays, switched off."""

from django.db import migrations, models

_LEVELS = ("standard", "key_account")


def mend(apps, schema_editor):
    Raise = apps.get_model("tickets", "SeverityRaise")
    for row in Raise.objects.exclude(service_level__in=_LEVELS):
        meant = row.service_level.strip().lower().replace(" ", "_").replace("-", "_")
        taken = Raise.objects.filter(service_level=meant, from_severity=row.from_severity).exists()
        if meant not in _LEVELS or taken:
            row.delete()  # the record of configuration keeps it
        else:
            row.service_level, row.is_active = meant, False
            row.save(update_fields=["service_level", "is_active"])


class Migration(migrations.Migration):
    dependencies = [
        ("tickets", "0007_field_names"),
    ]

    operations = [
        migrations.RunPython(mend, migrations.RunPython.noop),
        migrations.AlterField(
            model_name="severityraise",
            name="service_level",
            field=models.CharField(
                choices=[("standard", "standard"), ("key_account", "key account")],
                max_length=20,
                verbose_name="service level",
            ),
        ),
        migrations.AlterField(
            model_name="severityraiseevent",
            name="service_level",
            field=models.CharField(
                choices=[("standard", "standard"), ("key_account", "key account")],
                max_length=20,
                verbose_name="service level",
            ),
        ),
        migrations.AddConstraint(
            model_name="severityraise",
            constraint=models.CheckConstraint(
                condition=models.Q(("service_level__in", ["standard", "key_account"])), name="severityraise_level_known"
            ),
        ),
    ]
