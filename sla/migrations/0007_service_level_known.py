"""Service levels that no organization has: such a policy never matched. It stays, switched off, for whoever typed it."""

from django.db import migrations, models

_LEVELS = ("standard", "key_account")


def mend(apps, schema_editor):
    for policy in apps.get_model("sla", "Policy").objects.exclude(service_level__in=["", *_LEVELS]):
        meant = policy.service_level.strip().lower().replace(" ", "_").replace("-", "_")
        if meant not in _LEVELS:
            policy.name = f"{policy.name[:80]} (service level “{policy.service_level}” is unknown)"
        # Off, because empty means every customer, and because it has had no effect so far.
        policy.service_level, policy.is_active = meant if meant in _LEVELS else "", False
        policy.save(update_fields=["name", "service_level", "is_active"])


class Migration(migrations.Migration):
    dependencies = [
        ("sla", "0006_field_names"),
    ]

    operations = [
        migrations.RunPython(mend, migrations.RunPython.noop),
        migrations.AlterField(
            model_name="policy",
            name="service_level",
            field=models.CharField(
                blank=True,
                choices=[("standard", "standard"), ("key_account", "key account")],
                max_length=20,
                verbose_name="service level",
            ),
        ),
        migrations.AlterField(
            model_name="policyevent",
            name="service_level",
            field=models.CharField(
                blank=True,
                choices=[("standard", "standard"), ("key_account", "key account")],
                max_length=20,
                verbose_name="service level",
            ),
        ),
        migrations.AddConstraint(
            model_name="policy",
            constraint=models.CheckConstraint(
                condition=models.Q(("service_level__in", ["", "standard", "key_account"])),
                name="policy_service_level_known",
            ),
        ),
    ]
